"""What is code rather than data, and what wrappers around functions hold."""

from __future__ import annotations

from functools import partial
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, Final

from expcache._code._names import is_own, is_project_class

__all__ = ["BUILTIN", "inner_of", "is_code"]

BUILTIN: Final = (
    BuiltinFunctionType,
    MethodDescriptorType,
    WrapperDescriptorType,
    GetSetDescriptorType,
)


_CODE: Final = (FunctionType, type, ModuleType, *BUILTIN)


def is_code(value: Any) -> bool:
    """Tell whether a value is followed as code, rather than taken by value."""
    return isinstance(value, _CODE) or is_own(value) or inner_of(value) is not None


def inner_of(value: Any) -> list[object] | None:
    """Return what a wrapper around functions holds: methods, partials, cached functions."""
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, (staticmethod, classmethod)):
        return [value.__func__]
    if isinstance(value, property):
        return [one for one in (value.fget, value.fset, value.fdel) if one is not None]
    if type(value) is partial:
        return [
            value.func,
            *value.args,
            *(item for pair in sorted(value.keywords.items()) for item in pair),
        ]
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict) and not is_project_class(type(value)):
        for name in ("__wrapped__", "func"):
            if isinstance(attributes.get(name), FunctionType):
                return [attributes[name]]
    return None
