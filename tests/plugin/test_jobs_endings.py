"""However a session of pytest ends while its workers compute, nothing is lost and nothing left."""

from __future__ import annotations

import os
import signal
import termios
import threading
from pathlib import Path

import pytest

from marked import Marked, lines, until
from plugin_project import plugin_arguments

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

ALL = "EXPCACHE_ROUNDS" in os.environ
POINTS = 12
QUICK = 10
SECONDS = 30.0

STUDY = """
    import os, re, subprocess
    from pathlib import Path
    from expcache import experiment, zipped

    FOLDER = Path(os.environ["FOLDER"])

    @experiment(name="point", version=1)
    def point(x, how):
        with open(FOLDER / "calls", "a") as calls:
            calls.write(f"{x}\\n")
        if how == "quick" or (FOLDER / "go").exists():
            return x * x
        (FOLDER / f"begun-{x}").touch()
        if how == "lock":  # C code that holds the interpreter lock
            re.match(r"(a+)+$", "a" * 60 + "b")
        else:
            subprocess.run(["sleep", "1000"])

    sweep_point = point.sweep(zipped(x=range(12), how=["quick"] * 10 + ["lock", "child"]))

    @sweep_point.check
    def test_point(run):
        with open(FOLDER / "acknowledged", "a") as acknowledged:
            acknowledged.write(f"{run.id}\\n")
        assert run.result == run.params["x"] ** 2
"""

TEST = ["-m", "pytest", *plugin_arguments(), "-p", "no:cacheprovider", "--sweep-jobs=2"]
ENDS = [
    ("^C", 2, "auto", "prepend"),
    ("^C", 2, "spawn", "importlib"),
    ("SIGINT", 2, "fork", "importlib"),
    ("SIGTERM", -signal.SIGTERM, "auto", "importlib"),
    ("SIGHUP", -signal.SIGHUP, "auto", "prepend"),
    ("SIGKILL", -signal.SIGKILL, "auto", "prepend"),
    ("SIGKILL", -signal.SIGKILL, "fork", "prepend"),
]


@pytest.fixture
def session(marked: Marked) -> Marked:
    """A project with a test module whose last two points end only if told."""
    marked.write("test_study.py", STUDY)
    return marked


def computing(session: Marked) -> bool:
    """Wait until all that is quick is stored and tested, and the rest has begun."""
    folder = session.folder
    return until(
        lambda: (
            len(list(folder.glob("begun-*"))) == POINTS - QUICK
            and len(lines(folder / "acknowledged")) == QUICK
        )
    )


def drain(terminal: int, printed: list[bytes]) -> None:
    """Read what a program prints, so that it need not wait."""
    try:
        while text := os.read(terminal, 1 << 16):
            printed.append(text)
    except OSError:
        return


@pytest.mark.parametrize(("how", "status", "method", "mode"), ENDS if ALL else ENDS[::3])
def test_a_session_leaves_nothing(
    session: Marked, how: str, status: int, method: str, mode: str
) -> None:
    """Its processes and files end with the session, what was tested is stored, the rest is left."""
    test = [*TEST, f"--import-mode={mode}"]
    test += [] if method == "auto" else [f"--sweep-start-method={method}"]
    process, ours = session.on_terminal(*test, "test_study.py", env={"TERM": "xterm"})
    reader = threading.Thread(target=drain, args=(ours, session.printed))
    reader.start()
    before = termios.tcgetattr(session.device)
    assert computing(session), b"".join(session.printed).decode()
    if how == "^C":
        os.write(ours, b"\x03")
    else:
        process.send_signal(getattr(signal, how))
    assert until(lambda: not session.living(), SECONDS), session.living()
    assert process.wait() == status
    assert until(lambda: not session.left(), SECONDS), session.left()
    assert termios.tcgetattr(session.device) == before
    os.close(session.device)
    reader.join()
    os.close(ours)
    session.check("acknowledged")
    (session.folder / "calls").rename(session.folder / "earlier")
    (session.folder / "go").touch()
    session.run(*test, "test_study.py")
    assert sorted(map(int, lines(session.folder / "calls"))) == [10, 11]
