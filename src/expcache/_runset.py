"""A sequence of runs, and the ways out of it: results, records, tables, ids."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from expcache._lookup import Where
from expcache._run import Run
from expcache._selection import Selection
from expcache._summary import may_drift, record_of, row_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["RunSet", "frame_of"]

R = TypeVar("R")

_WINDOW = 512
"""How many records are read ahead at once."""


class RunSet(Selection[R], Sequence[Run[R]], Generic[R]):
    """Runs in order, such as those of a sweep, of an experiment, or of a file of ids."""

    __slots__ = ("_runs",)

    def __init__(self, runs: Iterable[Run[R]] = ()) -> None:
        """Hold the runs in the order given."""
        self._runs = tuple(runs)

    def __repr__(self) -> str:
        """Show how many runs there are of each status."""
        statuses = [run.status for run in self._runs]
        counts = ", ".join(f"{statuses.count(s)} {s}" for s in dict.fromkeys(statuses))
        return f"<RunSet of {len(self)} runs{': ' if counts else ''}{counts}>"

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> Run[R]: ...

    @overload
    def __getitem__(self, index: slice) -> RunSet[R]: ...

    def __getitem__(self, index: int | slice) -> Run[R] | RunSet[R]:
        """Return one run, or the runs of a slice."""
        if isinstance(index, slice):
            return RunSet(self._runs[index])
        return self._runs[index]

    @property
    def ids(self) -> list[str]:
        """The ids of the runs, in order."""
        return [run.id for run in self._runs]

    @property
    def results(self) -> list[R]:
        """The results of the runs, in order; read one by one.

        Raises:
            RunFailedError: a run failed. ``runs.where(...)`` or ``[r for r in runs if r.done]``
                leaves it out.
        """
        return [run.result for run in self._read_ahead()]

    def where(self, /, **lookups: Any) -> RunSet[R]:
        """Return the runs whose params match every lookup, such as ``C__ge=1``.

        A lookup is a parameter's name, alone for equality or followed by ``__ne``, ``__lt``,
        ``__le``, ``__gt``, ``__ge`` or ``__in``.

        Raises:
            QueryError: no run has such a parameter, or there is no such comparison.
        """
        params = [run.params for run in self._runs]
        known = dict.fromkeys(name for names in params for name in names)
        if not params:
            return self
        where = Where.parse(lookups, tuple(known))
        return RunSet(r for r, p in zip(self._runs, params, strict=True) if where.matches(p))

    def to_records(self) -> list[dict[str, Any]]:
        """Return one flat mapping a run: id, status, params, runtime, then the result.

        A result that is a mapping with text keys is spread over its keys; any other stands
        under ``result``. A key that is taken already gets the prefix ``result_``. A run without
        a result has only its params and its status, and its error when it failed.
        """
        return [record_of(run) for run in self._read_ahead()]

    @property
    def drift(self) -> dict[str, dict[tuple[str, str | None], int]]:
        """How many runs were computed with another Python, or other versions of packages.

        By name, and then by the version when they were computed and the version now.
        """
        counts: dict[str, dict[tuple[str, str | None], int]] = {}
        places = {(id(run._store), run.experiment): run._store for run in self._runs}
        suspects = {place for place, store in places.items() if may_drift(store, place[1])}
        runs = (run for run in self._runs if (id(run._store), run.experiment) in suspects)
        for run in RunSet(runs)._read_ahead():
            for name, change in run.drift.items():
                of = counts.setdefault(name, {})
                of[change] = of.get(change, 0) + 1
        return counts

    def _read_ahead(self) -> Iterator[Run[R]]:
        """Give the runs, their records read by the window: one query costs as much as one get."""
        for start in range(0, len(self), _WINDOW):
            window = self._runs[start : start + _WINDOW]
            shelves: dict[tuple[int, str], list[Run[R]]] = {}
            for run in window:
                shelves.setdefault((id(run._store), run.experiment), []).append(run)
            for runs in shelves.values():
                _read_records(runs)
            for run in window:
                yield run
                run._read_ahead = None

    def to_frame(self) -> pd.DataFrame:
        """Return the records as a pandas frame, one row a run, indexed by id.

        Raises:
            ImportError: pandas is not installed; it comes with ``expcache[pandas]``.
        """
        return frame_of(self.to_records())

    def to_xarray(self, *, dims: Sequence[str] | None = None) -> xr.Dataset:
        """Return the records as an xarray Dataset: params as coordinates, results as variables.

        Args:
            dims: the params that are dimensions, by default those that vary; the others that vary
                become coordinates over these. ``dims=("point",)`` gives each run a place of its
                own along one dimension.

        Raises:
            ExportError: two runs are at one place, or there are far more places than runs.
            QueryError: ``dims`` names what is no parameter.
            ImportError: xarray is not installed; it comes with ``expcache[xarray]``.
        """
        try:
            import xarray as _  # noqa: F401, PLC0415 - heavy and optional
        except ImportError:
            message = "cannot make a Dataset: xarray is not installed. Install expcache[xarray]."
            raise ImportError(message) from None
        from expcache._cube import Row, make_dataset  # noqa: PLC0415 - imports xarray

        rows = [Row(*row_of(run)) for run in self._read_ahead()]
        names = ", ".join(dict.fromkeys(run.experiment for run in self._runs))
        return make_dataset(rows, dims, {"experiment": names} if names else {})

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,  # noqa: A002 - what pandas and xarray call it
        default: Callable[[Any], Any] | None = None,
    ) -> None:
        """Write the records to a file that other programs read, whole or not at all.

        Args:
            path: ends in ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``.
            format: one of these words, for a path that ends in something else.
            default: called with a value that the format cannot hold, it returns another in its
                place, as in ``json.dumps``; ``str``, for one.

        Raises:
            ExportError: a value that the format cannot hold; it names the run and the path.
            QueryError: no such format.
            ImportError: the format needs a package that is not installed.
        """
        from expcache._export import export  # noqa: PLC0415 - only for this

        export(map(record_of, self._read_ahead()), path, format=format, default=default)

    def save_ids(self, path: str | os.PathLike[str]) -> None:
        """Write the ids to a file that ``load`` reads: ``.json``, ``.txt`` or ``.py``."""
        from expcache._ids import save_ids  # noqa: PLC0415 - only for this

        store = self._runs[0]._store_path if self._runs else None
        save_ids(path, self.ids, store=store)


def frame_of(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Return records as a pandas frame, indexed by id.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - heavy and optional
    except ImportError:
        message = "cannot make a frame: pandas is not installed. Install expcache[pandas]."
        raise ImportError(message) from None
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [record.get(name) for record in records] for name in names}
    series = {name: _column(pd, values) for name, values in columns.items()}
    frame = pd.DataFrame(series)
    return frame.set_index("id") if "id" in frame else frame


def _read_records(runs: list[Run[Any]]) -> None:
    keys = {run._locate().key: run for run in runs}
    found = runs[0]._store.get_many(runs[0].experiment, [key for key in keys if key is not None])
    for key, envelope in found.items():
        keys[key]._read_ahead = key, envelope


def _column(pd: Any, values: list[Any]) -> Any:
    # pandas would turn None and NaN into each other, and arrays into rows: cells stay as they are
    # unless all are numbers, all are texts or all are truth values. Nor are integers to be rounded.
    kinds = {type(value) for value in values}
    if kinds == {int, float} and any(type(one) is int and abs(one) > 2**53 for one in values):
        kinds = {object}
    if kinds <= {int, float} or len(kinds) == 1 and kinds <= {bool, str}:  # noqa: RUF021
        return pd.Series(values)
    column = pd.Series([None] * len(values), dtype=object)
    for row, value in enumerate(values):
        column.iat[row] = value  # noqa: PD009 - .iloc would spread a list over rows
    return column
