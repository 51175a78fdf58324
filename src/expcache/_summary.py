"""A run as one flat mapping, for tables, files and Datasets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from expcache._run import Run
from expcache.errors import RecordError

if TYPE_CHECKING:
    from expcache._store import Store

__all__ = ["may_drift", "record_of", "row_of"]

_ENVIRONMENT = "environment-"


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


def may_drift(store: Store, experiment: str) -> bool:
    """Whether some of an experiment's runs were computed in another environment than this one.

    There are few environments of many runs: where none differs, no record need be read.
    """
    from expcache._drift import drift_of  # noqa: PLC0415 - few ask for it
    from expcache._record import read_value  # noqa: PLC0415 - as above

    keys = store.keys(experiment, _ENVIRONMENT)
    for key, envelope in store.get_many(experiment, keys).items():
        try:
            if drift_of(key.removeprefix(_ENVIRONMENT), partial(read_value, envelope), store.path):
                return True
        except RecordError:  # whoever reads a run of it is told
            return True
    return False
