"""Values as JSON has them: None, truth values, numbers, texts, lists and mappings.

What JSON lacks is written as other programs read it best: a tuple, a set and an array as a list, a
time in ISO 8601, a duration in seconds, bytes in base64, NaN and the infinities as the texts
``NaN``, ``Infinity`` and ``-Infinity``. What has no such form is refused.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import enum
import fractions
import math
import os
import sys
import types
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NoReturn

from expcache.errors import ExportError

__all__ = ["Plain"]

_SEQUENCES = (list, tuple, range, deque)
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType)
_DEEPEST = 100
_REMEDY = "Return numbers, texts, lists or mappings instead, or give default=str"


class Plain:
    """Turns values of records into plain ones, and refuses those that have no such form."""

    def __init__(self, title: str, default: Callable[[Any], Any] | None) -> None:
        """Write for a format of this title; ``default`` gives another value for a refused one."""
        self.title = title
        self.run = ""
        self._default = default

    def write(self, value: Any, path: str, depth: int = 0) -> Any:
        """Return the value in a plain form.

        Raises:
            ExportError: it has none; the error names the run and the path to the value.
        """
        kind = type(value)
        if value is None or kind is bool or kind is int or kind is str:
            return value
        if kind is float:
            return value if math.isfinite(value) else _NOT_FINITE[repr(value)]
        if depth > _DEEPEST:
            self.refuse(path, "what is nested so deeply")
        if isinstance(value, _SEQUENCES):
            return [self.write(one, f"{path}[{n}]", depth + 1) for n, one in enumerate(value)]
        if isinstance(value, Mapping) and not _is_labelled(value):
            return self._mapping(value.items(), path, depth)
        return self._other(value, path, depth)

    def refuse(self, path: str, what: str) -> NoReturn:
        """Raise the error that names a value that the format cannot hold."""
        message = f"cannot export {path} of run {self.run}: {self.title} has no form for {what}."
        raise ExportError(f"{message} {_REMEDY}.", path=path)

    def text(self, value: str, path: str) -> str:
        """Return a text that UTF-8 can hold."""
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                self.refuse(path, f"the text {value!r}, which is no Unicode")
        return value

    def _mapping(self, items: Iterable[tuple[Any, Any]], path: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in items:
            name = key if isinstance(key, str) else str(key)
            if not isinstance(key, (str, int, float)) or name in made:
                self.refuse(path, f"the key {key!r}")
            made[name] = self.write(value, f"{path}[{key!r}]", depth + 1)
        return made

    def _other(self, value: Any, path: str, depth: int) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)):
            return self._numpy(numpy, value, path, depth)
        if isinstance(value, (set, frozenset)):
            return sorted((self.write(one, path, depth + 1) for one in value), key=repr)
        if is_dataclass(value) and not isinstance(value, type):
            items = ((field.name, getattr(value, field.name)) for field in fields(value))
            return self._mapping(items, path, depth)
        if isinstance(value, dt.timedelta):
            return value.total_seconds()
        if isinstance(value, complex):
            return self.write([value.real, value.imag], path, depth + 1)
        text = _text_of(value)
        return self._by_default(value, path, depth) if text is None else text

    def _numpy(self, numpy: Any, value: Any, path: str, depth: int) -> Any:
        kind = value.dtype.kind
        if kind == "M":
            texts = numpy.datetime_as_string(value)
            return _without_nat(texts.tolist())
        if kind == "m":
            return self.write((value / numpy.timedelta64(1, "s")).tolist(), path, depth)
        plain = value.tolist() if kind in "biufcUSO" else value
        if isinstance(plain, (numpy.generic, numpy.ndarray)):  # a longdouble, a structure
            return self._by_default(value, path, depth)
        return self.write(plain, path, depth)

    def _by_default(self, value: Any, path: str, depth: int) -> Any:
        if self._default is None:
            kind = type(value)
            self.refuse(path, f"a {kind.__module__}.{kind.__qualname__}")
        return self.write(self._default(value), path, depth + 10)


_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _text_of(value: Any) -> str | None:
    """Return the text that stands for a value of a kind that has one."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, _NAMED):
        return f"{value.__module__}.{value.__qualname__}"
    return next((text(value) for kinds, text in _TEXTS if isinstance(value, kinds)), None)


_TEXTS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    ((str, decimal.Decimal, fractions.Fraction, uuid.UUID), str),
    ((bytes, bytearray), lambda value: base64.b64encode(value).decode()),
    ((dt.date, dt.time), lambda value: value.isoformat()),  # a datetime is a date
    (os.PathLike, os.fsdecode),
)


def _without_nat(texts: Any) -> Any:
    if isinstance(texts, list):
        return [_without_nat(text) for text in texts]
    return None if texts == "NaT" else texts


def _is_labelled(value: Any) -> bool:
    """Whether it is a Dataset, whose arrays would lose their labels."""
    xarray = sys.modules.get("xarray")
    return xarray is not None and isinstance(value, xarray.Dataset)
