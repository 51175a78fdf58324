"""Each run has a directory of its own for its files, which its record keeps."""

from __future__ import annotations

import asyncio
import contextvars
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, current_run, errors, experiment, load
from expcache._directory import RUNNING, Private, handed_on, is_live
from marked import Marked

pytestmark = pytest.mark.usefixtures("isolated")


@experiment(name="writes")
def writes(x: int, how: str = "file") -> int:
    """Write a file, or do what the word says."""
    run = current_run()
    if how == "none":
        return x
    place = run.directory
    if how != "empty":
        (place / "sub").mkdir()
        (place / "sub" / "x.txt").write_text(str(x))
        (place / "a.txt").write_text("a")
    if how == "fail":
        raise ValueError(x)
    if how == "exit":
        os._exit(3)
    return x


def place_of(store: Store, name: str = "writes") -> Path:
    """Return where the directories of an experiment lie."""
    return Path(store.files_directory(name) or "")


@pytest.mark.parametrize("jobs", [1, 2])
def test_files_of_a_run_are_there_by_name(jobs: int) -> None:
    """`Run.files` gives the files below `Run.directory` by their relative names, sorted."""
    for run in writes.sweep([{"x": 1}, {"x": 2}]).run(jobs=jobs):
        assert run.directory is not None
        assert list(run.files) == ["a.txt", "sub/x.txt"]
        assert run.files["sub/x.txt"] == run.directory / "sub" / "x.txt"
        assert run.files["sub/x.txt"].read_text() == str(run.params["x"])


@pytest.mark.parametrize("how", ["none", "empty"])
def test_a_run_without_files_has_no_directory(how: str, isolated: Store) -> None:
    """A directory is made when it is asked for, and an empty one does not stay."""
    run = writes.run(1, how)
    assert (run.directory, run.files) == (None, {})
    place = place_of(isolated)
    assert not [path for path in place.rglob("*") if path.name != RUNNING]


@pytest.mark.parametrize(("how", "jobs"), [("fail", 1), ("fail", 2), ("exit", 2)])
def test_a_failed_run_keeps_its_files(how: str, jobs: int) -> None:
    """What a run wrote before it failed, or ended its process, stays for a look."""
    (run,) = writes.sweep([{"x": 1, "how": how}]).run(jobs=jobs)
    assert run.status == "failed"
    assert list(run.files) == ["a.txt", "sub/x.txt"]


def test_every_attempt_keeps_its_files(isolated: Store) -> None:
    """A record names the directories of earlier attempts, so that none of them is an orphan."""
    run = writes.run(1, "fail").compute()
    names = [attempt["directory"] for attempt in run.attempts]
    assert len(set(names)) == 2
    assert run.directory == place_of(isolated) / names[-1]
    report = isolated.verify()
    assert (report.sound, report.orphans) == (True, ())


def test_a_refresh_alters_no_acknowledged_file(isolated: Store) -> None:
    """A run that is computed again gets a new directory; the old one is an orphan by then."""
    old = writes.run(1).directory
    new = writes.run(1).compute(refresh=True).directory
    assert old is not None
    assert old != new
    assert (old / "a.txt").read_text() == "a"
    assert [orphan.path for orphan in isolated.verify().orphans] == [str(old)]
    assert isolated.verify(remove_orphans=True, age=-1).removed == (str(old),)
    assert not old.exists()


def test_a_loaded_run_has_its_files(isolated: Store) -> None:
    """Directory and files are read from the record, without the code."""
    run = load(writes.run(7).id, store=isolated.path)
    assert run.files["sub/x.txt"].read_text() == "7"


def test_deleting_a_record_deletes_its_directory(isolated: Store) -> None:
    """The directories that no other record of the run keeps go with it."""
    kept, run = writes.run(1).directory, writes.run(2)
    isolated.delete("writes", f"{run.id}-{run.code}").wait()
    assert [path for path in place_of(isolated).iterdir() if path.name != RUNNING] == [kept]


