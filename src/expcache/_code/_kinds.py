"""Functions and classes as values: in parameters, and inside of constants."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

from expcache._code._names import external_name, is_project_class, is_project_function, label_of
from expcache._code._part import Code
from expcache._code._tracker import Tracker
from expcache._code._walk import active
from expcache._encode import Encoder, Refusal, add_encoder, child, named, text
from expcache._encode._dispatch import RESOLVERS
from expcache.errors import CodeError

__all__ = ["add_encoders", "followed"]

_trackers: WeakKeyDictionary[Any, Tracker] = WeakKeyDictionary()


def add_encoders() -> None:
    """Teach the encoder how code is identified."""
    add_encoder(FunctionType, _function)
    add_encoder(type, _class)
    add_encoder(MethodType, _method)
    add_encoder(staticmethod, _descriptor)
    add_encoder(classmethod, _descriptor)
    RESOLVERS.append(_metaclass)


def _metaclass(kind: type) -> Encoder | None:
    return _class if issubclass(kind, type) else None


def _function(value: FunctionType, _depth: int) -> bytes:
    if active.walk is not None:
        return active.walk.function(value)
    if not is_project_function(value) and "__wrapped__" not in value.__dict__:
        return named("external", text(external_name(value)))
    return named("function", text(label_of(value.__qualname__)), text(_fingerprint(value)))


def _class(value: type, _depth: int) -> bytes:
    if active.walk is not None:
        return active.walk.class_(value)
    if not is_project_class(value):
        return named("external", text(external_name(value)))
    return named("class", text(value.__qualname__), text(_fingerprint(value)))


def _method(value: MethodType, depth: int) -> bytes:
    owner = child(value.__self__, depth, ".__self__", value)
    return named("method", owner, child(value.__func__, depth, ".__func__", value))


def _descriptor(value: Any, depth: int) -> bytes:
    inner = child(value.__func__, depth, ".__func__", value)
    return named(type(value).__name__, inner)


def followed(value: Any) -> Code:
    """Return the code of a function or class that stands by itself, as a value among params.

    Raises:
        CodeError: it has no source.
    """
    tracker = _trackers.get(value)
    if tracker is None:
        tracker = _trackers[value] = Tracker(value)
    return tracker.current()


def _fingerprint(value: Any) -> str:
    try:
        return followed(value).digest
    except CodeError as error:
        reason, _, remedy = str(error).partition(": ")[2].partition(". ")
        kind = type(value).__name__
        raise Refusal(kind, reason, remedy.split(",")[0].rstrip(".")) from error
