"""Two values side by side, part by part."""

from __future__ import annotations

import sys
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, time
from enum import Enum
from numbers import Number
from types import (
    BuiltinFunctionType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

from expcache._compare._comparison import Deviation
from expcache._compare._content import bound, code_of, content
from expcache._compare._show import kinds, show, show_some
from expcache._compare._text import text_difference
from expcache._compare._tolerance import Tolerance, is_nan

__all__ = ["Walk"]

_NAN = object()
_BUILT_IN = (str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset, deque)
_NAMED = (type, FunctionType, BuiltinFunctionType, ModuleType)


class Walk:
    """Compares two values, and notes each place where they differ.

    Every two containers are compared once: values may hold themselves.
    """

    def __init__(self, tolerance: Tolerance) -> None:
        """Begin with nothing found."""
        self.tolerance = tolerance
        self.found: list[Deviation] = []
        self._seen: dict[tuple[int, int], tuple[Any, Any]] = {}

    def note(self, path: str, old: Any, new: Any, text: str) -> None:
        """Note a difference."""
        self.found.append(Deviation(path, old, new, text))

    def compare(self, path: str, old: Any, new: Any) -> None:
        """Compare what two values have at the same place."""
        if old is new:
            return
        if not _same_kind(type(old), type(new)):
            before, now = kinds(old, new)
            self.note(path, old, new, f"{before} {show(old)} -> {now} {show(new)}")
        elif _is_number(old):
            if not self.tolerance.agree(old, new):
                told = self.tolerance.told(old, new)
                self.note(path, old, new, f"{show(old)} -> {show(new)}{told}")
        elif isinstance(old, (str, bytes, bytearray)):
            if old != new:
                self.note(path, old, new, text_difference(old, new))
        elif (id(old), id(new)) not in self._seen:
            self._seen[id(old), id(new)] = old, new  # held, so that nothing else gets their ids
            self._compare_parts(path, old, new)
        if _extends(old):
            self._attributes(path, old, new)

    def differs(self, old: Any, new: Any) -> bool:
        """Whether two values differ, without noting where."""
        other = Walk(self.tolerance)
        other.compare("", old, new)
        return bool(other.found)

    def _compare_parts(self, path: str, old: Any, new: Any) -> None:
        try:
            self._rule(old)(path, old, new)
        except RecursionError:
            raise  # told of the whole value
        except Exception as error:  # noqa: BLE001 - whatever the types' own code raises
            self.note(path, old, new, f"cannot be compared ({type(error).__name__}: {error})")

    def _attributes(self, path: str, old: Any, new: Any) -> None:
        """Compare what an instance of a subclass holds besides what its base knows of."""
        before, now = getattr(old, "__dict__", {}), getattr(new, "__dict__", {})
        for name in dict.fromkeys((*before, *now)):
            self.compare(f"{path}.{name}", before.get(name), now.get(name))

    def _rule(self, value: Any) -> Callable[[str, Any, Any], None]:
        if isinstance(value, (dict, MappingProxyType)):
            return self._mappings
        if isinstance(value, (list, tuple, deque, array)):
            return self._sequences
        if isinstance(value, (set, frozenset)):
            return self._sets
        if isinstance(value, _NAMED):
            return self._named
        return self._foreign(value) or (self._records if is_dataclass(value) else self._objects)

    def _foreign(self, value: Any) -> Callable[[str, Any, Any], None] | None:
        """Return the rule for what arrays and tables are made of, if the value is one."""
        numpy, root = sys.modules.get("numpy"), type(value).__module__.partition(".")[0]
        kinds = () if numpy is None else (numpy.ndarray, numpy.void)
        if isinstance(value, kinds) or (numpy is not None and root in ("torch", "jaxlib")):
            from expcache._compare._array import compare_arrays  # noqa: PLC0415 - only for arrays

            return lambda path, old, new: compare_arrays(self, path, old, new)
        rule = None
        if root in ("pandas", "polars"):
            from expcache._compare._table import table_rule  # noqa: PLC0415 - only for tables

            rule = table_rule(value)
        elif root == "xarray":
            from expcache._compare._dataset import dataset_rule  # noqa: PLC0415 - only for those

            rule = dataset_rule(value)
        return None if rule is None else lambda path, old, new: rule(self, path, old, new)

    def _mappings(self, path: str, old: Any, new: Any) -> None:
        before, now = _by_key(old), _by_key(new)
        made = [getattr(one, "default_factory", None) for one in (old, new)]
        self.compare(f"{path}.default_factory", *made)
        if isinstance(old, OrderedDict) and list(before) != list(now) and set(before) == set(now):
            self.note(path, old, new, "keys in another order")
        for key, (name, value) in before.items():
            place = f"{path}[{show(name)}]"
            if key in now:
                self.compare(place, value, now[key][1])
            else:
                self.note(place, value, None, f"is gone, was {show(value)}")
        for key, (name, value) in now.items():
            if key not in before:
                self.note(f"{path}[{show(name)}]", None, value, f"is new: {show(value)}")

    def _sequences(self, path: str, old: Any, new: Any) -> None:
        names = getattr(old, "_fields", None)
        if len(old) != len(new):
            self.note(path, old, new, f"{len(old)} items -> {len(new)} items")
        for name in ("maxlen", "typecode"):
            self.compare(f"{path}.{name}", getattr(old, name, None), getattr(new, name, None))
        for index, (before, now) in enumerate(zip(old, new, strict=False)):
            self.compare(f"{path}.{names[index]}" if names else f"{path}[{index}]", before, now)

    def _sets(self, path: str, old: Any, new: Any) -> None:
        before, now = {_key(one): one for one in old}, {_key(one): one for one in new}
        gone = [one for key, one in before.items() if key not in now]
        come = [one for key, one in now.items() if key not in before]
        some = [f"{show_some(gone)} gone"] if gone else []
        some += [f"{show_some(come)} new"] if come else []
        if some:
            self.note(path, old, new, ", ".join(some))

    def _records(self, path: str, old: Any, new: Any) -> None:
        missing = object()
        for field in fields(old):
            if field.compare:
                before = getattr(old, field.name, missing)
                self.compare(f"{path}.{field.name}", before, getattr(new, field.name, missing))

    def _named(self, path: str, old: Any, new: Any) -> None:
        if code_of(old) != code_of(new):
            self.note(path, old, new, f"{show(old)} -> {show(new)}")
        elif isinstance(old, FunctionType):
            before, now = bound(old), bound(new)
            for name in dict.fromkeys((*before, *now)):
                self.compare(f"{path}{name}", before.get(name), now.get(name))

    def _objects(self, path: str, old: Any, new: Any) -> None:
        verdict = _verdict(old, new)
        if verdict or (is_nan(old) and is_nan(new)):
            return
        if verdict is False and not _has_parts(old):
            self.note(path, old, new, f"{show(old)} -> {show(new)}")
            return
        count = len(self.found)
        try:
            before, now = content(old), content(new)
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises
            self.note(path, old, new, f"cannot be compared ({type(error).__name__}: {error})")
            return
        for name in dict.fromkeys((*before, *now)):
            self.compare(f"{path}{name}", before.get(name), now.get(name))
        # The type's own word counts, but it knows of no tolerance.
        if verdict is False and len(self.found) == count and not (self.tolerance and before):
            self.note(path, old, new, f"{show(old)} -> {show(new)}")


def _is_number(value: object) -> bool:
    # The number in a duration of numpy says nothing without its unit.
    return type(value).__name__ not in ("bool", "timedelta64") and isinstance(value, Number)


def _extends(value: object) -> bool:
    """Whether a class of the user's stands for a value of Python or an array, and may add to it."""
    root, numpy = type(value).__module__.partition(".")[0], sys.modules.get("numpy")
    if root in ("builtins", "numpy") or root in sys.stdlib_module_names:
        return False
    return isinstance(value, _BUILT_IN if numpy is None else (*_BUILT_IN, numpy.ndarray))


def _has_parts(value: object) -> bool:
    """Whether the attributes of an object tell more than its repr: not those of Python's own."""
    if isinstance(value, SimpleNamespace):
        return True
    root = type(value).__module__.partition(".")[0]
    known = root in sys.stdlib_module_names or root == "numpy"
    return not known and not isinstance(value, Enum)


def _verdict(old: Any, new: Any) -> bool | None:
    """Return whether two objects are equal by their type's own word; None if it gives none."""
    if isinstance(old, Enum):
        return bool(old.name == new.name and old.value == new.value)
    kind: Any = type(old)
    if isinstance(old, (datetime, time)) and _zone(old) != _zone(new):
        return False
    if isinstance(old, MethodType) or kind.__eq__ is object.__eq__:
        return None
    try:
        said: object = old == new
    except Exception:  # noqa: BLE001 - whatever the user's code raises
        return None
    return bool(said) if type(said).__name__ in ("bool", "bool_") else None


def _zone(value: Any) -> tuple[object, ...]:
    """Return what times tell besides the instant."""
    return str(value.tzinfo), getattr(value, "fold", 0)


def _same_kind(old: type, new: type) -> bool:
    if old is new:
        return True
    # The same class, defined once more: its module was loaded anew.
    return (old.__module__, old.__qualname__) == (new.__module__, new.__qualname__)


def _by_key(mapping: Any) -> dict[Any, tuple[Any, Any]]:
    return {_key(name): (name, value) for name, value in mapping.items()}


def _key(value: Any) -> Any:
    """Return what stands for a key: 1, 1.0 and True are three, all NaN are one."""
    if type(value) in (tuple, frozenset):
        value = type(value)(map(_key, value))
    return type(value).__qualname__, _NAN if is_nan(value) else value
