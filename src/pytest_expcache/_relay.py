"""Show in a test what its run told in the process that computed it."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expcache import Run

__all__ = ["relay"]


def relay(run: Run[Any]) -> Warning | None:
    """Print, log and warn as a run did; return the first warning that is an error here."""
    _print(run.output)
    for one in run.logs:
        logging.getLogger(one["name"]).handle(logging.makeLogRecord(_record(one)))
    return _warn(run.warnings)


def _print(text: str) -> None:
    """Print a text where pytest captures it, whatever characters are in it."""
    if text:
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), end="")  # noqa: T201 - as the run did


def _warn(told: Iterable[Mapping[str, Any]]) -> Warning | None:
    first: Warning | None = None
    for one in told:
        try:
            warnings.warn_explicit(
                one["message"], _category(one["category"]), one["filename"], one["lineno"]
            )
        except Warning as warning:
            warning.__traceback__ = None  # none of it is the user's
            warning.add_note(f"warned in {one['filename']}:{one['lineno']}")
            first = first or warning
    return first


def _category(name: str) -> type[Warning]:
    """Return the category of this name, or the closest that is known in this process."""
    module, path = "builtins", name.split(".")
    for length in range(len(path) - 1, 0, -1):
        if ".".join(path[:length]) in sys.modules:
            module, path = ".".join(path[:length]), path[length:]
            break
    found: Any = sys.modules[module]
    for part in path:
        found = getattr(found, part, None)
    return found if isinstance(found, type) and issubclass(found, Warning) else UserWarning


def _record(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": one["name"],
        "levelno": one["level"],
        "levelname": logging.getLevelName(one["level"]),
        "msg": one["message"],
        "args": None,
        "created": one["created"],
        "msecs": one["created"] % 1 * 1000,
        "pathname": one["pathname"],
        "filename": one["pathname"].replace("\\", "/").rpartition("/")[2],
        "module": one["pathname"].replace("\\", "/").rpartition("/")[2].removesuffix(".py"),
        "lineno": one["lineno"],
        "funcName": one["function"],
        "exc_text": one["exception"],
    }
