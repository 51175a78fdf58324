"""Programs that a test starts, and every process that comes of them, found by a mark."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from expcache import load, use

__all__ = ["MARK", "Marked", "lines", "stop", "until"]

MARK = "EXPCACHE_TEST_MARK"
PATIENCE = 180.0
SOURCES = str(Path(__file__).parent.parent / "src")


class Marked:
    """A folder with programs, their stores, and a mark in the environment of all processes.

    ``spool`` is their directory for temporary files.
    """

    def __init__(self, folder: Path) -> None:
        """Begin with an empty project."""
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.printed: list[bytes] = []
        self._started: list[subprocess.Popen[str]] = []
        (folder / "pyproject.toml").touch()

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    @property
    def environment(self) -> dict[str, str]:
        """What the programs find in their environment."""
        return {
            **os.environ,
            MARK: self.mark,
            "TMPDIR": str(self.spool),
            "EXPCACHE_STORE": str(self.folder / "store"),
            "FOLDER": str(self.folder),
            "PYTHONPATH": SOURCES,
        }

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """Start Python with some arguments, in a session of its own."""
        environment: dict[str, str] = self.environment | options.pop("env", {})
        given: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "cwd": self.folder,
            "start_new_session": True,
            "env": environment,
        }
        command = [sys.executable, *map(str, arguments)]
        process: subprocess.Popen[str] = subprocess.Popen(command, text=True, **given | options)
        self._started.append(process)
        return process

    def run(self, *arguments: object, **options: Any) -> str:
        """Run Python to its orderly end; return what it printed."""
        if "input" in options:
            text = options.pop("input")
            options["stdin"] = subprocess.PIPE
        else:
            text = None
        process = self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        out, complaints = process.communicate(text, timeout=PATIENCE)
        assert process.returncode == 0, complaints
        return str(out)

    def on_terminal(self, *arguments: object, **options: Any) -> tuple[subprocess.Popen[str], int]:
        """Start Python on a terminal of its own; return the other end of the terminal, too."""
        import pty  # noqa: PLC0415 - POSIX only

        ours, device = pty.openpty()
        streams = {"stdin": device, "stdout": device, "stderr": device}
        process = self.start(
            "-c",
            "import os, sys, termios, fcntl; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
            "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])",
            *arguments,
            **streams,
            **options,
        )
        self.device = device
        return process, ours

    def living(self) -> dict[int, str]:
        """Return all processes that were started with the mark, by what they were started as."""
        found = {}
        wanted = f"{MARK}={self.mark}".encode()
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (path / "environ").read_bytes():
                    command = (path / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(path.name)] = command.decode(errors="replace")
            except OSError:  # it has ended meanwhile, or is somebody else's
                continue
        return found

    def left(self) -> list[str]:
        """Return what lies in the directory for temporary files."""
        return sorted(path.name for path in self.spool.iterdir())

    def check(self, *names: str) -> set[str]:
        """Return the runs that were acknowledged, after a look that none of them is lost."""
        acknowledged = {line.split()[0] for name in names for line in lines(self.folder / name)}
        with use(self.folder / "store") as store:
            for run in acknowledged:
                assert load(run).status == "done"
                load(run).result  # noqa: B018 - it is read and checked
            assert store.verify().sound
        store.close()
        return acknowledged

    def end(self) -> None:
        """Kill all that is left."""
        while living := self.living():
            for pid in living:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for process in self._started:
            with process:  # reaped, its streams closed
                pass


def lines(path: Path) -> list[str]:
    """Return the whole lines of a file that somebody may be appending to."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [line[:-1] for line in text.splitlines(keepends=True) if line.endswith("\n")]


def until(fact: Callable[[], Any], seconds: float = PATIENCE) -> bool:
    """Wait for a fact to come true."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def stop(process: subprocess.Popen[str], folder: Path) -> None:
    """Stop a program at a moment when it keeps nobody from writing to a store in *folder*."""
    import fcntl  # noqa: PLC0415 - POSIX only

    def free(path: Path) -> bool:
        with path.open("rb") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def stopped() -> bool:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        if all(map(free, folder.glob("**/*.lock"))):
            return True
        process.send_signal(signal.SIGCONT)
        return False

    assert until(stopped)
