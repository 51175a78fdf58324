"""Kinds that can have no identity: they are used up, change in use, or belong to the process."""

from __future__ import annotations

from types import AsyncGeneratorType, CoroutineType, GeneratorType

from expcache._encode._dispatch import ENCODERS, Encoder, refusing

_READ = "Pass a list of its items: reading it would use it up"
_AWAITED = "Await it first, and pass the result"
SEED = "Pass a seed, and make the generator inside the experiment: its state changes in use"
_FILE = "Pass the path, or expcache.File(path) to identify the content"
_LIVE = "Make it inside the experiment, or leave the parameter out with ignore="
_SECRET = "Leave the parameter out with ignore=: parameters are stored as text"  # noqa: S105
_REFERENT = "Pass what it refers to"

_SECRETS = {"SecretStr", "SecretBytes", "Secret"}
_ROOTS = {
    "io": _FILE,
    "_io": _FILE,
    "tempfile": _FILE,
    "random": SEED,
    "_random": SEED,
    "weakref": _REFERENT,
    "_weakref": _REFERENT,
    "_weakrefset": _REFERENT,
    **dict.fromkeys(
        (
            "_asyncio",
            "_contextvars",
            "_ctypes",
            "_queue",
            "_socket",
            "_sqlite3",
            "_ssl",
            "_thread",
            "asyncio",
            "concurrent",
            "contextvars",
            "ctypes",
            "multiprocessing",
            "queue",
            "selectors",
            "socket",
            "sqlite3",
            "ssl",
            "subprocess",
            "threading",
        ),
        _LIVE,
    ),
}


def resolve(kind: type) -> Encoder | None:
    """Find the remedy by the nearest base that is known to be alive."""
    if any(base.__name__ in _SECRETS for base in kind.__mro__):
        return refusing(_SECRET)
    if hasattr(kind, "__next__") and hasattr(kind, "__iter__"):
        return refusing(_FILE if _root(kind) in {"io", "_io"} else _READ)
    if hasattr(kind, "__await__"):
        return refusing(_AWAITED)
    for base in kind.__mro__:
        remedy = _ROOTS.get(base.__module__.partition(".")[0])
        if remedy is not None and not issubclass(kind, (int, str, tuple)):
            return refusing(remedy)
    return None


def _root(kind: type) -> str:
    roots = (base.__module__.partition(".")[0] for base in kind.__mro__)
    return next((root for root in roots if root in {"io", "_io"}), "")


ENCODERS.update(
    {
        GeneratorType: refusing(_READ),
        CoroutineType: refusing(_AWAITED),
        AsyncGeneratorType: refusing(_READ, "async generator"),
    },
)
