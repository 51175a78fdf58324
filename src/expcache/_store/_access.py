"""Who may write to a directory, who may be trusted, and what it lies on."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import NamedTuple

from expcache._warning import warn
from expcache.errors import StoreWarning

MOUNTS = Path("/proc/self/mounts")
NETWORK_KINDS = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.sshfs", "gpfs"),
    *("lustre", "ncpfs", "nfs", "nfs4", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "virtiofs"),
}


class Access(NamedTuple):
    """What this user may do with a store, and why not."""

    writable: bool
    trusted: bool
    refusal: str = ""


def access_to(directory: Path) -> Access:
    """Judge a store's directory by its owner and its mode."""
    if sys.platform == "win32":
        return _writable_access(directory, trusted=True)
    facts = directory.stat()
    if facts.st_uid != os.geteuid():
        return Access(
            writable=False,
            trusted=False,
            refusal=f"cannot write to the store {str(directory)!r}: it belongs to another user "
            f"(uid {facts.st_uid}). Load from it, or use a store of your own: "
            "expcache.use(path).",
        )
    shared = bool(facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    if shared:
        warn(
            f"the store {str(directory)!r} can be written by other users, so what they put there "
            f"is not trusted. Close it to them: chmod go-w {str(directory)!r}.",
            StoreWarning,
        )
    return _writable_access(directory, trusted=not shared)


def _writable_access(directory: Path, *, trusted: bool) -> Access:
    if os.access(directory, os.W_OK | os.X_OK):
        return Access(writable=True, trusted=trusted)
    return Access(
        writable=False,
        trusted=trusted,
        refusal=f"cannot write to the store {str(directory)!r}: the directory is read-only. "
        "Load from it, or use a store of your own: expcache.use(path).",
    )


def on_network(directory: Path) -> bool:
    """Tell whether a directory lies on a network file system, where that can be known."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    kinds = {_unescape(point): kind for _, point, kind, *_ in map(str.split, lines)}
    place = Path(os.path.realpath(directory))
    for ancestor in (place, *place.parents):
        if str(ancestor) in kinds:
            return kinds[str(ancestor)] in NETWORK_KINDS
    return False


def _unescape(point: str) -> str:
    return point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
