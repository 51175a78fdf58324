"""Bad input gets a clear error and loses nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, grid, load, use

pytestmark = pytest.mark.usefixtures("isolated")


def make_fit() -> tuple[Any, list[int]]:
    """Return an experiment and the list of its calls."""
    calls: list[int] = []

    @experiment(name="fit", version="1")
    def fit(x: int) -> dict[str, int]:
        calls.append(x)
        return {"x": x}

    return fit, calls


def change_record(store: Store, change: Callable[[bytes], bytes]) -> None:
    """Rewrite every record of a store on disk behind its back."""
    for database in Path(store.path).rglob("cache.db"):
        with sqlite3.connect(database) as connection:
            rows = connection.execute("SELECT rowid, key, value FROM Cache").fetchall()
            for rowid, key, value in rows:
                if len(str(key)) == 65:
                    connection.execute(
                        "UPDATE Cache SET value = ? WHERE rowid = ?", (change(value), rowid)
                    )
        connection.close()


def flip(envelope: bytes) -> bytes:
    """Flip one bit in the middle."""
    middle = len(envelope) // 2
    return envelope[:middle] + bytes([envelope[middle] ^ 1]) + envelope[middle + 1 :]


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "flipped": (flip, "it is damaged (its checksum is another)"),
    "truncated": (lambda envelope: envelope[:-20], "it is truncated to"),
    "foreign": (lambda _: b"x" * 200, "it is no record of expcache"),
    "empty": (lambda _: b"", "it is empty"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_record_is_computed_again_with_a_warning(isolated: Store, kind: str) -> None:
    """A call, a run and a sweep warn of the record by its id, and give the right result."""
    change, reason = DAMAGE[kind]
    fit, calls = make_fit()
    uses: list[Callable[[], Any]] = [
        lambda: fit(1),
        lambda: fit.run(1).result,
        lambda: fit.sweep(grid(x=[1])).run().results[0],
    ]
    for use_it in uses:
        calls.clear()
        fit(1)
        change_record(isolated, change)
        with pytest.warns(errors.RecordWarning) as caught:
            assert use_it() == {"x": 1}
        text = str(caught[0].message)
        assert text.startswith(f"cannot read the record of run {fit.id(1)}: cannot read a record:")
        assert reason in text
        assert text.endswith("It is computed again.")
        assert caught[0].filename == __file__
        assert calls[-1:] == [1]
        assert fit(1) == {"x": 1}


def test_a_damaged_record_cannot_be_loaded(isolated: Store) -> None:
    """Loading by id never gives wrong data; the error names the run."""
    fit, _ = make_fit()
    fit(1)
    change_record(isolated, flip)
    with pytest.raises(errors.RecordError, match=f"cannot load the result of run {fit.id(1)}: "):
        _ = load(fit.id(1)).result


def test_a_record_of_a_newer_format_is_neither_read_nor_replaced(isolated: Store) -> None:
    """What a newer version wrote is an error with the remedy, and stays as it is."""
    fit, calls = make_fit()
    fit(1)
    change_record(isolated, lambda e: e[:8] + (99).to_bytes(2, "big") + e[10:])
    uses: list[Callable[[], Any]] = [lambda: fit(1), lambda: fit.sweep(grid(x=[1])).run()]
    for use_it in uses:
        with pytest.raises(errors.RecordFormatError, match=r"has format .* Upgrade expcache\."):
            use_it()
    assert calls == [1]


def test_a_missing_part_is_computed_again(isolated: Store) -> None:
    """When the file of a large array is gone, the run is a miss with a warning."""
    np = pytest.importorskip("numpy")
    calls: list[int] = []

    @experiment(name="large", version="1")
    def large(x: int) -> Any:
        calls.append(x)
        return np.arange(300_000, dtype=float) + x

    large(1)
    (part,) = (p for p in Path(isolated.path).rglob("parts/*/*") if p.is_file())
    part.unlink()
    with pytest.warns(errors.RecordWarning, match="cannot read the record of run"):
        assert large.sweep(grid(x=[1])).run()[0].result[0] == 1
    assert calls == [1, 1]


def test_a_value_without_identity_names_its_path() -> None:
    """Locks, files and cycles are refused before the function runs."""
    calls: list[Any] = []

    @experiment
    def fit(x: Any) -> None:
        calls.append(x)

    cycle: list[Any] = []
    cycle.append(cycle)
    for value, where in (
        ({"a": [threading.Lock()]}, r"params\['x'\]\['a'\]\[0\]"),
        (cycle, r"params\['x'\]"),
        (object(), r"params\['x'\]"),
        (iter([1]), r"params\['x'\]"),
    ):
        with pytest.raises(errors.IdentityError, match=f"cannot identify {where}"):
            fit(value)
    with (
        Path(__file__).open(encoding="utf-8") as file,
        pytest.raises(errors.IdentityError, match=r"params\['x'\]"),
    ):
        fit(file)
    assert calls == []


def test_a_function_without_source_is_refused(tmp_path: Path) -> None:
    """Code that was made from text has no source: the error says to use a file or a version."""
    script = textwrap.dedent(
        """
        import expcache
        exec("def f(x): return x")
        try:
            expcache.experiment(f)
        except expcache.errors.CodeError as error:
            print(error)
        @expcache.experiment(version="1")
        def g(x): return x
        print(g(3), g.name)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    refusal, result = done.stdout.splitlines()
    assert refusal == (
        "cannot fingerprint 'f': its source is not available."
        ' Define it in a file, or pass version="1".'
    )
    assert result == "3 notebook.g"


