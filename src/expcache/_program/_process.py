"""One program, from its start to its end, with all that it has started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from expcache._directory import Private
from expcache._program._watchdog import watchdog
from expcache.errors import CommandError

__all__ = ["ERR", "OUT", "Ended", "Start", "run_program"]

OUT: Final = "stdout.txt"
ERR: Final = "stderr.txt"
SHOWN: Final = 1 << 16
"""How much of what it printed is shown, in bytes."""
GRACE: Final = 0.3
"""How long an interrupted program has to end by itself, in seconds."""
_GROUPS: Final = hasattr(os, "killpg")
_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)


class Start:
    """How to start a program: where, its words, and what its environment has more than ours."""

    __slots__ = ("argv", "directory", "more")

    def __init__(self, directory: str, argv: list[str], more: dict[str, str]) -> None:
        """Hold it."""
        self.directory = directory
        self.argv = argv
        self.more = more


class Ended:
    """What came of a program."""

    __slots__ = ("_directory", "err", "out", "status")

    def __init__(self, directory: str, status: int, out: str, err: str) -> None:
        """Hold the exit status, negative for a signal, and the end of what it printed."""
        self._directory = directory
        self.status = status
        self.out = out
        self.err = err

    @property
    def signal(self) -> str | None:
        """The name of the signal that has ended it, or None."""
        if self.status >= 0:
            return None
        try:
            return signal.Signals(-self.status).name
        except ValueError:
            return f"signal {-self.status}"

    @property
    def how(self) -> str:
        """How it ended, as the end of a sentence."""
        if self.signal is not None:
            return f"was ended by {self.signal}"
        return f"ended with exit status {self.status}"

    def text(self, limit: int) -> str:
        """Return what it printed on its standard output, of much the end."""
        if len(self.out) < SHOWN // 4:  # then it is all of it, whatever its characters take
            return self.out
        with open(f"{self._directory}/{OUT}", "rb") as file:  # noqa: PTH123 - text
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
            return file.read().decode("utf-8", "replace")


def run_program(start: Start, directory: Private) -> Ended:
    """Start a program in its directory and wait for its end; what it leaves behind ends with it.

    The program keeps the lock of the directory, so that others see that it lives.

    Raises:
        CommandError: it cannot be started.
    """
    out, err = directory.stream(OUT), directory.stream(ERR)
    status = _run(start, out, err, directory.lock)
    return Ended(start.directory, status, _tail(out), _tail(err))


def _run(start: Start, out: int, err: int, lock: int | None) -> int:
    params = f"{start.directory}/params.json"
    guard = watchdog()
    slot, process = guard.begin(params), None
    try:
        process = _started(start, params, out, err, lock)
        guard.note(slot, process.pid)
        _wait(process)
    except CommandError:
        raise
    except BaseException:
        _interrupt(process, params)
        raise
    finally:
        if process is not None:
            _end_group(process)
        guard.end(slot)  # while its number is its own
        if process is not None:
            process.wait()
    return process.returncode


def _started(
    start: Start, params: str, out: int, err: int, lock: int | None
) -> subprocess.Popen[bytes]:
    options: dict[str, Any] = {} if lock is None else {"pass_fds": (lock,)}
    if _GROUPS:
        options["process_group"] = 0
    try:
        with _environment({**start.more, "EXPCACHE_PARAMS": params}) as environment:
            return subprocess.Popen(  # noqa: S603 - what the user has written
                start.argv,
                cwd=start.directory,
                env=environment,
                stdin=_nothing(),
                stdout=out,
                stderr=err,
                **options,
            )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"cannot start the program {start.argv[0]!r}: {reason}."
        raise CommandError(
            f"{message} Check its name, and whether it can be executed.",
            status=None,
            signal=None,
            command=" ".join(start.argv),
        ) from error


@contextlib.contextmanager
def _environment(more: dict[str, str]) -> Iterator[dict[str, str] | None]:
    """Give the environment of a program; None for that of this process, as it is in the block.

    To copy all of it takes as long as to start a program, and is needed only where another
    thread could start one meanwhile.
    """
    if threading.active_count() > 1:
        yield {**os.environ, **more}
        return
    before = {key: os.environ.get(key) for key in more}
    try:
        os.environ.update(more)
        yield None
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


_null: list[int] = []


def _nothing() -> int:
    """Return what a program reads that reads anything: one for all of them."""
    if not _null:
        _null.append(os.open(os.devnull, os.O_RDONLY))
    return _null[0]


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a program; where the system can, its number stays its own for now."""
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):  # somebody else has reaped it
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End all that is left of a program, itself too."""
    with contextlib.suppress(OSError):
        if _GROUPS:
            os.killpg(process.pid, _KILL)
        else:
            process.kill()


def _interrupt(process: subprocess.Popen[bytes] | None, params: str) -> None:
    """Ask a program to end; then end it, what has left its group, and what was about to begin."""
    from expcache._program._watch import end_marked  # noqa: PLC0415 - only where all ends

    if process is not None:
        _ask_to_end(process)
        _end_group(process)
    end_marked([os.fsencode(params)])


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        (os.killpg if _GROUPS else os.kill)(process.pid, signal.SIGTERM)
    end = time.monotonic() + GRACE
    while not _has_ended(process) and time.monotonic() < end:
        time.sleep(0.01)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return True


def _tail(file: int) -> str:
    size = os.lseek(file, 0, os.SEEK_END)
    if not size:
        return ""
    os.lseek(file, max(0, size - SHOWN), os.SEEK_SET)
    return os.read(file, SHOWN).decode("utf-8", "replace")
