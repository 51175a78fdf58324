"""A store written by a released format stays readable for ever."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from expcache import errors, load, use

GOLDEN = Path(__file__).parent / "golden" / "store-1"

PLAIN = "7f3c1c74ed66d943e7f7c5bb4b750c76"
TREE = "ac32aced2b4777345a76e73a993b011f"
LARGE = "830e6656259c23ce76a0fad8d886b99a"
FAILED = "d56efadc82341f169407ef26efa1bba4"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a copy of the store of format 1, private as stores are."""
    path = tmp_path / "store"
    shutil.copytree(GOLDEN, path)
    path.chmod(0o700)
    return path


def test_the_store_of_format_1_is_sound(store: Path) -> None:
    """Every record and part of the committed store is whole."""
    with use(store) as opened:
        report = opened.verify()
    assert report.sound
    assert report.records >= 4
    assert not report.orphans


def test_results_of_format_1_are_what_they_were(store: Path) -> None:
    """Plain, tagged and external results decode to the values that were stored."""
    np = pytest.importorskip("numpy")
    assert load(PLAIN, store=store).result == {"accuracy": 0.75, "n": 3}
    tree = load(TREE, store=store).result
    assert np.array_equal(tree.pop("array"), np.arange(6.0).reshape(2, 3))
    assert tree.pop("nan") != 0
    assert tree == {"pair": (1, 2), "set": {3}, 4: b"bytes"}
    large = load(LARGE, store=store)
    assert (large.result[-1], large.result.shape) == (1.5, (1 << 17,))
    mapped = large.read(mmap=True)
    assert (mapped[-1], mapped.flags.writeable) == (1.5, False)


def test_what_format_1_tells_of_a_run_is_what_it_was(store: Path) -> None:
    """Params, times, host, output, tags, attempts and environment are read from the record."""
    run = load(PLAIN[:8], store=store)
    assert run.params == {"C": 1.5, "gamma": 0.1, "mode": "plain"}
    assert (run.experiment, run.host, run.output) == ("study.fit", "desk", "fitting 1.5\n")
    assert (run.tags, run.environment["python"]) == (("golden",), "3.11.7")
    assert [attempt["outcome"] for attempt in run.attempts] == ["done"]
    assert run.started is not None
    assert run.started.year == 2026


def test_a_failure_of_format_1_is_read(store: Path) -> None:
    """The failed run has its error and no result."""
    run = load(FAILED, store=store)
    assert str(run.error) == "ValueError: no fit"
    with pytest.raises(errors.RunFailedError, match="study"):
        _ = run.result
