"""What is ignored belongs to the code: to ignore more, or less, makes results stale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, grid, use
from expcache._record import check

CALLS: list[Any] = []


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[Store]:
    """Give every test a store of its own, and count calls anew."""
    CALLS.clear()
    with use(tmp_path / "store") as opened:
        yield opened
    opened.close()


def made(**options: Any) -> Any:
    """Return an experiment whose code is the same whatever it ignores."""

    @experiment(**{"name": "fit", **options})
    def fit(x: int, n: int = 1, *, verbose: bool = False) -> tuple[int, int]:
        CALLS.append((x, n, verbose))
        return x, n

    return fit


POLICIES: list[dict[str, Any]] = [{}, {"version": "1"}, {"code": "ignore"}]


@pytest.mark.parametrize("policy", POLICIES)
def test_what_was_ignored_is_not_served_when_it_counts(policy: dict[str, Any]) -> None:
    """A result of an ignored value is stale once the parameter counts, and its record stays."""
    made(ignore=["n"], **policy)(2, n=5)
    plain = made(**policy)
    assert plain.find(2).status == "stale"
    assert plain.sweep(grid(x=[2])).plan().counts["stale"] == 1
    with use(stale="reuse"):
        assert plain(2) == (2, 1)
    assert made(ignore=["n"], **policy).run(2, n=7).result == (2, 5)
    assert CALLS == [(2, 5, False), (2, 1, False)]


@pytest.mark.parametrize("policy", POLICIES)
def test_what_was_ignored_is_accepted_for_the_same_value_only(policy: dict[str, Any]) -> None:
    """Of the results of ignored values only those of the present default can be accepted."""
    ignoring, plain = made(ignore=["n"], **policy), made(**policy)
    ignoring(2, n=5)
    ignoring(3, n=1)
    acceptance = plain.accept()
    assert acceptance.ids == [plain.id(3)]
    assert [one.id for one in acceptance.skipped] == [plain.id(2)]
    assert plain(3) == (3, 1)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_same_ignored_names_serve_every_value(policy: dict[str, Any]) -> None:
    """With the same names, however they are written, a hit serves whatever the values are."""
    made(ignore=["n", "verbose"], **policy)(2, n=5)
    assert made(ignore=("verbose", "n"), **policy)(2, n=6, verbose=True) == (2, 5)
    assert len(CALLS) == 1


def test_ignoring_what_has_no_default_changes_no_code() -> None:
    """An ignored parameter without a default is told by the id, not by the code."""

    def fit(x: int, n: int) -> int:
        return x * n

    plain, ignoring = experiment(fit), experiment(ignore=["n"])(fit)
    assert plain.code == ignoring.code
    assert plain.id(1, 2) != ignoring.id(1, 2)


def test_an_explanation_tells_what_was_ignored() -> None:
    """A change of what is ignored is told as such."""
    made(ignore=["n"])(2)
    ignored = f"ignore= of test_ignored.{made.__name__}.<locals>.fit"
    assert made().explain(2).reason == f"{ignored} is gone"
    assert str(made(ignore=["n", "verbose"]).explain(2)).splitlines()[2] == (
        f"  {ignored} changed: n -> n, verbose"
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_an_edited_key_function_makes_results_stale(policy: dict[str, Any]) -> None:
    """What tells which runs are the same is followed as code, whoever answers for the rest."""

    def keyed(key: Callable[..., Any]) -> Any:
        @experiment(name="keyed", key=key, **policy)
        def fit(x: int) -> int:
            return x

        return fit

    tens = keyed(lambda x: {"x": x // 10})
    assert tens(11) == 11
    assert tens(12) == 11
    assert keyed(lambda x: {"x": x // 100}).find(111).status == "stale"


def test_a_record_of_other_params_is_put_aside(store: Store) -> None:
    """What lies under the key of other params is kept when those are computed."""
    fit, other = made(), made(name="other")
    fit(1, 1)
    other(1, 7)
    (key,) = store.keys("fit", fit.id(1))
    envelope = store.get("other", f"{other.id(1, 7)}-{other.code}")
    assert envelope is not None
    store.put("fit", key, lambda _: envelope, replace=True).wait()
    with pytest.warns(errors.RecordWarning, match="its params are not those of this run"):
        assert fit.run(1).result == (1, 1)
    assert fit.run(1).cached
    aside = [one for one in store.keys("fit", fit.id(1)) if one != key]
    assert len(aside) == 1
    assert fit.find(1).result == (1, 1)
    for one in aside:
        check(store.get("fit", one) or b"")
