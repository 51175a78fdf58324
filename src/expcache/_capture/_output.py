"""The text that one run printed, bounded in size."""

from __future__ import annotations

__all__ = ["OUTPUT_LIMIT", "Output", "gap"]

OUTPUT_LIMIT = 1 << 20
"""How many characters of output a record keeps: the first half and the last half of them."""


class Output:
    """The text that one run printed, bounded in size."""

    __slots__ = ("_dropped", "_head", "_room", "_tail", "_tail_size")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._head: list[str] = []
        self._room = OUTPUT_LIMIT // 2
        self._tail: list[str] = []
        self._tail_size = 0
        self._dropped = 0

    def write(self, text: str) -> None:
        """Add a piece of text; beyond the limit, the middle is dropped."""
        head, rest = text[: self._room], text[self._room :]
        if head:
            self._head.append(head)
            self._room -= len(head)
        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
            if self._tail_size > OUTPUT_LIMIT:
                self._shorten()

    def _shorten(self) -> None:
        tail = "".join(self._tail)
        keep = tail[-OUTPUT_LIMIT // 2 :]
        self._dropped += len(tail) - len(keep)
        self._tail, self._tail_size = [keep], len(keep)

    @property
    def text(self) -> str:
        """All that was printed, with a line that says how much is missing, if anything is."""
        if self._tail_size > OUTPUT_LIMIT // 2:
            self._shorten()
        middle = gap(self._dropped, "characters") if self._dropped else ""
        return "".join(self._head) + middle + "".join(self._tail)


def gap(size: int, unit: str) -> str:
    """Return the line that stands for what is not kept."""
    return f"\n[{size} {unit} not kept]\n"
