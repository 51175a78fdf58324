"""The receipt of one write."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Callable

    from expcache.errors import StoreError

NUDGE_SECONDS = 1.0


@final
class Commit:
    """The receipt of one write: `wait` returns once it is on the disk."""

    __slots__ = ("_done", "_error", "_gate", "_hurry", "_nudge", "fenced", "won")

    def __init__(self, nudge: Callable[[], None], hurry: Callable[[], None] | None = None) -> None:
        """Begin unfinished; *hurry* is called before waiting, *nudge* while it takes long."""
        self._hurry: Final = hurry
        self._nudge: Final = nudge
        # A bare lock, taken now and released when settled: no Python code runs between its taking
        # and its keeping, so that no Ctrl-C can come between.
        self._gate: Final = threading.Lock()
        self._gate.acquire()
        self._done = False
        self._error: StoreError | None = None
        self.won = False
        self.fenced = False

    @classmethod
    def settled(
        cls, *, won: bool = False, fenced: bool = False, error: StoreError | None = None
    ) -> Commit:
        """Return a receipt that is finished already."""
        commit = cls(_nothing)
        commit.settle(won=won, fenced=fenced, error=error)
        return commit

    @property
    def done(self) -> bool:
        """Whether the write is committed or has failed."""
        return self._done

    def settle(
        self, *, won: bool = False, fenced: bool = False, error: StoreError | None = None
    ) -> None:
        """Finish: tell every waiter how the write went.

        A write is *fenced* when its claim had been taken over: nothing was written.
        """
        self.won = won
        self.fenced = fenced
        self._error = error
        self._done = True
        self._gate.release()

    def wait(self) -> bool:
        """Wait for the commit; return whether this write won its key.

        Raises:
            StoreError: when nothing was written.
        """
        if self._hurry is not None and not self._done:
            self._hurry()
        while not self._done:
            if self._gate.acquire(timeout=NUDGE_SECONDS):
                self._gate.release()
            else:
                self._nudge()
        if self._error is not None:
            raise self._error
        return self.won


def _nothing() -> None:
    """Nudge nobody."""
