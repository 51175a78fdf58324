"""The parent's view of the fork server: one for all executors of this process."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import threading

from expcache._executor._forkserver import NUMBER
from expcache._executor._inherited import at_fork, close_in_forks
from expcache._executor._launch import launch

__all__ = ["ForkServer", "server"]

PATIENCE = 0.5
_PROGRAM = "from expcache._executor._forkserver import main; main({}, {})"


class ForkServer:
    """Starts the server when it is needed, and again when it has died."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()  # only supervisors take it: no signal interrupts them
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._left: set[str] = set()

    def start(self, work: socket.socket, status: socket.socket) -> None:
        """Have a worker forked that gets two sockets: for its work, and to tell how it ends."""
        with self._lock:
            try:
                self._ask(work, status)
            except OSError:
                self._end()
                self._ask(work, status)

    def _ask(self, work: socket.socket, status: socket.socket) -> None:
        message = bytes(NUMBER)
        socket.send_fds(self._running(), [message], [work.fileno(), status.fileno()])

    def guard(self, left: str) -> None:
        """Have a process group ended, or a directory removed, should this process be killed."""
        with self._lock:
            self._left.add(left)
            if hasattr(socket, "send_fds"):
                with contextlib.suppress(OSError):
                    self._note(self._running(), f"+{left}")

    def release(self, left: str) -> None:
        """Guard it no longer."""
        with self._lock:
            self._left.discard(left)
            if self._control is not None:
                with contextlib.suppress(OSError):
                    self._note(self._control, f"-{left}")

    def _note(self, control: socket.socket, text: str) -> None:
        message = os.fsencode(text)
        control.sendall(len(message).to_bytes(NUMBER, "little") + message)

    def _running(self) -> socket.socket:
        if self._control is not None and self._process and self._process.poll() is None:
            return self._control
        self._end()
        ours, theirs = socket.socketpair()
        close_in_forks(ours)
        with theirs:
            self._process = launch(theirs, _PROGRAM, stdout=subprocess.DEVNULL)
        self._control = ours
        for left in self._left:
            self._note(ours, f"+{left}")
        return ours

    def end(self) -> None:
        """End the server, and all workers that it still has."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
        self._control = self._process = None

    def forget(self) -> None:
        """Leave the server to the process that this one was forked from."""
        self._lock = threading.Lock()
        if self._process is not None:
            self._process.returncode = 0  # it is nobody's here: no complaint that it is running
        self._control = self._process = None
        self._left = set()


_server = ForkServer()
at_fork(_server.forget)
atexit.register(_server.end)


def server() -> ForkServer:
    """Return the fork server of this process."""
    return _server
