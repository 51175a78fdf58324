"""Who owns a claim: a process, told from all others, and whether it still lives."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import Final, NamedTuple

VARIABLE: Final = "EXPCACHE_LEASE"
BEATS: Final = 5
"""How often an owner shows itself within a lease."""


def _read_lease() -> float:
    with suppress(ValueError):
        lease = float(os.environ.get(VARIABLE, ""))
        if lease > 0:
            return lease
    return 60.0


LEASE = _read_lease()
"""Seconds after which an owner that shows no sign of life has lost its claims."""


class Owner(NamedTuple):
    """A process, as others find it."""

    uuid: str
    host: str
    boot: str
    namespace: str
    pid: int
    start: str


_this: Final[dict[int, Owner]] = {}


def this_owner() -> Owner:
    """Return this process; a forked child is another one."""
    # Of two threads that come here at once, both get the one that was first.
    return _this.get(0) or _this.setdefault(0, _describe())


def _describe() -> Owner:
    pid = os.getpid()
    start = _look(pid)[1] if _has_proc() else ""
    return Owner(os.urandom(16).hex(), _host(), _boot(), _namespace(), pid, start)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_this.clear)


class Observer:
    """Judges owners by what it has seen of them; one thread's at a time."""

    def __init__(self) -> None:
        """Have seen nobody yet."""
        self._seen: dict[str, tuple[int, float]] = {}

    def is_dead(self, owner: Owner, beat: int) -> bool:
        """Tell whether an owner is dead, or stopped for longer than the lease.

        On this machine a process that is not stopped lives, however long it shows no sign: a call
        into C may keep its threads from running. Elsewhere only the signs count, and only by the
        clock of the observer: two looks, a lease apart, with the same number of beats.
        """
        here = this_owner()
        if (owner.host, owner.namespace) == (here.host, here.namespace) and here.namespace:
            if owner.boot != here.boot:
                return True
            state = _state(owner)
            if state is not None:
                return state == "gone"
        return self._lapsed(owner.uuid, beat)

    def _lapsed(self, uuid: str, beat: int) -> bool:
        now = time.monotonic()
        seen = self._seen.get(uuid)
        if seen is None or seen[0] != beat:
            self._seen[uuid] = beat, now
            return False
        return now - seen[1] > LEASE


def _state(owner: Owner) -> str | None:
    """Tell whether a process of this machine is "gone" or "running"; None: its signs decide."""
    if sys.platform == "win32":
        return None
    if _has_proc():
        state, start = _look(owner.pid)
        if start and (start != owner.start or state in "ZXx"):
            return "gone"
        if start:
            return None if state in "Tt" else "running"
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return "gone"
    except OSError:
        return None
    return None


def _look(pid: int) -> tuple[str, str]:
    """Return the state and the start of a process, as Linux tells them; empty when it does not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as source:  # noqa: PTH123 - a third of Path's price
            fields = source.read().rpartition(b")")[2].split()
        return fields[0].decode(), fields[19].decode()
    except (OSError, IndexError):
        return "", ""


def _has_proc() -> bool:
    return sys.platform == "linux"


def _host() -> str:
    return os.uname().nodename if sys.platform != "win32" else os.environ.get("COMPUTERNAME", "")


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as source:  # noqa: PTH123
            return source.read().strip()
    except OSError:
        return ""


def _namespace() -> str:
    if sys.platform == "win32":
        return ""
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - as above
    except OSError:
        return "pid"
