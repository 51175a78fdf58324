"""The fork server: a small process that forks workers, and never outlives the parent's.

It has one thread and has imported what workers need, so a worker takes a millisecond or two.
It is the workers' guard too, whoever started them: when the parent is gone, however it went, the
server ends all their process groups, whatever they are doing, and removes their files.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
from typing import Any, Final, NoReturn

from expcache._executor._leave import end_group, follow_parent, leave, own_group, shield
from expcache._executor._worker import enter

__all__ = ["NUMBER", "PRELOAD", "has_ended", "main"]

NUMBER: Final = 8  # bytes of each number that goes through a socket
PRELOAD: Final = ("expcache._cell", "ctypes", "logging")


def _nothing(*_: Any) -> None:
    """Let a signal wake the server up."""


class Server:
    """What the server knows: the way to the parent, and its workers."""

    def __init__(self, control: socket.socket, parent: int) -> None:
        """Listen to the parent and to signals."""
        self._control = control
        self._parent, self._pid = parent, os.getpid()
        self._workers: dict[int, socket.socket] = {}
        self._left: set[str] = set()
        self._wake, self._signals = socket.socketpair()
        self._wake.settimeout(0)
        self._signals.settimeout(0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def run(self) -> NoReturn:
        """Serve until the parent is gone."""
        for sign in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(sign, _nothing)
        signal.set_wakeup_fd(self._signals.fileno(), warn_on_full_buffer=False)
        follow_parent(self._parent, signal.SIGTERM)
        while True:
            ready = {key.fileobj for key, _ in self._selector.select()}
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(4096)
            # A thread of the parent that ends makes the same signal as the parent itself.
            if os.getppid() != self._parent:
                self._control.settimeout(0)
                while self._hear():
                    pass
                self.end()
            self._reap()
            if self._control in ready and not self._hear():
                self.end()

    def _hear(self) -> bool:
        """Do what the parent says next; False: it is gone."""
        try:
            head, descriptors, _, _ = socket.recv_fds(self._control, NUMBER, 2)
            size = int.from_bytes(head, "little")
            text = os.fsdecode(self._control.recv(size, socket.MSG_WAITALL) if size else b"")
        except OSError:
            return False
        if text:
            (self._left.add if text[0] == "+" else self._left.discard)(text[1:])
        elif len(descriptors) == 2:  # noqa: PLR2004 - a worker's socket, and where its end is told
            self._start(*(socket.socket(fileno=each) for each in descriptors))
        else:
            return False
        return True

    def _start(self, work: socket.socket, status: socket.socket) -> None:
        pid = os.fork()
        if not pid:
            self._become(work)
        own_group(pid)  # as the worker does: whichever of the two comes first
        work.close()
        self._workers[pid] = status
        _tell(status, pid)

    def _become(self, work: socket.socket) -> NoReturn:
        signal.set_wakeup_fd(-1)
        for sign in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(sign, signal.SIG_DFL)
        self._selector.close()
        mine = [self._control, self._wake, self._signals]
        for sock in [*mine, *self._workers.values()]:
            sock.close()
        enter(work, self._pid)

    def _reap(self) -> None:
        """Tell of workers that ended; what they had started ends before their number is free."""
        for pid in list(self._workers):
            ended = has_ended(pid)
            if ended:
                end_group(pid)
            if ended is not False and (found := os.waitpid(pid, os.WNOHANG))[0]:
                if ended is None:
                    end_group(pid)
                status = self._workers.pop(pid)
                _tell(status, os.waitstatus_to_exitcode(found[1]))
                status.close()

    def end(self) -> NoReturn:
        """End all workers, what they started, what they wrote beside the store, and the server."""
        for pid in self._workers:
            end_group(pid)
        for text in self._left:
            if text.isdecimal():
                end_group(int(text))
        import shutil  # noqa: PLC0415 - only here, where nobody waits any more

        for text in self._left:
            if not text.isdecimal():
                shutil.rmtree(text, ignore_errors=True)
        os._exit(0)


def has_ended(pid: int) -> bool | None:
    """Tell whether a child has ended, without letting go of its number; None: nobody knows."""
    if not hasattr(os, "waitid"):
        return None
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _tell(status: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # the parent has no need of it
        status.sendall(number.to_bytes(NUMBER, "little", signed=True))


def main(descriptor: int, parent: int) -> NoReturn:
    """Begin in a new interpreter that was given the way to the parent."""
    shield()
    own_group()
    for name in PRELOAD:
        with contextlib.suppress(Exception):  # a worker will tell what is wrong with it
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    try:
        Server(socket.socket(fileno=descriptor), parent).run()
    except BaseException:  # noqa: BLE001 - there is nobody above
        sys.excepthook(*sys.exc_info())
    leave(1)