def test_two_files_cannot_share_a_name(tmp_path: Path) -> None:
    """Functions of one name from two files in one store are an error that names both files."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "study.py").write_text(
            f"from expcache import experiment\n@experiment\ndef fit(x):\n    return {folder!r}\n",
            encoding="utf-8",
        )
    code = "import expcache, study; expcache.use({!r}); print(study.fit(1))"
    results = [
        subprocess.run(
            [sys.executable, "-c", code.format(str(tmp_path / "store"))],
            cwd=tmp_path / folder,
            capture_output=True,
            text=True,
            check=False,
        )
        for folder in ("a", "b")
    ]
    assert results[0].stdout == "a\n"
    assert results[1].returncode != 0
    assert (
        f"cannot use the name 'study.fit' for {tmp_path / 'b' / 'study.py'}:"
        f" {tmp_path / 'a' / 'study.py'} already uses it in this store."
    ) in results[1].stderr


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_store_of_another_user_is_read_but_not_written(isolated: Store) -> None:
    """Results load from it; what is computed is returned with a warning, and not kept."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    fit, calls = make_fit()
    fit(1)
    isolated.close()
    os.chown(isolated.path, 12345, -1)
    code = textwrap.dedent(
        f"""
        import warnings, expcache
        expcache.use({isolated.path!r})
        @expcache.experiment(name="fit", version="1")
        def fit(x): return {{"x": x}}
        print(fit(1))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print(fit(2))
        print(caught[0].message)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert done[:2] == ["{'x': 1}", "{'x': 2}"]
    assert "it belongs to another user (uid 12345). Load from it, or use a store" in done[2]
    assert done[2].endswith("The result is returned all the same.")
    assert calls == [1]


def test_a_store_of_another_version_is_refused(isolated: Store) -> None:
    """A store with a newer format is neither read nor written."""
    fit, calls = make_fit()
    fit(1)
    isolated.close()
    path = Path(isolated.path)
    (path / "format.json").write_text('{"format": 99}', encoding="utf-8")
    code = f"import expcache; expcache.use({str(path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "StoreFormatError" in done.stderr
    assert calls == [1]


def test_a_sweep_without_a_store_to_be_had_computes_nothing(tmp_path: Path) -> None:
    """Where the store cannot be made, a sweep says so before it computes its points."""
    fit, calls = make_fit()
    (tmp_path / "file").touch()
    with (
        use(tmp_path / "file" / "store"),
        pytest.raises(errors.StoreError, match=r"cannot create the store .* expcache\.use\(path\)"),
    ):
        fit.sweep(grid(x=[1, 2])).run()
    assert calls == []


def test_a_file_in_the_place_of_the_store_is_refused(tmp_path: Path) -> None:
    """A path that is a file cannot be a store."""
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(errors.StoreError, match=r"cannot use .* as a store: it is a file\. Name a"):
        use(path)


def test_code_that_is_pickled_by_value_is_not_run_from_an_untrusted_store(isolated: Store) -> None:
    """A pickled result is refused with `trust=False` and given with `trust=True`."""

    class Local:
        """A class that only this test knows."""

        def __init__(self) -> None:
            self.x = 1

    @experiment(name="make", version="1")
    def make() -> Local:
        return Local()

    make()
    with pytest.raises(errors.TrustError, match=r"it is pickled .* Pass trust=True if you trust"):
        _ = load(make.id(), trust=False).result
    assert load(make.id(), trust=True).result.x == 1
    assert load(make.id()).result.x == 1
    assert isolated.trusted
