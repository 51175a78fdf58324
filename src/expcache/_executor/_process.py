"""A process that was started, seen from the parent: alive or not, and what it ended with."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from typing import Final, Protocol

from expcache._executor._forkserver import NUMBER, has_ended
from expcache._executor._leave import end_group
from expcache._executor._server import server

__all__ = ["Forked", "Process", "Served", "Spawned"]

_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)


class Process(Protocol):
    """A worker's process."""

    exitcode: int | None

    def fileno(self) -> int | None:
        """Return what becomes readable when the process ends; None: look from time to time."""

    def ended(self) -> bool:
        """Find out whether it has ended; if so, end what it had started."""

    def send(self, sign: int) -> None:
        """Send a signal to the process itself."""

    def kill(self) -> None:
        """Kill the process and all that it started."""

    def close(self) -> None:
        """Let go of what stands for the process."""


class Served:
    """A process of the fork server, which tells its number, and later what it ended with."""

    def __init__(self, status: socket.socket) -> None:
        """Listen to what the server says about this process."""
        status.settimeout(0)
        self.exitcode: int | None = None
        self._status = status
        self._pid = 0
        self._received = b""
        self._over = self._killed = False

    def fileno(self) -> int:
        """Return the socket that the server writes to."""
        return self._status.fileno()

    def ended(self) -> bool:
        """Read what the server has said."""
        while not self._over:
            try:
                chunk = self._status.recv(NUMBER * 2)
            except BlockingIOError:
                return False
            except OSError:
                chunk = b""
            self._received += chunk
            self._over = not chunk
            self._understand()
        return True

    def _understand(self) -> None:
        starts = range(0, len(self._received) - NUMBER + 1, NUMBER)
        words = [self._received[start : start + NUMBER] for start in starts]
        numbers = [int.from_bytes(word, "little", signed=True) for word in words]
        if numbers and not self._pid:
            self._pid = numbers[0]
            if self._killed:
                self.kill()
        if len(numbers) > 1:
            self.exitcode = numbers[1]

    def send(self, sign: int) -> None:
        """Send a signal to the process."""
        if self._pid and not self._over:
            with contextlib.suppress(OSError):
                os.kill(self._pid, sign)

    def kill(self) -> None:
        """Kill the group; a process that has no number yet is killed when it has one."""
        self._killed = True
        if self._pid and not self._over:
            self.send(_KILL)
            end_group(self._pid)

    def close(self) -> None:
        """Hear no more of it."""
        self._status.close()


class Forked:
    """A process that this one has forked."""

    def __init__(self, pid: int) -> None:
        """Watch a child."""
        self.exitcode: int | None = None
        self._pid = pid
        self._watch: int | None = None
        self._over = False
        with contextlib.suppress(OSError, AttributeError):  # where the kernel has such a thing
            self._watch = os.pidfd_open(pid)

    def fileno(self) -> int | None:
        """Return the descriptor that stands for the process."""
        return self._watch

    def ended(self) -> bool:
        """Reap the child if it has ended; until then its number is nobody else's."""
        if self._over:
            return True
        ended = has_ended(self._pid)
        if ended:
            end_group(self._pid)
        if ended is not False:
            self._over = self._reap()
            if self._over and ended is None:
                end_group(self._pid)
        return self._over

    def _reap(self) -> bool:
        try:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
        except ChildProcessError:  # somebody else has reaped it
            return True
        if pid:
            self.exitcode = os.waitstatus_to_exitcode(status)
        return bool(pid)

    def send(self, sign: int) -> None:
        """Send a signal to the child."""
        if not self._over:
            with contextlib.suppress(OSError):
                os.kill(self._pid, sign)

    def kill(self) -> None:
        """Kill the child and its group."""
        if not self._over:
            self.send(_KILL)
            end_group(self._pid)

    def close(self) -> None:
        """Close the descriptor."""
        server().release(str(self._pid))
        if self._watch is not None:
            os.close(self._watch)
            self._watch = None


class Spawned(Forked):
    """A process that runs an interpreter of its own."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        """Watch a subprocess."""
        super().__init__(popen.pid)
        self._popen = popen

    def _reap(self) -> bool:
        self.exitcode = self._popen.poll()
        return self.exitcode is not None

    def send(self, sign: int) -> None:
        """Send a signal to the subprocess."""
        with contextlib.suppress(OSError):
            self._popen.send_signal(sign)
