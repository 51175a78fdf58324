"""Which workers have something to say, or have ended."""

from __future__ import annotations

import selectors
import socket
from typing import Final

from expcache._executor._worker_process import Worker

__all__ = ["Lookout"]

MOST_SECONDS: Final = 86_400.0
"""For how long to wait at once: the system knows no end of time."""

LOOK_SECONDS: Final = 0.1
"""How often to look after a process of which the system sends no word."""


class Lookout:
    """Waits for the sockets and the processes of all workers, and for a bell."""

    def __init__(self, bell: socket.socket) -> None:
        """Watch the bell only."""
        self._selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._selector.register(bell, selectors.EVENT_READ)
        self._watched: dict[Worker, set[int]] = {}

    def watch(self, worker: Worker) -> None:
        """Watch a new worker."""
        self._selector.register(worker.channel.sock, _events(worker), worker)
        descriptors = {worker.channel.sock.fileno()}
        process = worker.process.fileno()
        if process is not None:
            self._selector.register(process, selectors.EVENT_READ, worker)
            descriptors.add(process)
        self._watched[worker] = descriptors

    def watch_writing(self, worker: Worker) -> None:
        """Watch whether a worker takes more, if there is more."""
        sock = worker.channel.sock
        if sock.fileno() in self._watched[worker]:
            self._selector.modify(sock, _events(worker), worker)

    def leave_ended(self, worker: Worker) -> None:
        """Watch a socket no longer that has ended: it would be ready for ever."""
        if worker.channel.ended:
            self._leave(worker, worker.channel.sock.fileno())

    def leave(self, worker: Worker) -> None:
        """Watch a worker no longer; call it while what was watched is open."""
        for descriptor in list(self._watched.get(worker, ())):
            self._leave(worker, descriptor)
        self._watched.pop(worker, None)

    def _leave(self, worker: Worker, descriptor: int) -> None:
        if descriptor in self._watched[worker]:
            self._watched[worker].remove(descriptor)
            self._selector.unregister(descriptor)

    def wait(self, seconds: float | None) -> set[Worker]:
        """Wait for something to happen, and return those who are to be heard."""
        silent = {worker for worker in self._watched if _is_silent(worker)}
        if silent:
            seconds = LOOK_SECONDS if seconds is None else min(LOOK_SECONDS, seconds)
        if seconds is not None:
            seconds = min(seconds, MOST_SECONDS)
        called = set(silent)
        for key, events in self._selector.select(seconds):
            worker: Worker | None = key.data
            if worker is None:
                continue
            called.add(worker)
            if events & selectors.EVENT_WRITE:
                worker.channel.flush()
                self.watch_writing(worker)
        return called

    def close(self) -> None:
        """Watch nothing any more."""
        self._selector.close()


def _events(worker: Worker) -> int:
    writing = selectors.EVENT_WRITE if worker.channel.unsent else 0
    return selectors.EVENT_READ | writing


def _is_silent(worker: Worker) -> bool:
    return worker.process.fileno() is None or worker.channel.ended
