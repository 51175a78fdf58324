"""What the experiments of the engines' tests import: code of the project, in another file."""

from __future__ import annotations

from dataclasses import dataclass

FACTOR = 3


def scale(x: int) -> int:
    """Multiply."""
    return FACTOR * x


@dataclass
class Grain:
    """A class of the project."""

    grams: int


class TwoArguments(Exception):  # noqa: N818 - it stands for a user's
    """An exception that cannot be made again from its `args`."""

    def __init__(self, first: str, second: str) -> None:
        """Pass on one argument of two."""
        super().__init__(first)
        self.second = second
