"""Which source file an experiment's name belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from expcache.errors import NameClashError

PROJECT_MARKS = ("pyproject.toml", ".git")


class Origin(NamedTuple):
    """A source file: where it is, and where in its project."""

    file: str
    relative: str | None

    @classmethod
    def of(cls, file: str) -> Origin:
        """Describe a source file by its path and its path below the nearest project root."""
        path = Path(file).absolute()
        for home in path.parents:
            if any((home / mark).exists() for mark in PROJECT_MARKS):
                return cls(str(path), path.relative_to(home).as_posix())
        return cls(str(path), None)

    @classmethod
    def from_tree(cls, tree: Any) -> Origin | None:
        """Read what `to_tree` wrote; None when it is something else."""
        if not isinstance(tree, dict) or not isinstance(tree.get("file"), str):
            return None
        relative = tree.get("relative")
        return cls(tree["file"], relative if isinstance(relative, str) else None)

    def to_tree(self) -> dict[str, str | None]:
        """Return the origin as plain JSON."""
        return {"file": self.file, "relative": self.relative}


def agree(name: str, known: Origin | None, new: Origin) -> bool:
    """Decide whether *new* may use a name that *known* uses; return whether to note it.

    The same place in another checkout is the same function, and a file that is gone has moved.

    Raises:
        NameClashError: when both files exist and differ.
    """
    if known is None:
        return True
    if known.file == new.file:
        return known.relative != new.relative
    if known.relative is not None and known.relative == new.relative:
        return False
    if not Path(known.file).exists():
        return True
    raise NameClashError(
        f"cannot use the name {name!r} for {new.file}: {known.file} already uses it in this "
        "store. Give one of them a name=...",
        name=name,
        files=(known.file, new.file),
    )
