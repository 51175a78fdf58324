"""Whether the code that is about to run is what git has: nothing changed, nothing left out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from expcache._environment import git_says
from expcache.errors import StoreError, UncommittedError

__all__ = ["refuse_uncommitted", "requires_clean_git"]

_SHOWN = 3


def requires_clean_git(places: Iterable[str]) -> bool:
    """Return what ``[tool.expcache] require_clean_git`` says, in the first project that says it.

    Args:
        places: directories in projects.

    Raises:
        StoreError: the setting is neither true nor false.
    """
    for place in places:
        found = _configured(Path(place))
        if found is not None:
            return found
    return False


def _configured(start: Path) -> bool | None:
    files = (home / "pyproject.toml" for home in (start, *start.parents))
    file = next((file for file in files if file.is_file()), None)
    if file is None or b"require_clean_git" not in (text := file.read_bytes()):
        return None
    import tomllib  # noqa: PLC0415 - read only by projects that configure it

    try:
        tool: Any = tomllib.loads(text.decode()).get("tool", {})
    except ValueError as error:
        reason = f"cannot read whether a clean git is required from {str(file)!r}: {error}."
        raise StoreError(f"{reason} Correct the file.", path=str(file)) from error
    found = tool.get("expcache", {}).get("require_clean_git")
    if found is None or isinstance(found, bool):
        return found
    reason = f"cannot use {found!r} as [tool.expcache] require_clean_git in {str(file)!r}"
    raise StoreError(f"{reason}: it is neither true nor false. Write true.", path=str(file))


def refuse_uncommitted(name: str, places: Iterable[str]) -> None:
    """Refuse to run a sweep whose projects hold what git has not.

    Args:
        name: of the sweep.
        places: directories in these projects.

    Raises:
        UncommittedError: a file that git knows has changed, git does not know a file of Python,
            or a directory is in no repository that has a commit.
    """
    changed: dict[str, None] = {}
    for place in dict.fromkeys(places):
        found = _uncommitted(place)
        if found is None:
            message = f"cannot run {name!r} with a clean git: {place!r} is in no repository that"
            remedy = "Commit the code, or run it without require_clean_git."
            raise UncommittedError(f"{message} has a commit. {remedy}", changed=())
        changed |= dict.fromkeys(found)
    if changed:
        shown = ", ".join(map(repr, list(changed)[:_SHOWN]))
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise UncommittedError(
            f"cannot run {name!r} with a clean git: {shown}{more} "
            f"{'is' if len(changed) == 1 else 'are'} not as in the last commit. "
            "Commit the changes, or run it without require_clean_git.",
            changed=tuple(changed),
        )


def _uncommitted(place: str) -> list[str] | None:
    """Return what git would have to take in, or None where there is no commit."""
    if _says(place, "rev-parse", "--verify", "-q", "HEAD") is None:
        return None
    told = _says(place, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
    entries = [] if told is None else [entry for entry in told.split("\0") if entry]
    return [entry[3:] for entry in entries if not entry.startswith("??") or entry.endswith(".py")]


def _says(place: str, *words: str) -> str | None:
    return git_says("-C", place, *words, seconds=60)  # a whole tree may be looked at
