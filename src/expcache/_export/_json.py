"""Records as JSON: a list of objects, or an object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from expcache._export._plain import Plain

__all__ = ["dump", "write", "write_lines"]


def write(path: Path, records: Iterable[dict[str, Any]], plain: Plain) -> None:
    """Write one JSON array, an object a record."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        between = "[\n"
        for line in _lines(records, plain):
            file.write(between + line)
            between = ",\n"
        file.write("[]\n" if between == "[\n" else "\n]\n")


def write_lines(path: Path, records: Iterable[dict[str, Any]], plain: Plain) -> None:
    """Write a JSON object a line, a line a record."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _lines(records, plain))


def _lines(records: Iterable[dict[str, Any]], plain: Plain) -> Iterator[str]:
    for record in records:
        plain.run = record.get("id", "")
        yield dump({name: plain.write(value, name) for name, value in record.items()})


def dump(value: Any) -> str:
    """Return JSON, which may hold what UTF-8 cannot: half a surrogate pair is escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False)
    return text
