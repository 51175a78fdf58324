"""Something that a thread does for another one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

NUDGE_SECONDS: Final = 1.0


@final
class Errand(Generic[T]):
    """An action for another thread, and what came of it."""

    __slots__ = ("_action", "_answer", "_done", "_error", "_gate", "last")

    def __init__(self, action: Callable[[], T], *, last: bool = False) -> None:
        """Describe it; *last* ends the thread that runs it."""
        self._action: Final = action
        self._answer: Any = None
        self._error: BaseException | None = None
        self._done = False
        # A bare lock, as in a commit.
        self._gate: Final = threading.Lock()
        self._gate.acquire()
        self.last: Final = last

    def run(self) -> None:
        """Do it, on the thread that is there for it."""
        try:
            self._answer = self._action()
        except BaseException as error:  # noqa: BLE001 - who waits has to hear it
            self._error = error
        self._done = True
        self._gate.release()

    def wait(self, nudge: Callable[[], None]) -> T:
        """Return the answer, or raise what was raised; *nudge* is called while it takes long."""
        while not self._done:
            if self._gate.acquire(timeout=NUDGE_SECONDS):
                self._gate.release()
            else:
                nudge()
        if self._error is not None:
            raise self._error
        answer: T = self._answer
        return answer
