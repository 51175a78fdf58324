"""Values and types as a line of text shows them."""

from __future__ import annotations

from typing import Any

__all__ = ["kinds", "show", "show_some"]

_WIDTH = 60
_SOME = 5


def show(value: object) -> str:
    """Return a short text of any value, even of one whose repr raises."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def show_some(values: list[Any]) -> str:
    """Return a short text of several values."""
    rest = len(values) - _SOME
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(map(show, values[:_SOME])) + more


def kinds(old: object, new: object) -> tuple[str, str]:
    """Return the names of two types, with their modules where these tell them apart."""
    names = _name(type(old)), _name(type(new))
    if names[0] != names[1]:
        return names
    return _full(type(old)), _full(type(new))


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else _full(kind)


def _full(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
