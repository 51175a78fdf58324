"""An id depends on the experiment's name and version and on the params, on nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache._key import Key
from expcache.errors import IdentityError, ParameterError

GOLDEN = Path(__file__).parent / "golden" / "ids.json"


def fit(C: Any, gamma: Any = 0.1, folds: Any = 5) -> None:  # noqa: N803
    """Stand for any experiment."""


def id_of(key: Key, *args: Any, **kwargs: Any) -> str:
    """Return the id of a call."""
    return key.identify(key.signature.bind(args, kwargs)).id


def test_golden_ids_are_frozen() -> None:
    """The ids of scheme 1 are what they were when they were written down."""
    for row in json.loads(GOLDEN.read_text(encoding="utf-8")):
        key = Key(fit, row["name"], version=row["version"])
        params = eval(row["params"], {})  # the repository's own table
        assert id_of(key, **params) == row["id"], row


def test_ids_are_equal_under_every_hash_seed() -> None:
    """Sets and dictionaries give one id whatever the seed of text hashes."""
    script = (
        "from expcache._key import Key\n"
        "def f(x, y): ...\n"
        "key = Key(f, 'f')\n"
        "params = {'x': {'b', 'a', 'c'}, 'y': {'k': 1, 'j': frozenset('xyz')}}\n"
        "print(key.identify(params).id)\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(printed) == 1


def test_a_parameter_at_its_default_is_left_out() -> None:
    """Spelling a default out, or adding a parameter with a default, keeps the id."""

    def longer(C: Any, gamma: Any = 0.1, folds: Any = 5, extra: Any = None) -> None:  # noqa: N803
        """Have one parameter more."""

    key, other = Key(fit, "fit"), Key(longer, "fit")
    assert id_of(key, 1) == id_of(key, 1, 0.1, 5) == id_of(other, 1)
    assert id_of(key, 1, 0.2) == id_of(other, 1, 0.2)
    assert id_of(other, 1, extra=1) != id_of(other, 1)
    assert id_of(key, 1, folds=5.0) != id_of(key, 1)


@given(st.dictionaries(st.sampled_from(["C", "gamma", "folds"]), st.integers(), min_size=1))
def test_names_count(params: dict[str, int]) -> None:
    """The same values under other names are another id."""
    key = Key(fit, "fit")
    full = {"C": -1, "gamma": -2, "folds": -3, **params}
    turned = dict(zip(full, [*list(full.values())[1:], full["C"]], strict=True))
    assert (id_of(key, **full) == id_of(key, **turned)) == (full == turned)


def test_name_and_version_count() -> None:
    """Another experiment, or another version of one, has other ids."""
    keys = [Key(fit, "fit"), Key(fit, "other"), Key(fit, "fit", version="1")]
    assert len({id_of(key, 1) for key in keys}) == 3


@pytest.mark.parametrize("own", [partial(max, 1), itemgetter("C"), object()])
def test_a_key_is_a_function(own: Any) -> None:
    """What is no Python function is refused as a key, and not taken for an experiment."""
    with pytest.raises(ParameterError, match=r"^cannot tell the runs of 'fit' by key=.* Give a f"):
        Key(fit, "fit", key=own)


def test_the_preimage_sees_every_hashed_param() -> None:
    """The second digest covers defaults too, so that a record of other params is found out."""

    def changed(C: Any, gamma: Any = 0.2, folds: Any = 5) -> None:  # noqa: N803
        """Have another default."""

    one, two = Key(fit, "fit"), Key(changed, "fit")
    first = one.identify(one.signature.bind((1,), {}))
    second = two.identify(two.signature.bind((1,), {}))
    assert first.id == second.id
    assert first.preimage != second.preimage


def test_a_value_without_identity_is_refused_with_its_path() -> None:
    """The error names the parameter and the way to the leaf."""
    key = Key(fit, "fit")
    with pytest.raises(IdentityError, match=r"cannot identify params\['C'\]\['a'\]\[1\]: a gen"):
        id_of(key, {"a": [0, (i for i in range(3))]})
