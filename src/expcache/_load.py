"""Load runs by id, without the code that made them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, overload

from expcache._ids import is_ids_path, read_ids_file
from expcache._query import Located, id_of, is_failure, is_result, located_at
from expcache._run import Run
from expcache._runset import RunSet
from expcache._store import Store, current_store, open_store
from expcache.errors import AmbiguousIdError, UnknownIdError

__all__ = ["load"]

Trust: TypeAlias = "bool | None"

_SHORTEST = 6
_WHOLE = 32
_HEX = re.compile(r"[0-9a-f]{1,32}")
_SHOWN = 5


@overload
def load(
    what: str, *, store: str | os.PathLike[str] | Store | None = None, trust: bool | None = None
) -> Any: ...


@overload
def load(
    what: Iterable[str] | Path,
    *,
    store: str | os.PathLike[str] | Store | None = None,
    trust: bool | None = None,
) -> RunSet[Any]: ...


def load(
    what: str | Path | Iterable[str],
    *,
    store: str | os.PathLike[str] | Store | None = None,
    trust: bool | None = None,
) -> Run[Any] | RunSet[Any]:
    """Load stored runs by id; the code that made them is not needed.

    Args:
        what: an id or a prefix of at least six digits that fits one id only gives a ``Run``;
            several ids, or the path of a file written by ``save_ids``, give a ``RunSet``.
        store: where to look; the current store by default. For a ``.json`` file of ids
            that the current store does not know, the store that the file names.
        trust: whether results that need unpickling may be loaded. By default only from a
            store that is this user's own and that nobody else can write to.

    Raises:
        UnknownIdError: nothing is stored under an id, or the prefix is too short.
        AmbiguousIdError: several ids begin with the prefix.
    """
    _refuse_other(what)
    if isinstance(what, str) and not is_ids_path(what):
        return _load_one(_store(store), what, trust)
    if isinstance(what, (str, Path)):
        return _load_file(Path(what), store, trust)
    return _load_all(_store(store), list(what), trust)


def _refuse_other(what: object) -> None:
    if not isinstance(what, (str, Path, Iterable)):
        message = f"cannot load {what!r}: it is no id. Give an id, several ids, or a file of ids."
        raise UnknownIdError(message, id=repr(what))


def _store(store: str | os.PathLike[str] | Store | None) -> Store:
    if store is None:
        return current_store()
    return open_store(store, create=False) if isinstance(store, (str, os.PathLike)) else store


def _load_file(
    path: Path,
    store: str | os.PathLike[str] | Store | None,
    trust: bool | None,  # noqa: FBT001 - passed on as it was given
) -> RunSet[Any]:
    file = read_ids_file(path)
    try:
        return _load_all(_store(store), file.ids, trust)
    except UnknownIdError:
        if store is not None or file.store is None or not file.store.exists():
            raise
    return _load_all(open_store(file.store, create=False), file.ids, trust)


def _load_all(store: Store, ids: Sequence[str], trust: Trust) -> RunSet[Any]:
    """Load whole ids with one look at each experiment, whatever is not whole one by one."""
    stored: dict[str, list[tuple[str, str]]] = {}
    for experiment in store.experiments():
        for key in store.keys(experiment):
            if is_result(key) or is_failure(key):
                stored.setdefault(id_of(key), []).append((experiment, key))
    missing = [one for one in ids if len(one) == _WHOLE and one not in stored]
    if missing:
        _refuse_missing(store, ids, missing)
    runs: list[Run[Any]] = []
    for index, one in enumerate(ids):
        if one in stored:
            experiment, located = _newest(stored[one])
            runs.append(Run(store, experiment, one, located=located, trust=trust, index=index))
        else:
            runs.append(_load_one(store, one, trust, index))
    return RunSet(runs)


def _refuse_missing(store: Store, ids: Sequence[str], missing: Sequence[str]) -> None:
    message = f"cannot load {missing[0]!r}: no such id in the store {store.path}"
    if len(ids) > 1:
        message += f", nor {len(missing) - 1} others of the {len(ids)} ids"
    remedy = "Compute what is missing, check the ids, or name another store=."
    raise UnknownIdError(f"{message}. {remedy}", id=missing[0])


def _load_one(store: Store, prefix: str, trust: Trust, index: int | None = None) -> Run[Any]:
    _check_prefix(prefix)
    found = store.find(prefix)
    ids = list(dict.fromkeys(key[:32] for _, key in found if is_result(key) or is_failure(key)))
    if not ids:
        message = f"cannot load {prefix!r}: no such id in the store {store.path}."
        raise UnknownIdError(f"{message} Check the id, or name another store=.", id=prefix)
    if len(ids) > 1:
        _refuse_ambiguous(prefix, ids)
    experiment, located = _newest([(e, k) for e, k in found if k.startswith(ids[0])])
    return Run(store, experiment, ids[0], located=located, trust=trust, index=index)


def _newest(found: Sequence[tuple[str, str]]) -> tuple[str, Located]:
    # The newest result; a failure counts only where there is no result at all.
    results = [(experiment, key) for experiment, key in found if is_result(key)]
    failures = [(experiment, key) for experiment, key in found if is_failure(key)]
    experiment, key = (results or failures)[-1]
    return experiment, located_at(key)


def _check_prefix(prefix: str) -> None:
    if not _HEX.fullmatch(prefix):
        message = f"cannot load {prefix!r}: an id has 32 hex digits."
        raise UnknownIdError(f"{message} Give an id, or at least {_SHORTEST} of its first digits,"
                             " or the path of a file of ids.", id=prefix)  # fmt: skip
    if len(prefix) < _SHORTEST:
        message = f"cannot load {prefix!r}: {len(prefix)} digits are too few to tell an id."
        raise UnknownIdError(f"{message} Give at least {_SHORTEST}.", id=prefix)


def _refuse_ambiguous(prefix: str, ids: list[str]) -> None:
    shown = ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
    message = f"cannot load {prefix!r}: {len(ids)} ids begin with it: {shown}."
    raise AmbiguousIdError(f"{message} Give more digits.", id=prefix, candidates=tuple(ids))
