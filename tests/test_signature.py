"""Arguments are bound to parameters as Python itself binds them, with errors for people."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache._signature import Signature
from expcache.errors import ParameterError


def plain(a: Any, b: Any = 2, *, c: Any = 3) -> Any:
    """Give the arguments back."""
    return a, b, c


def everything(a: Any, /, b: Any, *rest: Any, c: Any = 3, **more: Any) -> Any:
    """Give the arguments of every kind back."""
    return a, b, rest, c, more


values = st.integers()


@given(st.lists(values, max_size=4), st.dictionaries(st.sampled_from("abcde"), values))
def test_binding_agrees_with_python(args: list[int], kwargs: dict[str, int]) -> None:
    """Every call that Python accepts binds to the same values, and every other one is refused."""
    for function in (plain, everything):
        signature = Signature(function, "e")
        try:
            given_to_it = function(*args, **kwargs)
        except TypeError:
            with pytest.raises(ParameterError, match=r"^cannot call 'e'"):
                signature.bind(tuple(args), kwargs)
            continue
        names = inspect.signature(function).parameters
        assert signature.bind(tuple(args), kwargs) == dict(zip(names, given_to_it, strict=True))


@given(st.lists(values, min_size=2, max_size=4), st.dictionaries(st.sampled_from("cde"), values))
def test_call_gives_every_parameter_back_as_it_came(
    args: list[int], kwargs: dict[str, int]
) -> None:
    """Calling with bound params is the same as calling with the arguments."""
    signature = Signature(everything, "e")
    params = signature.bind(tuple(args), kwargs)
    assert signature.call(everything, params) == everything(*args, **kwargs)


def test_unknown_parameter_is_named_with_a_suggestion() -> None:
    """A misspelt parameter is refused with the nearest known one and the full list."""

    def fit(gamma: float, folds: int = 5) -> None: ...

    with pytest.raises(ParameterError) as caught:
        Signature(fit, "study.fit").bind((), {"gama": 1})
    assert str(caught.value) == (
        "cannot call 'study.fit': it has no parameter 'gama'. Did you mean 'gamma'?"
        " Its parameters: gamma, folds."
    )
    assert caught.value.names == ("gama",)


def test_missing_parameter_is_named_with_a_remedy() -> None:
    """A parameter without value and default is refused by name."""

    def fit(gamma: float, C: float, folds: int = 5) -> None: ...  # noqa: N803

    with pytest.raises(ParameterError) as caught:
        Signature(fit, "study.fit").bind((), {"gamma": 1})
    assert str(caught.value) == (
        "cannot call 'study.fit': no value for 'C'."
        " Give it in the call or in the space, or give the function a default."
    )


def test_too_many_values_and_values_given_twice_are_refused() -> None:
    """A value too many or one given twice says so."""
    signature = Signature(plain, "e")
    with pytest.raises(ParameterError, match=r"takes 2 values by position, not 3\. Its parameters"):
        signature.bind((1, 2, 3), {})
    with pytest.raises(ParameterError, match=r"'a' is given twice\."):
        signature.bind((1,), {"a": 2})


def test_a_decorated_function_shows_the_parameters_of_the_inner_one() -> None:
    """`functools.wraps` hides the wrapper's own parameters, as for `inspect.signature`."""

    @functools.wraps(plain)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return plain(*args, **kwargs)

    assert Signature(wrapper, "e").names == ("a", "b", "c")


def test_what_is_no_function_is_refused() -> None:
    """A builtin has no readable parameters."""
    with pytest.raises(ParameterError, match=r"it is no Python function. Decorate a function."):
        Signature(len, "e")


def test_a_point_spreads_over_starred_parameters() -> None:
    """A point names starred parameters by their names, since it has no positions."""
    signature = Signature(everything, "e")
    point = {"a": 1, "b": 2, "rest": [3, 4], "more": {"d": 5}}
    assert signature.point(point, {}) == {"a": 1, "b": 2, "rest": (3, 4), "c": 3, "more": {"d": 5}}
