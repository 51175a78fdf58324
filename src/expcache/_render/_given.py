"""The params of a run as other programs get them: files beside it, values as JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from expcache._directory import SHARED, place
from expcache._file import File
from expcache._program import write_params
from expcache._render._refusal import refuse

__all__ = ["Given", "there"]


class Given:
    """The params of one run, with files by the names that they have in its directory.

    Args:
        params: the full params.
        files: those that every run gets.

    Raises:
        RenderError: two files would have one name there.
    """

    def __init__(self, params: Mapping[str, Any], files: Iterable[File] = ()) -> None:
        """Take the params; nothing is copied yet."""
        self._files: dict[str, File] = {}
        for file in files:
            self._named(file)
        self.values: dict[str, Any] = _mapped(dict(params), self._named)
        """With the names of files in their places: for templates and other programs."""
        self.local: dict[str, Any] = _mapped(dict(params), there)
        """With files as they are in the directory: for Python."""

    def _named(self, file: File) -> str:
        known = self._files.setdefault(file.name, file)
        if os.path.realpath(known.path) != os.path.realpath(file.path):
            message = f"cannot render the files {known.path!r} and {file.path!r}: in the directory"
            remedy = "Give one another name: File(path, rename=...)."
            refuse(f"{message} of the run both would be {file.name!r}.", remedy)
        return file.name

    @property
    def digests(self) -> dict[str, str]:
        """The content of each file, by the name."""
        return {name: file.digest for name, file in self._files.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(self._files)

    def place(self, directory: Path, shared: Path) -> None:
        """Bring the files to the directory of the run, each as its ``link`` says.

        Args:
            directory: of the run.
            shared: the directory beside it that has one copy for all runs.
        """
        for name, file in self._files.items():
            target = str(directory / name)
            try:
                place(file.path, target, file.link, str(shared / SHARED), file.digest)
            except OSError as error:
                message = f"cannot render the file {file.path!r}: {error.strerror or error}."
                refuse(message, "Check the path.")
            if file.has_changed:
                refuse(f"cannot render the file {file.path!r}: it changes.", "Render again.")

    def write(self, path: Path, owner: str) -> None:
        """Write the values as JSON.

        Raises:
            ParameterError: JSON has no form of one.
        """
        write_params(str(path), self.values, owner)


def there(file: File) -> File:
    """Return a file as it is in the directory of the run, for who works there."""
    return File(file.name, link=file.link, rename=file.rename)


def _mapped(value: Any, change: Callable[[File], Any]) -> Any:
    if isinstance(value, File):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_mapped(one, change) for one in value)
    if type(value) is dict:
        return {key: _mapped(one, change) for key, one in value.items()}
    return value
