"""What lies in the directory of a finished run, and what such a directory is called."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["files_in", "is_name", "newest_change", "no_files"]

_NAME: Final = re.compile(r"[0-9a-f]{32}-[0-9a-f]{8}")


def is_name(name: object) -> bool:
    """Whether a record may call its directory so; any other name could lead elsewhere."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def files_in(directory: Path) -> dict[str, Path]:
    """Return all files below a directory by their relative names, sorted.

    A link counts as the file that it leads to; linked directories are not entered.
    """
    found: dict[str, Path] = {}
    waiting = [(directory, "")]
    while waiting:
        place, prefix = waiting.pop()
        try:
            entries = list(os.scandir(place))
        except FileNotFoundError:
            continue
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append((Path(entry.path), f"{name}/"))
            else:
                found[name] = Path(entry.path)
    return {name: found[name] for name in sorted(found)}


def no_files(folder: str, names: Iterable[str]) -> set[str]:
    """Return those names in a folder that no copy can have: of pipes, sockets and devices."""
    found = set()
    for name in names:
        try:
            mode = os.lstat(f"{folder}/{name}").st_mode
        except FileNotFoundError:
            continue
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            found.add(name)
    return found


def newest_change(path: str) -> float:
    """Return when something in a directory, or the directory itself, changed last."""
    latest = os.lstat(path).st_mtime
    for place, _, names in os.walk(path):
        for one in (place, *(os.path.join(place, name) for name in names)):  # noqa: PTH118 - text
            try:
                latest = max(latest, os.lstat(one).st_mtime)
            except FileNotFoundError:
                continue
    return latest
