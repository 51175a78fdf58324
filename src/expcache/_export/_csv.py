"""Records as CSV: a line a record, a column a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from expcache._export._json import dump
from expcache._export._plain import Plain

__all__ = ["write"]

_SPECIAL = re.compile(r'[",\r\n]|^\s|\s$|^$')
_NOT_FINITE = {"NaN": "NaN", "Infinity": "inf", "-Infinity": "-inf"}


def write(path: Path, records: Iterable[dict[str, Any]], plain: Plain) -> None:
    """Write the names, then a line a record; what a record lacks is an empty cell."""
    names: dict[str, None] = {}
    rows = []
    for record in records:
        plain.run = record.get("id", "")
        names.update(dict.fromkeys(record))
        rows.append({name: _cell(value, name, plain) for name, value in record.items()})
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(_quoted(plain.text(name, "a name")) for name in names) + "\n")
        file.writelines(",".join(row.get(name, "") for name in names) + "\n" for row in rows)


def _cell(value: Any, path: str, plain: Plain) -> str:
    """Return a cell: None is empty, lists and mappings are JSON in quotes."""
    made = plain.write(value, path)
    if made is None:
        return ""
    if isinstance(made, (list, dict)):
        return _quoted(dump(made))
    if not isinstance(made, str):
        return repr(made).lower()
    if made in _NOT_FINITE and not isinstance(value, str):
        return _NOT_FINITE[made]
    return _quoted(plain.text(made, path))


def _quoted(text: str) -> str:
    """Put a text in quotes where it could be taken for something else."""
    if _SPECIAL.search(text) or text.lower() in ("true", "false") or _is_number(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
