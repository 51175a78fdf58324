"""Canonical bytes of callables without Python code, of library classes and of modules.

Python functions, methods and the classes of the project need a fingerprint of their code: the
floor above sets their encoders. Until it does, they are refused.
"""

from __future__ import annotations

import operator
from functools import partial
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
from expcache._encode._dispatch import (
    ENCODERS,
    Encoder,
    child,
    named,
    refuse,
    refusing,
)
from expcache._encode._names import is_project, module_name, type_name

_CODE = "Pass it to an experiment: code is identified by its fingerprint there"


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


def library_class(value: type, _depth: int) -> bytes:
    """Write a class of the standard library or of an installed one by its name."""
    if is_project(value.__module__):
        raise refuse(type(value), _CODE, f"class of the project, {value.__qualname__!r},")
    return named("class", encode_str(type_name(value), 0))


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
        type: library_class,
        FunctionType: refusing(_CODE),
        MethodType: refusing(_CODE),
    },
)
