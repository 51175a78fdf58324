"""What an object is made of, where nothing better is known of its type."""

from __future__ import annotations

from contextlib import suppress
from types import CodeType
from typing import Any

__all__ = ["bound", "code_of", "content"]

_REST = 0x04 | 0x08
"""The flags of a function's code that tell of ``*args`` and ``**kwargs``."""


def content(value: object) -> dict[str, Any]:
    """Return the parts of an object, by how to get there from it.

    Its attributes, or what its type says in ``__reduce__`` that it is made of.

    Raises:
        Exception: it says nothing, as a lock or an open file.
    """
    kind = type(value)
    names = ("__reduce__", "__reduce_ex__", "__getstate__")
    plain = all(getattr(kind, name) is getattr(object, name) for name in names)
    if plain and (hasattr(value, "__dict__") or _slots(kind)):
        return _attributes(value)
    reduced = value.__reduce_ex__(4)
    if isinstance(reduced, str):
        return {"": reduced}
    places = ("maker", "args", "state", "items", "entries", "setter")
    parts = dict(zip(places, reduced, strict=False))
    for name in ("items", "entries"):
        if parts.get(name) is not None:
            parts[name] = list(parts[name])
    state = parts.pop("state", None)
    attributes = state if _is_attributes(state) else {"__getstate__()": state}
    found = {f".{name}": one for name, one in attributes.items()}
    return {**{f".{name}": one for name, one in parts.items() if one is not None}, **found}


def _attributes(value: object) -> dict[str, Any]:
    found = {
        f".{name}": getattr(value, name) for name in _slots(type(value)) if hasattr(value, name)
    }
    found.update({f".{name}": one for name, one in getattr(value, "__dict__", {}).items()})
    return found


def _slots(kind: type) -> list[str]:
    slots: list[str] = []
    for one in kind.__mro__:
        names = vars(one).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            hidden = name.startswith("__") and not name.endswith("__")
            slots.append(f"_{one.__name__.lstrip('_')}{name}" if hidden else name)
    return [name for name in slots if name not in ("__dict__", "__weakref__")]


def _is_attributes(state: object) -> bool:
    return isinstance(state, dict) and all(isinstance(name, str) for name in state)


def code_of(value: Any) -> object:
    """Return what a class, function or module is known by: its name, and what it does."""
    name = getattr(value, "__module__", None), getattr(value, "__qualname__", value.__name__)
    code = getattr(value, "__code__", None)
    return name if code is None else (*name, _plain(code))


def bound(function: Any) -> dict[str, Any]:
    """Return the values that a function holds: its defaults, and what it closes over."""
    found = {f".__defaults__[{i}]": one for i, one in enumerate(function.__defaults__ or ())}
    found.update({f".__kwdefaults__[{n!r}]": v for n, v in (function.__kwdefaults__ or {}).items()})
    found.update({f".__dict__[{n!r}]": one for n, one in vars(function).items()})
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        with suppress(ValueError):  # nothing is in it yet
            found[f".{name}"] = cell.cell_contents
    return found


def _plain(code: CodeType) -> object:
    """Return a function's code without the places in a file where it was written."""
    constants = [_plain(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    kinds = code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _REST
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return code.co_code, code.co_names, tuple(constants), kinds, names
