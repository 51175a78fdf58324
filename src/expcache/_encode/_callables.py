"""Canonical bytes of callables without Python code, of library classes and of modules.

Python functions, methods and classes are identified by their code: the floor above takes the place
of their encoders when it is imported, which happens when the first of them is met.
"""

from __future__ import annotations

import operator
from functools import partial
from importlib import import_module
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from expcache._encode._builtin import encode_str
from expcache._encode._dispatch import ENCODERS, Encoder, child, named
from expcache._encode._names import module_name, type_name


def _builtin(value: Any, depth: int) -> bytes:
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType):
        module = value.__module__ or (owner.__name__ if owner else "builtins")
        return named("builtin", encode_str(f"{module}:{value.__qualname__}", 0))
    if isinstance(owner, type):
        name = f"{type_name(owner)}.{value.__name__}"
        return named("builtin method of a class", encode_str(name, 0))
    inner = child(owner, depth, ".__self__", value)
    return named("builtin method", inner, encode_str(value.__name__, 0))


def _descriptor(value: Any, _depth: int) -> bytes:
    name = f"{type_name(value.__objclass__)}.{value.__name__}"
    return named("descriptor", encode_str(name, 0))


def _partial(value: partial[Any], depth: int) -> bytes:
    return named(
        "partial",
        child(value.func, depth, ".func", value),
        child(value.args, depth, ".args", value),
        child(value.keywords, depth, ".keywords", value),
        child(value.__dict__, depth, ".__dict__", value),
    )


def _getter(value: Any, depth: int) -> bytes:
    made, args = value.__reduce__()[:2]
    keywords: dict[str, Any] = {}
    if isinstance(made, partial):
        args, keywords = made.args + args, made.keywords
    return named(
        "operator",
        encode_str(type(value).__name__, 0),
        child(args, depth, ".args", value),
        child(keywords, depth, ".keywords", value),
    )


def _module(value: ModuleType, _depth: int) -> bytes:
    return named("module", encode_str(module_name(value), 0))


def _by_code(kind: type) -> Encoder:
    """Return an encoder that lets the floor above take its place, and then asks again."""

    def encoder(value: object, depth: int) -> bytes:
        # By its name, and not with the modules above: it takes 20 ms, and few values are code.
        import_module("expcache._code")
        return ENCODERS[kind](value, depth)

    return encoder


def resolve(kind: type) -> Encoder | None:
    """Give metaclasses the encoder of `type`, and subclasses of module that of a module."""
    if issubclass(kind, type):
        return ENCODERS[type]
    return _module if issubclass(kind, ModuleType) else None


ENCODERS.update(
    {
        BuiltinFunctionType: _builtin,
        MethodWrapperType: _builtin,
        MethodDescriptorType: _descriptor,
        WrapperDescriptorType: _descriptor,
        ClassMethodDescriptorType: _descriptor,
        partial: _partial,
        operator.itemgetter: _getter,
        operator.attrgetter: _getter,
        operator.methodcaller: _getter,
        ModuleType: _module,
    },
)
ENCODERS.update(
    {kind: _by_code(kind) for kind in (FunctionType, MethodType, type, staticmethod, classmethod)},
)
