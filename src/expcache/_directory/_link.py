"""A file brought into the directory of a run: copied, shared between runs, or linked."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import Final

from expcache._file import File

__all__ = ["SHARED", "place"]

SHARED: Final = ".shared"


def place(source: str, target: str, link: str, area: str, digest: str) -> None:
    """Bring a file to its place.

    Args:
        source: where it lies.
        target: where it is to be; nothing is there.
        link: ``"copy"`` makes it the run's own, ``"shared"`` leads to the one copy that all runs
            have of this content, ``"link"`` to the file itself.
        area: the directory of the shared copies.
        digest: of the content.
    """
    if link == "link":
        os.symlink(os.path.abspath(source), target)  # noqa: PTH100, PTH211 - text, and not resolved
    elif link == "copy":
        shutil.copy2(source, target)
    else:
        shared = f"{area}/{digest}"
        # Somebody may have written to the copy: who runs as root is not stopped by its mode.
        if os.path.exists(shared) and File(shared).digest != digest:  # noqa: PTH110 - text
            _copy(source, shared, anew=True)
        _share(source, target, shared)


def _share(source: str, target: str, shared: str) -> None:
    """Link to the shared copy: by a second name of it, so that it lasts as long as either."""
    with contextlib.suppress(FileNotFoundError):
        _link(shared, target)
        return
    _copy(source, shared)
    _link(shared, target)


def _copy(source: str, shared: str, *, anew: bool = False) -> None:
    """Make the shared copy: one that somebody else makes meanwhile stays, unless ``anew``."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(os.path.dirname(shared), 0o700)  # noqa: PTH102, PTH120 - text
    passing = f"{shared}.{os.urandom(4).hex()}"
    shutil.copy(source, passing)  # with the time of now: unused, it is not to look old
    # Whoever writes to one would write to all of them.
    os.chmod(passing, os.stat(passing).st_mode & 0o555)  # noqa: PTH101, PTH116 - text
    if not anew:
        with contextlib.suppress(OSError):  # it is there by now, or there are no links here
            os.link(passing, shared)
        if os.path.exists(shared):  # noqa: PTH110 - text
            os.unlink(passing)  # noqa: PTH108 - text
            return
    os.replace(passing, shared)  # noqa: PTH105 - text


def _link(shared: str, target: str) -> None:
    try:
        os.link(shared, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links, or too many of them
        shutil.copy2(shared, target)
