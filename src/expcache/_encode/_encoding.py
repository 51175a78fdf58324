"""`encode`: one value to its canonical bytes, or an error that names the path."""

from __future__ import annotations

from threading import Thread

from xxhash import xxh3_128

from expcache._encode import (
    _callables,
    _instance,
    _refused,
    _registry,
    _standard,  # noqa: F401 - adds its encoders
)
from expcache._encode._dispatch import ENCODERS, LAZY, RESOLVERS, Refusal, find, too_deep
from expcache._encode._names import MET

SCHEME = 1
# What a class says of itself comes first; what cannot have an identity comes before what it holds.
RESOLVERS[:] = [
    _registry.resolve,
    _callables.resolve,
    _instance.resolve_exact,
    _refused.resolve,
    _instance.resolve,
]
_EXACT = ("decimal", "fractions", "ipaddress", "uuid", "zoneinfo")
_OTHERS = ("datetime", "numpy", "pandas", "pathlib", "polars", "torch")
LAZY.update(dict.fromkeys(_EXACT, "expcache._encode._numbers"))
LAZY.update({name: f"expcache._encode._{name}" for name in _OTHERS})


def encode(value: object, path: str = "value") -> bytes:
    """Return the canonical bytes of a value.

    Args:
        value: Any value; what it holds is encoded too.
        path: What the value is called in an error, such as ``params['model']``.

    Raises:
        IdentityError: The value, or something in it, has no canonical form.
    """
    kind = type(value)
    try:
        return (ENCODERS.get(kind) or find(kind))(value, 0)
    except Refusal as refusal:
        raise refusal.error(path) from refusal.__cause__
    except RecursionError:
        return _encode_afresh(value, path)


def encode_met(value: object, path: str, classes: list[type]) -> bytes:
    """Encode a value, and add the classes of all instances in it that are named by their class.

    Their names are part of the bytes, but what the classes do is not: that is code.
    """
    before, MET.classes = MET.classes, classes
    try:
        return encode(value, path)
    finally:
        MET.classes = before


def _encode_afresh(value: object, path: str) -> bytes:
    """Encode in a thread, whose stack is empty: the caller's was too full already."""
    found: list[bytes | Refusal | BaseException] = []
    classes = MET.classes

    def run() -> None:
        MET.classes = classes
        kind = type(value)
        try:
            found.append((ENCODERS.get(kind) or find(kind))(value, 0))
        except RecursionError:
            found.append(too_deep(value))
        except BaseException as error:  # noqa: BLE001 - carried to the caller, and raised there
            found.append(error)

    thread = Thread(target=run, name="expcache-encode")
    thread.start()
    thread.join()
    return _unwrap(found[0], path)


def _unwrap(outcome: bytes | BaseException, path: str) -> bytes:
    if isinstance(outcome, Refusal):
        raise outcome.error(path) from outcome.__cause__
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def digest(*chunks: bytes) -> str:
    """Return the xxh3-128 of the chunks one after the other: 32 hex digits."""
    state = xxh3_128()
    for chunk in chunks:
        state.update(chunk)
    return state.hexdigest()
