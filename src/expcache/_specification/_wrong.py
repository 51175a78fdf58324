"""What is wrong in a file, and where."""

from __future__ import annotations

from expcache.errors import SpecificationError

__all__ = ["Key", "nearest", "wrong"]

Key = tuple[str | int, ...]
"""The way from the top of a file to a value: names of keys, and positions in lists."""


def wrong(path: str, key: Key, line: int | None, reason: str, remedy: str) -> SpecificationError:
    """Return the error for a file, for a key of it, or for a line of it."""
    named = shown(key)
    place = f"{named!r} in {path!r}" if named else repr(path)
    at = "" if line is None else f" (line {line})"
    message = f"cannot read {place}{at}: {reason}. {remedy}"
    return SpecificationError(message, path=path, key=named, line=line)


def shown(key: Key) -> str:
    """Return a key as messages show it: ``product[1].grid.C``."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in key)
    return "".join(parts).removeprefix(".")


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Return which known name may have been meant, in brackets, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - for messages only

    found = get_close_matches(name, known, n=1)
    return f" (perhaps {found[0]!r})" if found else ""
