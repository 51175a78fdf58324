"""The trees of things that go by a name: enum members, paths, UUIDs."""

from __future__ import annotations

import enum
import importlib
import os
import pathlib
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from expcache._codec._tree import DECODERS, ENCODERS, FINDERS, UnsupportedError

if TYPE_CHECKING:
    from expcache._codec._tree import Encoder, Reader, Writer


@dataclass(frozen=True, slots=True)
class Named:
    """Stands for an enum member whose class is not loaded in this program."""

    module: str
    kind: str
    name: str
    value: Any = field(default=None, hash=False)

    def __repr__(self) -> str:
        """Return the member's name and value, marked as a stand-in."""
        return f"<{self.module}.{self.kind}.{self.name}: {self.value!r}, class not loaded>"


def find_member(module: str, qualname: str, name: str, value: object) -> enum.Enum | None:
    """Return the member if its class is loaded and still has it; import nothing."""
    found: object = sys.modules.get(module)
    for step in qualname.split("."):
        # Not getattr: a module or class may run code when asked for an attribute.
        found = getattr(found, "__dict__", {}).get(step)
    if not isinstance(found, enum.EnumMeta):
        return None
    member: enum.Enum | None = found.__members__.get(name)
    if member is None and type(value) is int and issubclass(found, enum.Flag):
        try:
            return found(value)
        except ValueError:
            return None
    return member


def _write_enum(writer: Writer, value: enum.Enum) -> object:
    if not _is_loaded(value):
        raise UnsupportedError(f"{type(value).__qualname__} cannot be found by its name")
    return enum_tree(writer, value)


def enum_tree(writer: Writer, value: enum.Enum) -> object:
    """Return the tree of a member, wherever its class is."""
    kind = type(value)
    names = [kind.__module__, kind.__qualname__, str(value.name)]
    return {"~enum": [*names, writer.write(value.value)]}


def _write_named(writer: Writer, value: Named) -> object:
    return {"~enum": [value.module, value.kind, value.name, writer.write(value.value)]}


def _is_loaded(value: enum.Enum) -> bool:
    kind = type(value)
    return find_member(kind.__module__, kind.__qualname__, str(value.name), value.value) is value


def _read_enum(reader: Reader, payload: Any) -> object:
    module, qualname, name, tree = payload
    content = reader.read(tree)
    member = find_member(module, qualname, name, content)
    return Named(module, qualname, name, content) if member is None else member


def _find_enum(kind: type) -> Encoder | None:
    return _write_enum if issubclass(kind, enum.Enum) else None


def _write_path(writer: Writer, value: pathlib.PurePath) -> object:
    flavour = "windows" if isinstance(value, pathlib.PureWindowsPath) else "posix"
    is_pure = not isinstance(value, pathlib.Path)
    return {"~path": [flavour, is_pure, writer.write(str(value))]}


def _read_path(reader: Reader, payload: Any) -> pathlib.PurePath:
    flavour, is_pure, text = payload
    kind = pathlib.PureWindowsPath if flavour == "windows" else pathlib.PurePosixPath
    is_native = (flavour == "windows") == (os.name == "nt")
    # A concrete path of the other system cannot exist here: its pure form can.
    return kind(reader.read(text)) if is_pure or not is_native else pathlib.Path(reader.read(text))


def _find_uuid(kind: type) -> Encoder | None:
    """Know `UUID` without importing it for programs that use none."""
    is_uuid = kind.__module__ == "uuid" and kind.__name__ == "UUID"
    return (lambda _, value: {"~uuid": value.hex}) if is_uuid else None


FINDERS.extend((_find_enum, _find_uuid))
ENCODERS[Named] = _write_named
ENCODERS.update(
    dict.fromkeys(
        (
            pathlib.PurePosixPath,
            pathlib.PureWindowsPath,
            pathlib.PosixPath,
            pathlib.WindowsPath,
        ),
        _write_path,
    )
)
DECODERS.update(
    {
        "~enum": _read_enum,
        "~path": _read_path,
        "~uuid": lambda _, text: importlib.import_module("uuid").UUID(text),
    }
)
