"""Show here what a run in another process warned of and logged."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, Protocol

__all__ = ["relay"]

_seen: dict[str, dict[Any, Any]] = {}
"""The registries of what was shown, by file: the filters of this process speak of repetitions."""


class Told(Protocol):
    """What tells the warnings and log records of a run, such as a header."""

    @property
    def warnings(self) -> Sequence[Mapping[str, Any]]:
        """The warnings."""

    @property
    def logs(self) -> Sequence[Mapping[str, Any]]:
        """The log records."""


def relay(told: Told) -> None:
    """Warn and log here as the run did, by the filters and levels of this process."""
    for one in told.warnings:
        _warn(one)
    if told.logs:
        import logging  # noqa: PLC0415 - only for runs that log

        for one in told.logs:
            logger = logging.getLogger(one["name"])
            if logger.isEnabledFor(one["level"]):
                logger.handle(logging.makeLogRecord(_record(one, logging.getLevelName)))


def _warn(one: Mapping[str, Any]) -> None:
    category, place = _category(one["category"]), (one["filename"], one["lineno"])
    registry = _seen.setdefault(one["filename"], {})
    try:
        warnings.warn_explicit(one["message"], category, *place, registry=registry)
    except Warning:
        # An error would have stopped the run, not those who look on: it is shown all the same.
        warnings.showwarning(one["message"], category, *place)


def _category(name: str) -> type[Warning]:
    module, _, _ = name.rpartition(".")
    while module and module not in sys.modules:
        module, _, _ = module.rpartition(".")
    owner: Any = sys.modules[module or "builtins"]
    try:
        found: Any = reduce(getattr, name[len(module) :].strip(".").split("."), owner)
    except AttributeError:
        return UserWarning
    return found if isinstance(found, type) and issubclass(found, Warning) else UserWarning


def _record(one: Mapping[str, Any], level_name: Any) -> dict[str, Any]:
    return {
        "name": one["name"],
        "levelno": one["level"],
        "levelname": level_name(one["level"]),
        "msg": one["message"],
        "args": None,
        "created": one["created"],
        "msecs": int(one["created"] % 1 * 1000) + 0.0,
        "pathname": one["pathname"],
        "filename": one["pathname"].replace("\\", "/").rpartition("/")[2],
        "lineno": one["lineno"],
        "funcName": one["function"],
        "exc_text": one["exception"],
    }
