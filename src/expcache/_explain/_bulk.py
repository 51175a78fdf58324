"""Explain many runs of one experiment, with few looks at the store."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from expcache._acceptance import Adopted, adopted
from expcache._definition import Definition
from expcache._explain._explain import Explainer
from expcache._explanation import Group, SweepExplanation
from expcache._query import Located, code_of, id_of, is_result
from expcache._record import read_header
from expcache._run import Run
from expcache._whereabouts import whereabouts
from expcache.errors import RecordError

__all__ = ["Points", "explain_points"]

_WINDOW = 512
_ORDER = ("stale", "failed", "missing", "queued", "running", "done")


class Points(NamedTuple):
    """The points of a sweep, by their positions."""

    name: str
    located: list[Located]
    classes: Mapping[int, tuple[type, ...]]
    ids: list[str]
    params: Callable[[int], Mapping[str, Any]]
    run: Callable[[int], Run[Any]]


def explain_points(
    definition: Definition, points: Points, indices: Iterable[int]
) -> SweepExplanation:
    """Return why points are hits or misses, those of one reason in one group."""
    reasons = _Reasons(definition, points)
    grouped: dict[Hashable, list[int]] = {}
    for index in indices:
        grouped.setdefault((points.located[index].status, reasons.of(index)), []).append(index)
    explainer = reasons.explainer
    groups = [
        Group(tuple(held), explainer.explain(points.run(held[0]), points.located[held[0]]))
        for held in grouped.values()
    ]
    groups.sort(key=lambda group: (_ORDER.index(group.status), -len(group.indices)))
    return SweepExplanation(points.name, tuple(groups))


class _Reasons:
    """Tells which points have one reason, without making an explanation of each."""

    def __init__(self, definition: Definition, points: Points) -> None:
        self.explainer = Explainer(definition)
        self._definition = definition
        self._store = definition.store
        self._points = points
        self._codes: dict[str, tuple[str, ...]] | None = None
        self._errors: dict[str, Hashable] | None = None
        self._older: dict[str, Hashable] | None = None
        self._owners: dict[str, Hashable] | None = None

    def of(self, index: int) -> Hashable:
        """Return what is equal for points of one reason and status."""
        return getattr(self, f"_{self._points.located[index].status}")(index)  # type: ignore[no-any-return]

    def _done(self, index: int) -> Hashable:
        key = self._points.located[index].key
        own = self._definition.code_with(self._classes(index))
        code = None if key is None else code_of(key)
        accepted = self._adopted.get(f"{self._points.ids[index]}-{own}")
        is_own = accepted is None or code == own
        return None if is_own or accepted is None else (code, accepted.row)

    @cached_property
    def _adopted(self) -> Mapping[str, Adopted]:
        return adopted(self._store, self._definition.name)

    def _running(self, index: int) -> Hashable:
        if self._owners is None:
            found = whereabouts(self._store, self._definition.name).items()
            self._owners = {id_of(key): (one.host, one.pid, one.engine) for key, one in found}
        return self._owners.get(self._points.ids[index])

    _queued = _running

    def _failed(self, index: int) -> Hashable:
        if self._errors is None:
            failed = [one.key for one in self._points.located if one.status == "failed"]
            self._errors = self._read_errors([key for key in failed if key is not None])
        return self._errors.get(self._points.ids[index])

    def _read_errors(self, keys: list[str]) -> dict[str, Hashable]:
        found: dict[str, Hashable] = {}
        for start in range(0, len(keys), _WINDOW):
            window = keys[start : start + _WINDOW]
            for key, envelope in self._store.get_many(self._definition.name, window).items():
                try:
                    error = read_header(envelope).error or {}
                except RecordError:
                    continue
                places = [
                    one for one in error.get("traceback", "").splitlines() if ", line " in one
                ]
                found[id_of(key)] = error.get("type"), *places[-1:]
        return found

    def _stale(self, index: int) -> Hashable:
        if self._codes is None:
            self._codes = self._read_codes()
        if self._definition.declared:  # which default has changed: the values tell
            located = self._points.located[index]
            return self.explainer.explain(self._points.run(index), located).differences
        codes = self._codes.get(self._points.ids[index], ())
        return self.explainer.code_causes(codes, self._classes(index))

    def _read_codes(self) -> dict[str, tuple[str, ...]]:
        codes: dict[str, list[str]] = {}
        for key in reversed(self._store.keys(self._definition.name)):
            if is_result(key):
                codes.setdefault(id_of(key), []).append(code_of(key))
        return {one: tuple(held) for one, held in codes.items()}

    def _missing(self, index: int) -> Hashable:
        failed = self.explainer.missing.failed.get(self._points.ids[index])
        if failed is not None:
            if self._older is None:
                self._older = self._read_errors(list(self.explainer.missing.failed.values()))
            return self._older.get(self._points.ids[index]), code_of(failed)
        near = self.explainer.missing.near(self._points.params(index))
        code = near.header.code if near.header is not None and near.same else None
        return near.cause, near.remedy, code, tuple(one.reason for one in near.differences)

    def _classes(self, index: int) -> tuple[type, ...]:
        return self._points.classes.get(index, ())
