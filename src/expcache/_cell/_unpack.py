"""Read cells that came from another process, and become a fit place for them."""

from __future__ import annotations

import importlib
import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

from expcache._cell._around import give_to_runs
from expcache._cell._common import PYTHON, SCHEME, Common, Payload, Point, sender
from expcache._cell._pickler import loads
from expcache._cell._reply import Refusal
from expcache._cell._rules import NotHereError
from expcache._cell._shipped import adopt
from expcache._encode import adopt_main
from expcache._signature import Signature
from expcache._store import use

__all__ = ["unpack"]

_KEPT = 4
_latest: dict[str, Common | Refusal] = {}
_lock = threading.RLock()
_used = ""


def unpack(payload: bytes) -> tuple[Common, list[Point]] | Refusal:
    """Return what cells share and what each has of its own, or why they cannot be computed."""
    try:
        sent = Payload(*pickle.loads(payload))  # noqa: S301 - from our own parent
    except Exception as error:  # noqa: BLE001 - any bytes are possible
        return Refusal("version", f"the cells cannot be read ({type(error).__name__}: {error})")
    if (sent.scheme, sent.python) != (SCHEME, PYTHON):
        here, there = (".".join(map(str, one)) for one in (PYTHON, sent.python))
        same = f"Python {there} and Python {here}" if here != there else "two versions of expcache"
        return Refusal("version", f"they were sent between {same}")
    with _lock:
        common = _latest.pop(sent.digest, None) or _load(sent)
        _latest[sent.digest] = common
        while len(_latest) > _KEPT:
            del _latest[next(iter(_latest))]
        if isinstance(common, Refusal):
            return common
        if sent.sender != sender():
            near = sent.sender[0] == sender()[0]
            common.files = common.files if near or _is_shared(common) else None
            _enter(common, near=near)
    return common, [Point(*point) for point in sent.points]


def _load(sent: Payload) -> Common | Refusal:
    try:
        common: Common = loads(sent.common)
        if common.modules:
            adopt(common.modules)
        common.signature = Signature(common.function, common.experiment)
        changed = _is_changed(common)
    except NotHereError as error:
        return Refusal("import", f"it cannot import {error}")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's modules and classes
        return Refusal("pickle", f"reading the function raised {type(error).__name__}: {error}")
    if changed:
        return Refusal("code", "what it imports is not the code of the process that sends")
    return common


def _is_changed(common: Common) -> bool:
    if common.checked is None:
        return False
    from expcache._code import Tracker  # noqa: PLC0415 - only where code is imported anew

    found = Tracker(common.function, depends=common.depends).current().digest
    return found != common.checked


def _enter(common: Common, *, near: bool) -> None:
    """Take over from the sender what computing depends on beside the function."""
    global _used  # noqa: PLW0603 - the store and the main module are global too
    give_to_runs()
    adopt_main(common.main)
    if common.store and common.store != _used:
        # On another machine without that directory, nothing is to be left behind.
        use(common.store if near or os.path.isdir(common.store) else ":memory:")  # noqa: PTH112
        _used = common.store
    _set_levels(common.levels)


def _is_shared(common: Common) -> bool:
    return common.shared and common.files is not None and os.path.isdir(common.files)  # noqa: PTH112


def _set_levels(levels: dict[str, int]) -> None:
    if levels:
        logging = importlib.import_module("logging")
        get: Callable[[str | None], Any] = logging.getLogger
        for name, level in levels.items():
            get(None if name == "root" else name).setLevel(level)
