"""Where the session's results are kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_expcache._options import Options

if TYPE_CHECKING:
    from expcache import Store

__all__ = ["create_store", "leave_store", "store_line", "use_store"]

_choice = pytest.StashKey[Any]()


def use_store(config: pytest.Config, options: Options) -> None:
    """Choose the store of the session, as soon as somebody has imported expcache.

    Raises:
        pytest.Collector.CollectError: the store that was named cannot serve.
    """
    expcache = sys.modules.get("expcache")
    if expcache is None or _choice in config.stash:
        return
    try:
        # Looked for from rootdir; what a study or a conftest file chose stays chosen.
        config.stash[_choice] = expcache.use(
            options.store, start=None if options.store else config.rootpath
        )
    except expcache.errors.StoreError as error:
        raise pytest.Collector.CollectError(str(error)) from error


def create_store(config: pytest.Config) -> str | None:
    """Make the session's store, if there is none; return why that cannot be, or None."""
    try:
        config.stash[_choice].store.create()
    except sys.modules["expcache"].errors.StoreError as error:
        return str(error)
    return None


def leave_store(config: pytest.Config) -> None:
    """Go back to the store that was used before the session."""
    if _choice in config.stash:
        config.stash[_choice].__exit__(None, None, None)
        del config.stash[_choice]


def store_line(config: pytest.Config) -> str:
    """Return the line that names the store, relative to rootdir where it lies inside."""
    store: Store = config.stash[_choice].store
    path = Path(store.path)
    inside = path.is_absolute() and path.is_relative_to(config.rootpath)
    return f"expcache: store {path.relative_to(config.rootpath) if inside else store.path}"
