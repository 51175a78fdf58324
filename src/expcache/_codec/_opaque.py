"""Stand-ins for objects that are described but not kept."""

from __future__ import annotations

import dataclasses
import re
import types
from typing import TYPE_CHECKING, Any

from expcache._codec._tree import DECODERS

if TYPE_CHECKING:
    from expcache._codec._tree import Reader

_TEXT = 500
_FIELDS = 100
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
_WITHOUT_FIELDS = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Opaque:
    """Stands for an object that was described only: its type, its fields, its text.

    Attributes:
        kind: The module and name of its type.
        text: What its `repr` said, cut short.
        fields: Its attributes by name, restored as far as they could be described.
        facts: For an array its dtype, shape and digest.
    """

    kind: str
    text: str = ""
    fields: dict[str, Any] | None = dataclasses.field(default=None, hash=False)
    facts: dict[str, Any] = dataclasses.field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        """Return what is known of the object, marked as a description."""
        if self.facts:
            shape = tuple(self.facts["shape"])
            return f"<only described: {self.kind} {self.facts['dtype']} {shape}>"
        if self.fields is not None and not self.text:
            inner = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
            return f"<only described: {self.kind}({inner})>"
        return f"<only described: {self.kind}{': ' + self.text if self.text else ''}>"


def kind_of(value: object) -> str:
    """Return the module and name of the value's type."""
    kind = type(value)
    return clean(f"{kind.__module__}.{kind.__qualname__}")


def clean(text: str) -> str:
    """Return the text with lone surrogates escaped, as UTF-8 and JSON want it."""
    return text.encode(errors="backslashreplace").decode()


def text_of(value: object) -> str:
    """Return a short text of the value that is the same in every process."""
    if isinstance(value, _WITHOUT_FIELDS):
        module = getattr(value, "__module__", None)
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
        return clean(f"{module}.{name}" if module else str(name))
    # The repr of a dataclass or a named tuple is its fields again, at any length.
    if type(value).__repr__ is object.__repr__ or dataclasses.is_dataclass(value):
        return ""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return ""
    text = _ADDRESS.sub("", repr(value))
    return clean(text if len(text) <= _TEXT else f"{text[:_TEXT]}...")


def fields_of(value: Any) -> dict[str, Any] | None:
    """Return the attributes that hold the state of an object, or None if it has none."""
    if isinstance(value, _WITHOUT_FIELDS):
        return None
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    names = [name for kind in type(value).__mro__ for name in _slots(kind)]
    found = {name: getattr(value, name) for name in names if hasattr(value, name)}
    found.update(getattr(value, "__dict__", {}))
    return dict(list(found.items())[:_FIELDS]) or None


def _slots(kind: type) -> list[str]:
    slots = kind.__dict__.get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _read_opaque(reader: Reader, tree: Any) -> Opaque:
    facts = {name: tree[name] for name in ("dtype", "shape", "digest") if name in tree}
    fields = reader.read(tree["fields"]) if "fields" in tree else None
    return Opaque(tree["kind"], tree.get("text", ""), fields, facts)


DECODERS["~opaque"] = _read_opaque
