"""Directories of runs that were rendered before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expcache._record import read_header
from expcache._render._manifest import MANIFEST, Manifest, read_manifest
from expcache._render._refusal import refuse
from expcache._run import Run
from expcache._store import Store
from expcache.errors import RecordError

if TYPE_CHECKING:
    from expcache._perform import Performer

__all__ = ["Standing", "failure_of"]


class Standing:
    """Tells which runs have a directory that waits for its results."""

    def __init__(self, into: Path, source: str, performer: Performer) -> None:
        """Look into one directory, for what was rendered from ``source``."""
        self._into = into
        self._source = source
        self._performer = performer

    def sort(
        self, runs: Iterable[Run[Any]], *, overwrite: bool
    ) -> tuple[tuple[str, ...], list[Run[Any]]]:
        """Return the ids of the runs that wait, and the runs to render.

        Raises:
            RenderError: a directory waits that was rendered from something else, or has ended
                and would be replaced, or was not rendered at all.
        """
        waiting: list[str] = []
        fresh: list[Run[Any]] = []
        for run in runs:
            waits = (self._into / run.id).exists() and self._waits(run, overwrite=overwrite)
            if waits:
                waiting.append(run.id)
            else:
                fresh.append(run)
        return tuple(waiting), fresh

    def _waits(self, run: Run[Any], *, overwrite: bool) -> bool:
        directory = self._into / run.id
        if not (directory / MANIFEST).exists():
            message = f"cannot render run {run.id} into {str(directory)!r}: it was not made by"
            refuse(f"{message} expcache.", "Render into another directory.")
        manifest = read_manifest(directory)
        if failure_of(run._store, manifest) is not None:  # noqa: SLF001 - where it would be
            return False  # it was collected
        if overwrite:
            self._check_not_ended(directory, run)
            return False
        reason = self._changed(run, manifest)
        if reason:
            message = f"cannot render run {run.id} into {str(directory)!r}: the directory waits for"
            remedy = "Collect it first, render into another directory, or use overwrite=True."
            refuse(f"{message} its result, and was rendered {reason}.", remedy)
        return True

    def _check_not_ended(self, directory: Path, run: Run[Any]) -> None:
        if (directory / "status").exists():
            message = f"cannot overwrite {str(directory)!r}: run {run.id} has ended there."
            refuse(message, "Collect it first, or delete the directory.")

    def _changed(self, run: Run[Any], manifest: Manifest) -> str:
        if manifest.key != self._performer.key_of(run):
            return "for other code"
        return "from other templates" if manifest.source != self._source else ""


def failure_of(store: Store, manifest: Manifest) -> bytes | None:
    """Return the stored failure that was collected from the directory of a manifest."""
    envelope = store.get(manifest.experiment, f"{manifest.key}!")
    try:
        told = {} if envelope is None else read_header(envelope).rendered
    except RecordError:
        return None  # a damaged record of a failure tells nothing
    return envelope if told.get("token") == manifest.token else None
