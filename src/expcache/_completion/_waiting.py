"""The runs that somebody else is computing, looked at again after pauses that grow."""

from __future__ import annotations

import time
from collections import deque

from expcache._completion._todo import Todo

__all__ = ["Waiting"]

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.25


class Waiting:
    """Runs whose claims others hold."""

    def __init__(self) -> None:
        """Begin with none."""
        self.todos: list[Todo] = []
        self.pause = _FIRST_PAUSE
        """How long to pause before the next look, in seconds."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.todos)

    def add(self, one: Todo) -> None:
        """Wait for a run that somebody took over while we computed it."""
        one.claim, one.waited = None, one.waited or time.monotonic()
        self.todos.append(one)

    def move_to(self, todo: deque[Todo]) -> None:
        """Put all of them where they are looked at again."""
        todo.extend(self.todos)
        self.todos.clear()

    def hasten(self) -> None:
        """Begin with short pauses again, as something goes on."""
        self.pause = _FIRST_PAUSE

    def relax(self) -> None:
        """Let the next pause be longer."""
        self.pause = min(self.pause * 1.5, _LONGEST_PAUSE)
