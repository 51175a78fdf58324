"""Values on the command line, in JSON and in a line of text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

__all__ = [
    "line_of",
    "local_time",
    "params_lines",
    "parse_assignments",
    "parse_value",
    "seconds",
    "size",
    "text_of",
    "to_json",
]

_LONGEST = 1000


def parse_value(text: str) -> Any:
    """Return the value that a text on the command line stands for.

    That of a JSON or Python literal, such as ``3``, ``1e-3``, ``true``, ``None``, ``[1, 2]`` or
    ``"3"``; else the text itself.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    from ast import literal_eval  # noqa: PLC0415 - numbers and words of JSON need none

    try:
        return literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text


def parse_assignments(texts: Iterable[str], *, lookups: bool = False) -> dict[str, Any]:
    """Return the values by name of texts such as ``C=1``, or ``C__ge=1`` where they are lookups.

    Raises:
        UsageError: a text has no name, or a name is there twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            example = "C=1 or C__ge=1" if lookups else "C=1"
            message = f"{text!r} is no value of a parameter; give NAME=VALUE, such as {example}."
            raise click.UsageError(message, click.get_current_context(silent=True))
        if name in values:
            rest = f"; {name}__in=[...] takes several values." if lookups else "."
            message = f"{name!r} is given twice{rest}"
            raise click.UsageError(message, click.get_current_context(silent=True))
        values[name] = parse_value(value)
    return values


def to_json(value: Any) -> Any:
    """Return a value as JSON has it; what has no such form is described in a text."""
    from expcache._export._plain import Plain  # noqa: PLC0415 - not for help
    from expcache.errors import ExportError  # noqa: PLC0415 - as above

    try:
        return Plain("JSON", repr).write(value, "")
    except (ExportError, RecursionError):
        return repr(value)


def text_of(value: Any) -> str:
    """Return a value as it is written in Python; a number of numpy as a number."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    return repr(value)


def line_of(value: Any) -> str:
    """Return a value as it is written in Python, in one line."""
    text = text_of(value)
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    return " ".join(text.split()) if "\n" in text else text


def local_time(moment: datetime | None) -> str:
    """Return a moment as people on this machine write it."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def seconds(runtime: float | None) -> str:
    """Return a duration in the unit that fits."""
    if runtime is None:
        return ""
    if runtime < 1:
        return f"{runtime * 1000:.3g} ms"
    if runtime < 100:  # noqa: PLR2004 - below, tenths of a second are of interest
        return f"{runtime:.3g} s"
    minutes, rest = divmod(round(runtime), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02} min"


def size(nbytes: int) -> str:
    """Return a number of bytes in the unit that fits."""
    number = float(nbytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004 - the step from unit to unit
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.4g} TB"


def params_lines(many: Sequence[Mapping[str, Any]], width: int | None) -> list[str]:
    """Return the params of each run in a line; where lines are cut, first those that differ."""
    told = [{name: line_of(value) for name, value in one.items()} for one in many]
    if width is not None:
        names = dict.fromkeys(name for one in told for name in one)
        differ = {name for name in names if len({one.get(name) for one in told}) > 1}
        told = [dict(sorted(one.items(), key=lambda item: item[0] not in differ)) for one in told]
    return [", ".join(f"{name}={text}" for name, text in one.items()) for one in told]
