"""Describe any value as a JSON tree, without pickle and without failing.

What has an exact tree keeps it; the rest becomes an opaque leaf that says what it was.
"""

from __future__ import annotations

import base64
import enum
import sys
from typing import TYPE_CHECKING, Any

from xxhash import xxh3_128_hexdigest

from expcache._codec._named import enum_tree
from expcache._codec._numpy import raw_bytes
from expcache._codec._opaque import Opaque, fields_of, kind_of, text_of
from expcache._codec._plain import is_plain
from expcache._codec._tree import ENCODERS, Reader, UnsupportedError, Writer
from expcache.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable

_INLINE = 1024
"""Longer arrays are described by dtype, shape and digest."""

_FRAME_CELLS = 256
_NESTING = 4
_FIELD_ITEMS = 1000
_OBJECTS = 1000


class Describer(Writer):
    """Writes trees that hold everything themselves, with opaque leaves where it must."""

    __slots__ = ("_nesting", "_objects")

    def __init__(self) -> None:
        super().__init__()
        self._nesting = 0
        self._objects = 0

    def write(self, value: object) -> object:
        """Return the tree of the value, whatever it is."""
        try:
            _refuse_large(value)
            return super().write(value)
        except Exception:  # noqa: BLE001  # foreign objects fail in their own ways: then opaque
            return self._opaque(value)

    def write_all(self, container: object, values: Iterable[object]) -> list[object]:
        """Return the trees of what is in a container, if it is no long one within an object."""
        items = list(values)
        if self._nesting and len(items) > _FIELD_ITEMS:
            raise UnsupportedError("too long for a description")
        return super().write_all(container, items)

    def part(self, owner: object, buffer: memoryview) -> int | str:
        """Return the bytes themselves as text."""
        if buffer.nbytes > _INLINE and not isinstance(owner, bytes | bytearray):
            raise UnsupportedError("too large for a description")
        return base64.b64encode(buffer).decode()

    def _opaque(self, value: object) -> object:
        if isinstance(value, enum.Enum):
            return enum_tree(self, value)
        tree: dict[str, object] = {"kind": kind_of(value)}
        self._objects += 1
        if self._objects > _OBJECTS:
            return {"~opaque": tree}
        try:
            tree.update(_array_facts(value) or self._contents(value))
        except Exception:  # noqa: BLE001  # as above: what cannot be told is left out
            return {"~opaque": {"kind": kind_of(value)}}
        return {"~opaque": tree}

    def _contents(self, value: object) -> dict[str, object]:
        tree: dict[str, object] = {}
        fields = fields_of(value) if self._nesting < _NESTING else None
        # A cycle through objects ends at the nesting limit: no need to remember them.
        self._nesting += 1
        try:
            if fields:
                tree["fields"] = self.write(fields)
        finally:
            self._nesting -= 1
        text = text_of(value)
        if text:
            tree["text"] = text
        return tree


def _refuse_large(value: Any) -> None:
    """Refuse what would take long to try: large frames, and arrays that get a digest."""
    root = type(value).__module__.partition(".")[0]
    if root == "numpy" and value.nbytes > _INLINE:
        raise UnsupportedError("a large array")
    if root == "pandas" and getattr(value, "size", 0) > _FRAME_CELLS:
        raise UnsupportedError("a large frame")


def _array_facts(value: Any) -> dict[str, object]:
    """Return what is told of an array instead of its items."""
    np = sys.modules.get("numpy")
    if np is None or type(value) is not np.ndarray:
        return {}
    facts: dict[str, object] = {"dtype": str(value.dtype), "shape": list(value.shape)}
    if not value.dtype.hasobject:
        facts["digest"] = xxh3_128_hexdigest(raw_bytes(value))
    return facts


def _write_opaque(writer: Writer, value: Opaque) -> object:
    tree: dict[str, object] = {"kind": value.kind, **value.facts}
    if value.fields is not None:
        tree["fields"] = writer.write(value.fields)
    return {"~opaque": tree | ({"text": value.text} if value.text else {})}


ENCODERS[Opaque] = _write_opaque


def describe(value: object) -> object:
    """Return a JSON tree of any value: exact where it can be, opaque leaves elsewhere.

    Plain JSON values stand for themselves, so that any tool can read them.
    """
    return value if is_plain(value) else Describer().write(value)


def restore(tree: object) -> Any:
    """Return the value that was described, with an `Opaque` for each opaque leaf."""
    try:
        return Reader().read(tree)
    except Exception as error:
        raise RecordError(
            f"cannot restore a description: {type(error).__name__}: {error}. "
            "It was written by another version, or on a system with other packages.",
            reason="undecodable",
        ) from error
