"""What other threads want of a supervisor: they leave it, and ring."""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Iterator
from typing import Literal

from expcache._executor._batch import Batch
from expcache._executor._inherited import close_in_forks

__all__ = ["Order", "Orders"]

Order = Literal["submit", "cancel", "forget", "close", "stop"]


class Orders:
    """A queue without a lock, so that nothing can interrupt somebody who holds it."""

    def __init__(self) -> None:
        """Begin without any."""
        self._left: deque[tuple[Order, Batch | None]] = deque()
        self.bell, self._ring = socket.socketpair()
        for sock in (self.bell, self._ring):
            sock.settimeout(0)
            close_in_forks(sock)

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._left)

    def leave(self, order: Order, batch: Batch | None) -> None:
        """Leave an order and ring, from any thread."""
        self._left.append((order, batch))
        with contextlib.suppress(OSError):  # full: it rings already; closed: all is over
            self._ring.send(b"!")

    def take(self) -> Iterator[tuple[Order, Batch | None]]:
        """Yield the orders in turn."""
        with contextlib.suppress(OSError):
            self.bell.recv(4096)
        with contextlib.suppress(IndexError):
            while True:
                yield self._left.popleft()

    def close(self) -> None:
        """Ring no more."""
        self.bell.close()
        self._ring.close()
