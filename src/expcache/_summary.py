"""A run as one flat mapping, for tables, files and Datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expcache._run import Run

__all__ = ["record_of", "row_of"]


def record_of(run: Run[Any]) -> dict[str, Any]:
    """Return one flat mapping: id, status, params, runtime, error, then the result or its keys."""
    record = _about(run)
    if run.done or run.reused:
        _spread(record, run.result)
    return record


def row_of(run: Run[Any]) -> tuple[dict[str, Any], tuple[str, ...], Mapping[Any, Any] | None]:
    """Return the record, which names of it are params, and the attributes of the result."""
    record, attrs = _about(run), None
    names = (f"param_{name}" if name in ("id", "status") else name for name in run.params)
    if run.done or run.reused:
        result = run.result
        _spread(record, result)
        given = getattr(result, "attrs", None) if isinstance(result, Mapping) else None
        attrs = given if isinstance(given, Mapping) else {}
    return record, tuple(names), attrs


def _about(run: Run[Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"id": run.id, "status": run.status}
    for name, value in run.params.items():
        record[name if name not in record else f"param_{name}"] = value
    record.setdefault("runtime", run.runtime)
    error = run.error
    if error is not None:
        record.setdefault("error", str(error))
    return record


def _spread(record: dict[str, Any], result: Any) -> None:
    spread = isinstance(result, Mapping) and all(isinstance(name, str) for name in result)
    for name, value in result.items() if spread else [("result", result)]:
        record[name if name not in record else f"result_{name}"] = value
