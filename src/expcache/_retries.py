"""How often a run that fails is tried again, after which failures, and how soon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

__all__ = ["Retries", "note_attempts", "retries_from"]


@dataclass(frozen=True, slots=True, init=False)
class Retries:
    """How often a run that fails is tried again, after which failures, and how soon.

    Pauses grow: the first takes ``wait`` seconds, and each one ``factor`` times as long as the
    one before, up to ``longest``.
    """

    count: int
    on: tuple[type[Exception], ...]
    wait: float
    factor: float
    longest: float

    def __init__(
        self,
        count: int,
        *,
        on: type[Exception] | tuple[type[Exception], ...] = Exception,
        wait: float = 0.0,
        factor: float = 2.0,
        longest: float = 60.0,
    ) -> None:
        """Say how often and when.

        Args:
            count: how many attempts follow the first one, at most.
            on: the exceptions after which there is another attempt, with their subclasses:
                what the run raised, or ``errors.CrashError`` and ``errors.TimeLimitError``.
            wait: the pause before the second attempt, in seconds.
            factor: how many times longer each further pause is.
            longest: no pause is longer than this, in seconds.

        Raises:
            ValueError: a number makes no sense.
            TypeError: ``on`` holds something else than classes of exceptions.
        """
        for name, number, least in (
            ("wait", wait, 0.0), ("factor", factor, 1.0), ("longest", longest, 0.0),
        ):  # fmt: skip
            _check_number(name, number, least)
        values = (_checked_count(count), _checked_kinds(on), wait, factor, longest)
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def pause(self, failed: int) -> float | None:
        """Return how many seconds to wait after so many failed attempts; None: try no more."""
        if failed > self.count:
            return None
        if not self.wait:
            return 0.0
        try:
            return float(min(self.longest, self.wait * self.factor ** (failed - 1)))
        except OverflowError:
            return self.longest

    def takes(self, kind: str, exception: Exception | None) -> bool:
        """Whether there is another attempt after an exception, or after one of this name.

        The name is all that is left of an exception that could not leave its process: it is
        looked up among the classes that are known here.
        """
        if exception is not None:
            return isinstance(exception, self.on)
        return Exception in self.on or any(kind in _names_of(one) for one in self.on)


def retries_from(option: Any, *, what: str = "run") -> Retries | None:
    """Return what the option ``retries=`` says; None leaves it to the experiment.

    Raises:
        ValueError: it is no number of attempts.
    """
    if option is None or isinstance(option, Retries):
        return option
    try:
        return Retries(option)
    except ValueError:
        message = f"cannot {what} with retries={option!r}: it is no number of attempts."
        raise ValueError(f"{message} Give 0, 1, 2, ... or Retries(...).") from None


def note_attempts(exception: BaseException | None, retried: int) -> None:
    """Add to what a run raised after how many attempts it did, if it took more than one."""
    text = f"It failed after {retried + 1} attempts"
    if exception is not None and retried and text not in getattr(exception, "__notes__", ()):
        exception.add_note(text)


def _checked_count(count: Any) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        message = f"cannot retry count={count!r} times: it is no number of attempts."
        raise ValueError(f"{message} Give 0, 1, 2, ...")
    return count


def _check_number(name: str, number: Any, least: float) -> None:
    numeric = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not (numeric and least <= number < math.inf):
        message = f"cannot retry with {name}={number!r}: it is no number from {least:g}."
        raise ValueError(f"{message} Leave it out for the usual one.")


def _checked_kinds(on: Any) -> tuple[type[Exception], ...]:
    kinds = on if isinstance(on, tuple) else (on,)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            message = f"cannot retry on={kind!r}: it is no class of exceptions."
            raise TypeError(f"{message} Give one, or a tuple of some.")
    return kinds


def _names_of(kind: type) -> set[str]:
    """Return the names of a class and of its subclasses, as records tell them."""
    names = set()
    pending = [kind]
    while pending:
        one = pending.pop()
        module = "" if one.__module__ == "builtins" else f"{one.__module__}."
        names.add(module + one.__qualname__)
        pending += type.__subclasses__(one)
    return names
