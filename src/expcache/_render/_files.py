"""The files that a run left in its rendered directory, kept in the store as its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from expcache._directory import Private, copied, is_name, no_files, put_away
from expcache._file import File
from expcache._render._manifest import MANIFEST, Manifest
from expcache._render._refusal import refuse
from expcache._render._scripts import ENVIRONMENT, FILES, RECORD, RUN, STAMPS
from expcache._store import Store

__all__ = ["copy_files", "remove_files"]

_OURS = frozenset({MANIFEST, RUN, RECORD, ENVIRONMENT, FILES, "jobscript", "payload", "status"})


def copy_files(store: Store, directory: Path, manifest: Manifest, own: str) -> str:
    """Copy what a run left into the store; return the name of the copy, "" if there is nothing.

    Of a command that is all but what expcache wrote itself, and files that are params.

    Args:
        store: where to.
        directory: where the run was computed.
        manifest: what was rendered there.
        own: the name of the directory that a function made there; "" if it made none.

    Raises:
        RenderError: the files cannot be copied.
    """
    if manifest.kind == "python" and not is_name(own):
        return ""
    place = store.files_directory(manifest.experiment, create=True)
    if place is None:
        return ""  # the record will tell why
    try:
        if manifest.kind == "python":
            return copied(str(directory / FILES / own), place, manifest.key, manifest.id)
        return _copied(directory, place, manifest)
    except (OSError, shutil.Error) as error:
        message = f"cannot collect run {manifest.id}: its files cannot be copied ({error})."
        refuse(message, "Make room, or make them readable, and collect again.")


def _copied(directory: Path, place: str, manifest: Manifest) -> str:
    private = Private.make(place, manifest.key)
    try:
        shutil.copytree(
            directory,
            private.path,
            symlinks=True,
            dirs_exist_ok=True,
            ignore=_ignored(directory, manifest),
        )
    except BaseException:
        shutil.rmtree(private.path, ignore_errors=True)
        private.abandon()
        raise
    return private.settle(manifest.id)


def _ignored(directory: Path, manifest: Manifest) -> Callable[[str, list[str]], set[str]]:
    params = {name for name, known in manifest.files.items() if _digest(directory / name) == known}
    left_out = {*_OURS, *STAMPS, *params}

    def ignore(folder: str, names: Iterable[str]) -> set[str]:
        ours = left_out.intersection(names) if Path(folder) == directory else set()
        return ours | no_files(folder, names)

    return ignore


def _digest(path: Path) -> str:
    return File(path).digest if path.is_file() else ""


def remove_files(store: Store, experiment: str, name: str) -> None:
    """Remove a copy that no record came to name."""
    place = store.files_directory(experiment)
    if place is not None and is_name(name):
        put_away(place, name)
