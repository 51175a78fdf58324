"""Small files and directories that appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PRIVATE = 0o700


def write_text(path: Path, text: str) -> None:
    """Write a small file of text, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file by renaming a finished one into its place."""
    passing = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        with passing.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        passing.replace(path)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise


def create_directory(path: Path, fill: Callable[[Path], None]) -> bool:
    """Create a directory by filling a private sibling and renaming it.

    Returns:
        False when somebody else created it first.
    """
    import shutil  # noqa: PLC0415 - three milliseconds, only for a new store

    passing = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    passing.mkdir(mode=PRIVATE)
    try:
        fill(passing)
        passing.rename(path)
    except OSError:
        if not path.is_dir():
            raise
        return False
    else:
        sync_directory(path.parent)
        return True
    finally:
        shutil.rmtree(passing, ignore_errors=True)


def sync_directory(path: Path) -> None:
    """Make renames in a directory survive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot sync a directory
            os.fsync(handle)
    finally:
        os.close(handle)
