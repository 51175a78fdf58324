"""Where the writer's thread works: open caches, transactions, and what to do when they fail."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

import diskcache  # type: ignore[import-untyped]

from expcache._store._disk import add_all, is_busy, open_cache
from expcache._store._fence import Fence, tidy
from expcache._store._lock import WriteLock
from expcache._store._numbers import note_numbers
from expcache._store._patience import PATIENCE, attempts
from expcache.errors import StoreError

if TYPE_CHECKING:
    from expcache._store._folder import Folder
    from expcache._store._write import Write

MOST_OPEN: Final = 32
TURN_SECONDS: Final = 0.001
MANY: Final = 8
"""So many writes are made together, where nothing stands in their way."""

Identity = tuple[int, int]


class Bench:
    """The diskcache objects of one thread, opened when needed and closed there."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._open: dict[str, tuple[Folder, Identity, Any]] = {}
        self._untidy: dict[str, Folder] = {}

    def write(self, writes: list[Write]) -> None:
        """Commit writes, one transaction for each experiment; settle each of them. Never raises."""
        groups: dict[str, list[Write]] = {}
        for write in writes:
            groups.setdefault(str(write.folder.path), []).append(write)
        for group in groups.values():
            self._write_group(group)

    def _write_group(self, group: list[Write]) -> None:
        folder = group[0].folder
        try:
            wins = self._commit(folder, group)
        except StoreError as error:
            _settle_all(group, error)
        except Exception as error:  # noqa: BLE001 - a thread that died would leave waiters behind
            if len(group) == 1:
                _settle_all(group, _explain(folder, error))
                return
            for write in group:  # one write may have spoilt it for the others
                self._write_group([write])
        else:
            for write, won in zip(group, wins, strict=True):
                write.settle(won=won is True, fenced=won is None)
            if any(write.claim is not None for write in group):
                self._untidy[str(folder.path)] = folder

    def _commit(self, folder: Folder, group: list[Write]) -> list[bool | None]:
        """Return which writes won; None stands for one that came too late for its claim."""
        folder.create()
        for number in attempts(PATIENCE):
            if number:
                time.sleep(TURN_SECONDS)
            with WriteLock(folder.lock):
                try:
                    fence = Fence(group)
                    cache = self._cache(folder)
                    with cache.transact():
                        wins = _apply_all(cache, group, fence)
                        note_numbers(cache, group)
                except BaseException as error:
                    # Whatever a failed transaction left open ends with its connection.
                    self._drop(folder)
                    if not is_busy(error):
                        raise
                    continue
            fence.lift()
            return wins
        raise StoreError(
            f"cannot write to {str(folder.path)!r}: its database has been locked for "
            f"{PATIENCE:g} seconds. End the program that keeps it open.",
            path=str(folder.path),
        )

    def _cache(self, folder: Folder) -> Any:
        name = str(folder.path)
        facts = os.stat(folder.database)  # noqa: PTH116 - as in the reader
        identity = facts.st_dev, facts.st_ino
        held = self._open.get(name)
        if held is not None and held[1] == identity:
            return held[2]
        if held is not None or len(self._open) >= MOST_OPEN:
            self._drop(folder if held is not None else next(iter(self._open.values()))[0])
        cache = open_cache(folder.path, journal=folder.journal)
        self._open[name] = folder, identity, cache
        return cache

    def _drop(self, folder: Folder) -> None:
        held = self._open.pop(str(folder.path), None)
        if held is not None:
            with contextlib.suppress(sqlite3.Error):
                held[2].close()

    def tidy(self) -> None:
        """Remove what is left of the claims of what was written."""
        while self._untidy:
            tidy(self._untidy.popitem()[1])

    def close(self) -> None:
        """Close every cache; the last connection of a database also tidies its log away."""
        self.tidy()
        while self._open:
            folder = next(iter(self._open.values()))[0]
            with contextlib.ExitStack() as stack:
                with contextlib.suppress(OSError):  # StoreError too: close it nevertheless
                    stack.enter_context(WriteLock(folder.lock))
                self._drop(folder)


def _apply_all(cache: Any, group: list[Write], fence: Fence) -> list[bool | None]:
    if len(group) >= MANY:
        rows = [
            (write.key, write.envelope)
            for write in group
            if write.envelope is not None and fence.lets(write)
        ]
        if len(rows) == len(group) and add_all(cache, rows):
            return [True] * len(rows)
    return [_apply(cache, write) if fence.lets(write) else None for write in group]


def _apply(cache: Any, write: Write) -> bool:
    if write.envelope is None:
        return True in [cache.delete(key) for key in (write.key, *write.others)]
    if cache.add(write.key, write.envelope):
        return True
    if not write.replace:
        return False
    # Not `set`, which keeps the old row: the order of rows is the order of writing.
    cache.delete(write.key)
    return bool(cache.add(write.key, write.envelope))


def _settle_all(group: list[Write], error: StoreError) -> None:
    for write in group:
        write.settle(error=error)


def _explain(folder: Folder, error: Exception) -> StoreError:
    cause = error.__context__ if isinstance(error, diskcache.Timeout) else error
    reason = str(cause) or type(cause).__name__
    if isinstance(cause, OSError) and cause.strerror:
        reason = cause.strerror
    explained = StoreError(
        f"cannot write to {str(folder.path)!r}: {reason}. Nothing half-written stays. Make room "
        "or restore the directory, or use another store: expcache.use(path).",
        path=str(folder.path),
    )
    explained.__cause__ = cause
    return explained
