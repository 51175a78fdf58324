"""The params of a run as other programs get them: files beside it, values as JSON."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expcache._file import File
from expcache._render._refusal import refuse

__all__ = ["Given"]


class Given:
    """The params of one run, with files by the names that they have in its directory.

    Raises:
        RenderError: two files would have one name there.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        """Take the params; nothing is copied yet."""
        self._files: dict[str, str] = {}
        self.values: dict[str, Any] = {name: self._local(value) for name, value in params.items()}

    def _local(self, value: Any) -> Any:
        if isinstance(value, File):
            return self._named(value.path)
        if type(value) in (list, tuple):
            return type(value)(map(self._local, value))
        if type(value) is dict:
            return {key: self._local(one) for key, one in value.items()}
        return value

    def _named(self, path: str) -> str:
        name = Path(path).name
        if os.path.realpath(self._files.setdefault(name, path)) != os.path.realpath(path):
            message = f"cannot render the files {self._files[name]!r} and {path!r}: in the"
            refuse(f"{message} directory of the run both would be {name!r}.", "Rename one.")
        return name

    @property
    def digests(self) -> dict[str, str]:
        """The content of each file, by the name."""
        return {name: File(path).digest for name, path in self._files.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(self._files)

    def copy(self, into: Path) -> None:
        """Copy the files to the directory of the run."""
        for name, path in self._files.items():
            try:
                shutil.copy(path, into / name)
            except OSError as error:
                message = f"cannot render the file {path!r}: {error.strerror or error}."
                refuse(message, "Check the path.")

    def text(self) -> str | None:
        """Return the values as JSON; None if there is one that JSON has no form of."""
        try:
            return json.dumps(self.values, default=_plain, indent=1) + "\n"
        except (TypeError, ValueError):
            return None


def _plain(value: Any) -> Any:
    """Return what JSON has in place of a path, and of numbers and arrays of numpy."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__module__.partition(".")[0] == "numpy":
        return value.tolist()
    raise TypeError
