"""The store that experiments use when none is named: the one global, and its lock."""

from __future__ import annotations

import os
import threading
from functools import partial
from types import EllipsisType
from typing import TYPE_CHECKING, Final, final

from expcache._store._memory import MemoryStore
from expcache._store._place import find_place
from expcache._store._protocol import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from expcache._query import Stale
    from expcache._store._diskstore import DiskStore
    from expcache._store._protocol import Store

_lock: Final = threading.RLock()
_opened: Final[dict[str, DiskStore]] = {}
_chosen: Store | None = None
_default: Store | None = None


def open_store(path: str | os.PathLike[str] | None = None, *, create: bool = True) -> Store:
    """Open the store at *path*, or where this program's store lies; the same one each time.

    Args:
        path: a directory, or ``:memory:`` for a new store that is never written anywhere.
        create: make the directory if there is none.
    """
    from pathlib import Path  # noqa: PLC0415 - a program that only defines experiments needs none

    place = find_place(Path.cwd()) if path is None else Path(path).expanduser()
    if str(place) == MEMORY:
        return MemoryStore()
    name = os.path.realpath(place)
    with _lock:
        known = _opened.get(name)
        if known is None or known.gone or not (create or Path(name).is_dir()):
            # sqlite3 is not free to import, and a program that only defines experiments needs none.
            from expcache._store._diskstore import DiskStore  # noqa: PLC0415 - see above

            _opened[name] = DiskStore(Path(name), create=create)
        return _opened[name]


def current_store() -> Store:
    """Return the store in use: the one that `use` chose, or this program's own."""
    global _default  # noqa: PLW0603 - this module is where the global lives
    store = _chosen or _default
    if store is None:
        with _lock:
            store = _default = _default or open_store()
    return store


@final
class Use:
    """A choice of store, already made; as a context manager, made only for the block."""

    def __init__(
        self,
        store: Store | None,
        before: tuple[Store | None, Store | None],
        undo: Callable[[], object] | None = None,
    ) -> None:
        """Remember what was in use before, and what else to undo."""
        self._store: Final = store
        self._before: Final = before
        self._undo: Final = undo

    @property
    def store(self) -> Store:
        """The chosen store."""
        return self._store or current_store()

    @property
    def stale(self) -> Stale:
        """What is done now with runs that are stored for other code only.

        Raises:
            ValueError: the environment says what is no policy.
        """
        from expcache._stale import chosen_stale  # noqa: PLC0415 - only for those who ask

        return chosen_stale()

    def __enter__(self) -> Store:
        """Return the chosen store."""
        return self.store

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Go back to the store that was in use before; wait for what was put here."""
        global _chosen, _default
        if self._undo is not None:
            self._undo()
        if self._store is not None:
            self._store.flush()
        with _lock:
            _chosen, _default = self._before


def use(
    store: str | os.PathLike[str] | Store | EllipsisType | None = ...,
    *,
    start: str | os.PathLike[str] | None = None,
    stale: Stale | None = None,
) -> Use:
    """Keep and look up results in *store* from now on, or within a ``with`` block.

    Args:
        store: a directory, ``":memory:"``, an open store, or None for the program's own store,
            which is then looked for again. Left out, the store stays.
        start: with None for the store, the directory from which the program's own store is
            looked for instead of the working directory. A store that was chosen before stays.
        stale: what calls and sweeps that say nothing else do with runs that are stored for other
            code only: ``"recompute"``, ``"reuse"`` or ``"error"``. None: what was chosen before.

    Raises:
        ValueError: there is no such policy.
    """
    global _chosen, _default
    opened: Store | None
    default: Store | None
    if start is not None and (store is None or store is ...):
        opened, default = _chosen, open_store(find_place(start))
    elif isinstance(store, EllipsisType):
        opened, default = _chosen, _default
    else:
        opened = open_store(store) if isinstance(store, str | os.PathLike) else store
        default = _default if opened is not None else None
    undo = None if stale is None else _choose(stale)
    with _lock:
        before = _chosen, _default
        _chosen, _default = opened, default
    return Use(opened, before, undo)


def _choose(stale: Stale) -> Callable[[], object]:
    """Choose a policy; return what goes back to the one before."""
    from expcache._stale import choose_stale  # noqa: PLC0415 - for those who choose one

    return partial(choose_stale, choose_stale(stale))
