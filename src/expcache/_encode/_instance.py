"""Canonical bytes of instances: enum members, field classes, subclasses of a known kind."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, Flag
from functools import cached_property
from types import MemberDescriptorType
from typing import Any

from expcache._encode._builtin import encode_int, encode_str
from expcache._encode._dispatch import ENCODERS, Encoder, child, named
from expcache._encode._names import type_name

_MISSING = named("missing")
# A subclass may override how it shows itself; its base still knows the plain value.
PLAIN: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    bytearray: lambda value: bytearray.__getitem__(value, slice(None)),
    list: lambda value: list.__getitem__(value, slice(None)),
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    dict: dict.copy,
    set: lambda value: set.union(set(), value),
    frozenset: lambda value: frozenset.union(frozenset(), value),
}
STATES: dict[type, Callable[[Any], dict[str, Any]]] = {}


def _enum(value: Enum, _depth: int) -> bytes:
    return named("enum", encode_str(type_name(type(value)), 0), encode_str(value.name, 0))


def _flag(value: Flag, _depth: int) -> bytes:
    """Write the names of the bits that have one, and the bits that have none."""
    name, bits = encode_str(type_name(type(value)), 0), int(value.value)
    known = [member for member in type(value) if bits & member.value == member.value]
    for member in known:
        bits &= ~member.value
    names = sorted(encode_str(str(member.name), 0) for member in known)
    return named("flag", name, encode_int(bits, 0), *names)


def _by_fields(kind: type, every: dict[str, bool], mark: str, base: type | None) -> Encoder:
    """Return an encoder of the type's name and the fields that count, as they were declared.

    A subclass that was not decorated again may keep more in its instances than its fields say.
    """
    known = [name for name, counts in every.items() if counts]
    undecorated = mark not in vars(kind)

    def encoder(value: Any, depth: int) -> bytes:
        parts = [encode_str(type_name(type(value)), 0)]
        parts += [encode_str(name, 0) + _field(value, name, depth) for name in known]
        if base is not None:
            parts.append(_payload(value, base, depth))
        if undecorated:
            rest = {k: v for k, v in state(value, base or object).items() if k not in every}
            parts.append(child(rest, depth, "", value))
        return named("fields", *parts)

    return encoder


def _field(value: Any, name: str, depth: int) -> bytes:
    try:
        inner = getattr(value, name)
    except AttributeError:
        return _MISSING
    return child(inner, depth, "." + name, value)


def _model(value: Any, depth: int) -> bytes:
    """Write a pydantic model: fields, then extras; private attributes do not count."""
    kind = type(value)
    parts = [encode_str(name, 0) + _field(value, name, depth) for name in kind.__pydantic_fields__]
    extras = child(value.__pydantic_extra__ or {}, depth, "", value)
    return named("model", encode_str(type_name(kind), 0), extras, *parts)


def _sub(base: type) -> Encoder:
    def encoder(value: Any, depth: int) -> bytes:
        return named(
            "sub",
            encode_str(type_name(type(value)), 0),
            _payload(value, base, depth),
            child(state(value, base), depth, "", value),
        )

    return encoder


def _payload(value: Any, base: type, depth: int) -> bytes:
    plain = PLAIN.get(base)
    return ENCODERS[base](value if plain is None else plain(value), depth)


def state(value: Any, base: type) -> dict[str, Any]:
    """Return what an instance keeps beside its base's content; cached properties do not count."""
    for kind, own in STATES.items():
        if issubclass(base, kind):
            return own(value)
    slots: dict[str, Any] = {}
    cached: set[str] = set()
    for kind in type(value).__mro__:
        if kind not in base.__mro__:
            for name, member in vars(kind).items():
                if isinstance(member, MemberDescriptorType) and hasattr(value, name):
                    slots[name] = member.__get__(value)
                elif isinstance(member, cached_property):
                    cached.add(name)
    kept = {name: v for name, v in getattr(value, "__dict__", {}).items() if name not in cached}
    return slots | kept


def resolve_exact(kind: type) -> Encoder | None:
    """Find enum members, and the types whose library has just been loaded."""
    if issubclass(kind, Enum):
        return _flag if issubclass(kind, Flag) else _enum
    return ENCODERS.get(kind)


def resolve(kind: type) -> Encoder | None:
    """Find how other instances are identified: by fields, or by what they extend."""
    base = next((base for base in kind.__mro__ if base in ENCODERS), None)
    if hasattr(kind, "__pydantic_fields__") and hasattr(kind, "model_fields"):
        return _model
    if hasattr(kind, "__dataclass_fields__"):
        from dataclasses import fields  # noqa: PLC0415 - loaded already, and slow to load before

        every = {field.name: field.compare for field in fields(kind)}
        return _by_fields(kind, every, "__dataclass_fields__", base)
    if hasattr(kind, "__attrs_attrs__"):
        every = {field.name: bool(field.eq) for field in kind.__attrs_attrs__}
        return _by_fields(kind, every, "__attrs_attrs__", base)
    return None if base is None else _sub(base)
