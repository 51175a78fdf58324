"""However it comes: no program outlives the process that has started it, or is started twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from expcache import load, use
from marked import Marked, lines, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

SECONDS = 90.0
STUDY = """
    import os, sys
    from expcache import command

    # It leaves a child in its group, and one that has left it.
    LINE = '''
    echo {x} >> "$FOLDER/calls"
    test -e "$FOLDER/go" && exit 0
    echo printed
    sleep 1000 &
    setsid sleep 1000 &
    touch "$FOLDER/begun-{x}"
    wait
    '''
    slow = command(LINE, shell=True, name="slow")
    sweep_slow = slow.sweep([{"x": 1}, {"x": 2}])

    if __name__ == "__main__":
        timeout = float(sys.argv[2]) if len(sys.argv) > 2 else None
        for run in sweep_slow.run(jobs=int(sys.argv[1]), timeout=timeout):
            print(run.id, run.status, [record["message"] for record in run.logs])
"""


@pytest.fixture
def project(marked: Marked) -> Marked:
    """A project of two programs that end only if told."""
    marked.write("study.py", STUDY)
    return marked


def begun(project: Marked, count: int) -> None:
    """Wait until so many programs have begun."""
    assert until(lambda: len(list(project.folder.glob("begun-*"))) == count), project.living()


def finish(project: Marked, jobs: int) -> list[str]:
    """Run the sweep to its end; return what it says."""
    (project.folder / "go").touch()
    return project.run("study.py", jobs).splitlines()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_programs_end_with_the_process(project: Marked, jobs: int, how: str) -> None:
    """An interrupted or killed sweep leaves no process, and its runs are missing."""
    process = project.start("study.py", jobs)
    begun(project, jobs)
    process.send_signal(getattr(signal, how))
    assert until(lambda: not project.living(), SECONDS), project.living()
    assert process.wait() == -getattr(signal, how)
    said = finish(project, jobs)
    assert [line.split()[1:] for line in said] == [["done", "[]"]] * 2
    with use(project.folder / "store") as store:
        assert store.verify(remove_orphans=True, age=-1).sound
        assert len(store.verify().orphans) == 0
    store.close()


def test_programs_end_with_their_worker(project: Marked) -> None:
    """A worker that is killed takes its program along, and its run fails with what it wrote."""
    process = project.start("study.py", 2)
    begun(project, 2)
    workers = [pid for pid, line in project.living().items() if "forkserver" in line]
    for line in lines(project.folder / "calls"):
        assert line in ("1", "2")
    children = [pid for pid in workers if _parent(pid) in workers]
    assert len(children) == 2
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    assert process.wait(60) == 0
    assert until(lambda: not project.living(), SECONDS), project.living()
    with use(project.folder / "store") as store:
        (name,) = store.experiments()
        runs = [load(key.partition("-")[0]) for key in store.keys(name) if key.endswith("!")]
        assert len(runs) == 2
        for run in runs:
            assert run.error is not None
            assert "its process was killed (SIGKILL)" in run.error.message
            assert run.files["stdout.txt"].read_text() == "printed\n"
    store.close()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_program_ends_at_its_time_limit(project: Marked, jobs: int) -> None:
    """The run fails, with what its program wrote; the program is gone when that is told."""
    said = project.run("study.py", jobs, 1.0)
    assert [line.split()[1] for line in said.splitlines()] == ["failed"] * 2
    assert until(lambda: not project.living(), SECONDS), project.living()
    with use(project.folder / "store") as store:
        run = load(said.split()[0])
        assert run.error is not None
        assert "it took longer than its time limit of 1 s" in run.error.message
        assert run.files["stdout.txt"].read_text() == "printed\n"
        assert store.verify().orphans == ()
    store.close()


def test_a_program_that_outlived_everything_is_ended_by_the_next_attempt(project: Marked) -> None:
    """It holds the lock of its directory, so that it is found, ended, and told of."""
    process = project.start("study.py", 1)
    begun(project, 1)
    for pid, line in project.living().items():
        if "study.py" in line or "_watch.py" in line:
            os.kill(pid, signal.SIGSTOP)
    for pid, line in project.living().items():
        if "study.py" in line or "_watch.py" in line:
            os.kill(pid, signal.SIGKILL)
    process.wait()
    assert until(lambda: len(project.living()) == 3, SECONDS), project.living()
    left = project.living()
    said = finish(project, 1)
    assert all(f"ended process {pid}, which an earlier attempt" in said[0] for pid in left)
    assert until(lambda: not project.living(), SECONDS), project.living()


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
