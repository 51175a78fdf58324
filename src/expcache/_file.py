"""A file as a parameter, identified by what is in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

from xxhash import xxh3_128

from expcache.errors import IdentityError

__all__ = ["File", "files_among"]

_CHUNK = 1 << 20


class File:
    """A parameter that stands for the content of a file.

    Two paths to equal content are one id, and a changed file is another. The function gets the
    ``File`` itself, which ``open`` and every path function accept.

    Args:
        path: where the file lies; it need not exist before it is used.
        link: how it gets into the directory of a run, of a ``command`` or by
            ``current_run().place(file)``: ``"copy"`` makes it the run's own, ``"shared"`` is the
            one copy that all runs have of this content, not to be written to, ``"link"`` leads
            to the file itself.
        rename: its name there; by default the last part of the path. Neither is part of the id.

    Raises:
        ValueError: there is no such link, or the name leads elsewhere.
    """

    __slots__ = ("_identified", "link", "path", "rename")

    def __init__(
        self,
        path: str | os.PathLike[str],
        link: Literal["copy", "shared", "link"] = "copy",
        rename: str | None = None,
    ) -> None:
        """Remember the path."""
        self.path = os.fspath(path)
        self.link = link
        self.rename = rename
        self._identified = ""
        if link not in ("copy", "shared", "link"):
            message = f"cannot make a File with link={link!r}: no such link."
            raise ValueError(f"{message} Use 'copy', 'shared' or 'link'.")
        if rename is not None and (os.path.basename(rename) != rename or rename in ("", ".", "..")):  # noqa: PTH119 - text
            message = f"cannot make a File with rename={rename!r}: it is no name of a file."
            raise ValueError(f"{message} Give a name without directories.")

    @property
    def name(self) -> str:
        """Its name in the directory of a run."""
        return self.rename or os.path.basename(self.path)  # noqa: PTH119 - text

    def __fspath__(self) -> str:
        """Return the path, for ``open`` and its kin."""
        return self.path

    def __repr__(self) -> str:
        """Show the path."""
        return f"File({self.path!r})"

    def __eq__(self, other: object) -> bool:
        """Whether the other is a file of the same path, and gets to a run in the same way."""
        if not isinstance(other, File):
            return False
        return (self.path, self.link, self.rename) == (other.path, other.link, other.rename)

    def __hash__(self) -> int:
        """Hash the path."""
        return hash(self.path)

    @property
    def digest(self) -> str:
        """The xxh3-128 of the content, 32 hex digits; read anew when size or time changed.

        Raises:
            IdentityError: the file cannot be read.
        """
        try:
            seen = os.stat(self.path)  # noqa: PTH116 - no Path on the way to an id
            where = os.path.abspath(self.path)  # noqa: PTH100 - no Path on the way to an id
            return _digest(where, seen.st_size, seen.st_mtime_ns, seen.st_ino)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"cannot identify the content of {self.path!r}: {reason}."
            raise IdentityError(
                f"{message} Check the path.", path=self.path, kind="File"
            ) from error

    def __expcache_key__(self) -> tuple[str, str]:
        """Stand for the content in an id."""
        self._identified = self.digest
        return "content", self._identified

    @property
    def has_changed(self) -> bool:
        """Whether the content is not what an id or a code was last taken of, here or by a sender.

        Raises:
            IdentityError: the file cannot be read.
        """
        known = getattr(self, "_identified", "")  # an older pickle has none
        return bool(known) and self.digest != known


def files_among(values: Iterable[object]) -> Iterator[File]:
    """Yield the files among some values, and inside of plain containers of them."""
    for value in values:
        if isinstance(value, File):
            yield value
        elif isinstance(value, (list, tuple, set, frozenset)):
            yield from files_among(value)
        elif isinstance(value, dict):
            yield from files_among(value.values())


@lru_cache(maxsize=4096)
def _digest(path: str, size: int, mtime: int, inode: int) -> str:  # noqa: ARG001 - the key
    digest = xxh3_128()
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