def test_a_directory_that_is_gone_is_missing(isolated: Store) -> None:
    """`verify` tells of a record whose directory somebody removed."""
    run = writes.run(1)
    assert run.directory is not None
    run.directory.rename(place_of(isolated).parent / "elsewhere")
    (damage,) = isolated.verify().missing
    assert damage.key == f"{run.id}-{run.code}"
    assert "its directory is gone" in damage.reason
    assert run.files == {}


IN_MEMORY = """
    import expcache

    @expcache.experiment(name="kept", save=False)
    def kept(x):
        (expcache.current_run().directory / "x.txt").write_text(str(x))

    if __name__ == "__main__":
        expcache.use(":memory:")
        for jobs in (1, 2):
            for run in kept.sweep([{"x": jobs}]).run(jobs=jobs):
                print(run.files["x.txt"].read_text())
"""


def test_runs_in_memory_keep_their_files(marked: Marked) -> None:
    """A store in memory has a temporary directory, which goes when the program ends."""
    assert marked.run(marked.write("kept.py", IN_MEMORY)) == "1\n2\n"
    assert marked.left() == []


def test_only_a_run_has_a_current_run() -> None:
    """Outside of a run, `current_run` says that there is none."""
    message = "cannot tell the current run: this code is not called by an experiment. Call it"
    with pytest.raises(errors.NoRunError, match=message):
        current_run()


@experiment(name="told")
def told(x: int, by: str = "") -> dict[str, Any]:
    """Return what is told of the current run."""
    run = current_run()
    return {"id": run.id, "params": dict(run.params), "name": run.experiment, "n": run.attempt}


def test_the_current_run_is_the_one_that_is_computed() -> None:
    """Id, params, experiment and attempt are those of the run."""
    run = told.run(3)
    assert run.result == {"id": run.id, "params": {"x": 3, "by": ""}, "name": "told", "n": 1}


@experiment(name="outer")
def outer(x: int) -> list[str]:
    """Return the ids seen around and inside of another run."""
    before = current_run().id
    inner: str = told(x)["id"]
    return [before, inner, current_run().id]


def test_the_current_run_is_the_innermost() -> None:
    """Inside a run that a run calls, it is that one; afterwards the outer one again."""
    assert outer(5) == [outer.id(5), told.id(5), outer.id(5)]


@experiment(name="threads")
def in_threads(n: int) -> list[str]:
    """Return the ids that threads see which the run has started."""
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(lambda _: current_run().id, range(n)))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_thread_belongs_to_the_run_that_started_it(jobs: int) -> None:
    """A thread knows its run where only one goes on in the process."""
    (run,) = in_threads.sweep([{"n": 2}]).run(jobs=jobs)
    assert run.result == [run.id] * 2


