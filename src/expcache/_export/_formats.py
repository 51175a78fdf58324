"""The formats by name, and the way from records to a file that is whole or not there."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from expcache._export import _csv, _json, _parquet
from expcache._export._plain import Plain
from expcache.errors import QueryError

__all__ = ["export"]

Record = dict[str, Any]


class _Format(NamedTuple):
    title: str
    write: Callable[[Path, Iterable[Record], Plain], None]


_FORMATS = {
    "csv": _Format("CSV", _csv.write),
    "json": _Format("JSON", _json.write),
    "jsonl": _Format("JSON", _json.write_lines),
    "parquet": _Format("Parquet", _parquet.write),
}


def export(
    records: Iterable[Record],
    path: str | os.PathLike[str],
    *,
    format: str | None,  # noqa: A002 - the public name
    default: Callable[[Any], Any] | None,
) -> None:
    """Write records, read one by one, to a file.

    Raises:
        QueryError: no such format.
        ExportError: a value that the format cannot hold.
        ImportError: the format needs a package that is not installed.
    """
    place = Path(path)
    chosen = _find(place, format)
    with _whole(place) as passing:
        chosen.write(passing, records, Plain(chosen.title, default))


def _find(path: Path, name: str | None) -> _Format:
    wanted = path.suffix if name is None else name
    found = _FORMATS.get(wanted.removeprefix(".").lower())
    if found is not None:
        return found
    known = tuple(f".{one}" for one in _FORMATS)
    message = f"cannot export to {str(path)!r}: {wanted!r} is no format."
    remedy = f"Use one of {', '.join(known)}, or say format=."
    if wanted == ".nc":
        remedy = "Use to_xarray().to_netcdf(path)."
    raise QueryError(f"{message} {remedy}", name=wanted, known=known)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a path to write to; what is there takes the place of the file when all went well."""
    passing = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        yield passing
        with passing.open("rb+") as file:
            os.fsync(file.fileno())
        passing.replace(path)
    finally:
        passing.unlink(missing_ok=True)
