"""The parameters of a run, as its program reads them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from expcache._file import File
from expcache.errors import ParameterError

__all__ = ["write_params"]


def write_params(path: str, params: Mapping[str, Any], owner: str) -> None:
    """Write the parameters as JSON: arrays, tuples and sets are lists, paths and dates are text.

    Raises:
        ParameterError: a value has no such form.
    """
    try:
        text = _told(dict(params))
    except (TypeError, ValueError) as error:
        name = next((name for name, value in params.items() if not _fits(value)), "")
        message = f"cannot hand the parameter {name!r} to the program of {owner!r}: {error}."
        remedy = "Give it as text, as numbers, or as a File."
        raise ParameterError(f"{message} {remedy}", experiment=owner, names=(name,)) from error
    file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        content = memoryview(text.encode())
        while content:
            content = content[os.write(file, content) :]
        os.ftruncate(file, os.lseek(file, 0, os.SEEK_CUR))  # another run's may have been longer
    finally:
        os.close(file)


def _told(value: Any) -> str:
    text = json.dumps(value, default=_plain)
    if "{" in text[1:]:  # a mapping among the values
        json.loads(text, object_pairs_hook=_distinct)
    return text


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    seen = set[str]()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"two keys of a mapping are both {key!r} in JSON")
        seen.add(key)


def _fits(value: Any) -> bool:
    try:
        _told({"": value})
    except (TypeError, ValueError):
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, File):
        return os.path.abspath(value.path)  # noqa: PTH100 - text
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "tolist"):  # arrays and their scalars, without importing numpy
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} has no form in JSON")