def test_a_thread_between_two_runs_is_told_what_to_do() -> None:
    """Where several runs go on, a thread without their context cannot know which is its own."""
    seen: list[Any] = []

    def ask() -> None:
        try:
            seen.append(current_run().id)
        except errors.NoRunError as error:
            seen.append(str(error))

    @experiment(name="inner")
    def inner(x: int) -> None:
        context = contextvars.copy_context()
        for target in (ask, partial(context.run, ask)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()

    @experiment(name="around")
    def around(x: int) -> None:
        inner(x)

    around(1)
    assert "was started by one of several. Start it with contextvars.copy_context" in seen[0]
    assert seen[1] == inner.id(1)


@experiment(name="later")
async def later(x: int) -> str:
    """Write a file after others had their turn."""
    await asyncio.sleep(0)
    (current_run().directory / "x.txt").write_text(str(x))
    await asyncio.sleep(0)
    return current_run().id


def test_coroutines_have_a_run_each() -> None:
    """Runs that take turns in one event loop each have their own directory."""

    async def one(x: int) -> Any:
        await later(x)
        return later.find(x)

    async def both() -> list[Any]:
        return [*await asyncio.gather(one(1), one(2))]

    runs = asyncio.run(both())
    assert [run.result for run in runs] == [run.id for run in runs]
    assert [run.files["x.txt"].read_text() for run in runs] == ["1", "2"]


@experiment(name="logs")
def logs(x: int) -> None:
    """Log a message of level INFO."""
    current_run().log.info("x is %d", x)


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_run_logs_is_kept(jobs: int) -> None:
    """Records of `current_run().log` are in `Run.logs` from level INFO on."""
    (run,) = logs.sweep([{"x": 3}]).run(jobs=jobs)
    assert [(one["message"], one["level"]) for one in run.logs] == [("x is 3", 20)]


def test_a_log_is_kept_of_the_run_that_loads_logging(marked: Marked) -> None:
    """The records of the first run are kept though nothing had imported logging before it."""
    program = """
        import sys
        from expcache import current_run, experiment

        assert "logging" not in sys.modules

        @experiment(name="first")
        def first():
            current_run().log.info("seen")

        print([record["message"] for record in first.run().logs])
    """
    assert marked.run(marked.write("first.py", program)) == "['seen']\n"


def test_a_run_may_remove_its_directory() -> None:
    """Then it has none, and does not fail for that."""

    @experiment(name="tidy")
    def tidy() -> None:
        current_run().directory.rmdir()

    run = tidy.run()
    assert (run.status, run.directory) == ("done", None)


def test_a_directory_of_a_run_that_is_over_is_not_made() -> None:
    """Whoever keeps a current run beyond its end cannot write into it any more."""
    kept = []

    @experiment(name="keeps")
    def keeps() -> None:
        kept.append(current_run())

    keeps()
    with pytest.raises(errors.StoreError, match=r"cannot make a directory for run .* is over"):
        kept[0].directory  # noqa: B018 - asking makes it


def test_an_interrupted_run_leaves_a_private_directory_only(isolated: Store) -> None:
    """What an interrupted run wrote is found by `verify` alone, and goes by age."""

    @experiment(name="stops")
    def stops() -> None:
        (current_run().directory / "part.txt").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stops()
    place = place_of(isolated, "stops")
    assert [path.name for path in place.iterdir()] == [RUNNING]
    (orphan,) = isolated.verify().orphans
    assert orphan.path.startswith(str(place / RUNNING))
    assert isolated.verify(remove_orphans=True).removed == ()
    assert isolated.verify(remove_orphans=True, age=-1).removed == (orphan.path,)


def test_a_live_writer_is_no_orphan(isolated: Store) -> None:
    """Nothing is removed from under a run that goes on, however old it looks."""
    reports = []

    @experiment(name="checks")
    def checks() -> list[str]:
        place = current_run().directory
        (place / "part.txt").write_text("half")
        os.utime(place / "part.txt", (0, 0))
        os.utime(place, (0, 0))
        reports.append(isolated.verify(remove_orphans=True, age=0))
        return sorted(path.name for path in place.iterdir())

    assert checks() == ["part.txt"]
    assert reports[0].orphans == ()


@pytest.mark.skipif(os.name != "posix", reason="needs locks on directories")
def test_a_directory_in_use_is_not_taken(tmp_path: Path) -> None:
    """A second writer of the same run gets a directory of its own, and puts the dead aside."""
    first = Private.make(str(tmp_path), "key")
    second = Private.make(str(tmp_path), "key")
    assert first.path != second.path
    assert is_live(first.path)
    (tmp_path / RUNNING / "key" / "left.txt").write_text("x")
    first.abandon()
    assert not is_live(first.path)
    third = Private.make(str(tmp_path), "key")
    assert third.path == first.path
    assert not any(Path(third.path).iterdir())
    assert len(list((tmp_path / RUNNING).iterdir())) == 3


def test_a_copy_of_a_result_has_files_of_its_own(isolated: Store) -> None:
    """What is migrated keeps its files when the old record is deleted."""

    @experiment(name="before")
    def before(x: int) -> None:
        (current_run().directory / "x.txt").write_text(str(x))

    @experiment(name="after")
    def after(x: int) -> None:
        raise AssertionError

    run = before.run(1)
    assert after.migrate(from_name="before", code=before.code).apply() == 1
    isolated.delete("before", f"{run.id}-{run.code}").wait()
    assert after.run(1).files["x.txt"].read_text() == "1"
    assert isolated.verify().sound


FILES = ("params.txt", "stdout.txt")


def private(place: Path, key: str) -> Private:
    """Make a directory with the files of a program that says and writes nothing."""
    made = Private.make(str(place), key)
    made.stream("stdout.txt")
    Path(made.path, "params.txt").touch(0o600)
    made.may_go(FILES)
    return made


def names_in(path: Path | str) -> list[str]:
    """Return what is in a directory."""
    return sorted(one.name for one in Path(path).iterdir())


def test_a_directory_of_nothing_is_removed(tmp_path: Path) -> None:
    """Files that every program has do not keep a directory that has nothing else."""
    assert private(tmp_path, "key").settle("run") == ""
    assert names_in(tmp_path) == [RUNNING]
    assert names_in(tmp_path / RUNNING) == []


@pytest.mark.skipif(os.name != "posix", reason="needs inodes")
def test_a_directory_of_nothing_is_handed_on(tmp_path: Path) -> None:
    """Within a batch the next run takes it, with its files; after it, none is left."""
    with handed_on():
        first = private(tmp_path, "first")
        inode = Path(first.path).stat().st_ino
        stream = os.fstat(first.stream("stdout.txt")).st_ino
        assert first.settle("first") == ""
        second = Private.make(str(tmp_path), "second")
        assert Path(second.path).stat().st_ino == inode
        assert names_in(tmp_path / RUNNING) == ["second"]
        assert os.fstat(second.stream("stdout.txt")).st_ino == stream
        assert is_live(second.path)
        second.may_go(FILES)
        assert second.settle("second") == ""
    assert names_in(tmp_path / RUNNING) == []


def test_only_a_directory_of_the_same_place_is_taken(tmp_path: Path) -> None:
    """Runs of another experiment, and those of whose path somebody has, make one of their own."""
    with handed_on():
        assert private(tmp_path / "a", "key").settle("run") == ""
        other = Private.make(str(tmp_path / "b"), "key")
        (tmp_path / "a" / RUNNING / "taken").mkdir()
        again = Private.make(str(tmp_path / "a"), "taken")
        assert names_in(other.path) == names_in(again.path) == []
        other.abandon()
        again.abandon()


def _print(path: Path) -> None:
    (path / "stdout.txt").write_text("x")


def _link(path: Path) -> None:
    (path.parent / "linked").hardlink_to(path / "params.txt")


def _lead_away(path: Path) -> None:
    (path / "params.txt").unlink()
    (path / "params.txt").symlink_to("stdout.txt")


@pytest.mark.skipif(os.name != "posix", reason="needs links and modes")
@pytest.mark.parametrize(
    "change",
    [
        _print,
        _link,
        _lead_away,
        lambda path: (path / "more.txt").touch(),
        lambda path: (path / "params.txt").unlink(),
        lambda path: (path / "params.txt").chmod(0o644),
        lambda path: path.chmod(0o755),
    ],
)
def test_a_directory_of_something_stays(tmp_path: Path, change: Any) -> None:
    """What a run has written, removed, linked or opened to others is its own, for good."""
    with handed_on():
        made = private(tmp_path, "key")
        inode = Path(made.path).stat().st_ino
        change(Path(made.path))
        name = made.settle("run")
        assert (tmp_path / name).stat().st_ino == inode
        assert names_in(Private.make(str(tmp_path), "next").path) == []


@pytest.mark.skipif(os.name != "posix", reason="needs locks on directories")
@pytest.mark.parametrize("what", ["the directory", "stdout.txt"])
def test_a_directory_that_somebody_has_open_stays(tmp_path: Path, what: str) -> None:
    """What a program leaves behind, and we do not find, never writes among a later run's files."""
    with handed_on():
        made = private(tmp_path, "key")
        inode = Path(made.path).stat().st_ino
        assert made.lock is not None
        theirs = os.dup(made.lock if what == "the directory" else made.stream(what))
        name = made.settle("run")
        os.close(theirs)
        assert (tmp_path / name).stat().st_ino == inode
        assert names_in(tmp_path / name) == list(FILES)


def test_a_directory_that_its_run_has_removed_is_not_handed_on(tmp_path: Path) -> None:
    """There is nothing to take then, and the next run makes its own."""
    with handed_on():
        made = private(tmp_path, "key")
        shutil.rmtree(made.path)
        assert made.settle("run") == ""
        assert names_in(private(tmp_path, "next").path) == list(FILES)
