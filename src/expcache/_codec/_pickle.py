"""Pickle what has no tree, and say what loading it would take."""

from __future__ import annotations

import importlib
import io
import pickle
import pickletools
import sys
from typing import TYPE_CHECKING, Any

from expcache._codec._known import KnownClasses
from expcache._codec._opaque import fields_of, kind_of
from expcache.errors import RecordError, ResultError, TrustError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from expcache._codec._tree import Buffer

_OUT_OF_BAND = 64 * 1024
"""Buffers from this size on become parts of their own."""

_SCANNED = 1 << 20
_OPCODES = 50_000
_GLOBALS = 50

_BUILDERS = (
    b"_make_function",
    b"_make_skeleton_class",
    b"_make_skeleton_enum",
    b"_make_cell",
    b"_make_empty_cell",
    b"_builtin_type",
)
"""What cloudpickle calls to build code again: its bytecode fits one Python minor only."""


def here() -> str:
    """Return this Python's minor version, such as `3.13`."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def dump(value: object, subject: str) -> tuple[list[memoryview], dict[str, Any]]:
    """Return the pickle and its large buffers as parts, and the facts about it."""
    cloudpickle = importlib.import_module("cloudpickle")
    buffers: list[memoryview] = []
    try:
        stream = cloudpickle.dumps(value, protocol=5, buffer_callback=_keeper(buffers))
    except Exception as error:
        path, kind = _find_culprit(value)
        raise ResultError(
            f"cannot keep {subject}: {path} of type {kind} cannot be pickled "
            f"({type(error).__name__}: {error}). Return what it was computed for instead, "
            "such as numbers, arrays or frames.",
            kind=kind,
        ) from error
    facts = {
        "python": here(),
        "cloudpickle": str(cloudpickle.__version__),
        "by_value": _is_by_value(stream),
        "globals": _globals_of(stream),
    }
    return [memoryview(stream), *buffers], facts


def _keeper(buffers: list[memoryview]) -> Any:
    def keep(buffer: pickle.PickleBuffer) -> bool:
        """Take a large buffer out of the stream; true leaves it in."""
        try:
            raw = buffer.raw()
        except BufferError:
            return True
        if raw.nbytes < _OUT_OF_BAND:
            return True
        buffers.append(raw)
        return False

    return keep


def _find_culprit(value: object, path: str = "result", depth: int = 8) -> tuple[str, str]:
    """Return the path to the first inner value that cannot be pickled either, and its type."""
    cloudpickle = importlib.import_module("cloudpickle")
    for step, inner in _inner_values(value) if depth else ():
        try:
            cloudpickle.dumps(inner, protocol=5)
        except Exception:  # noqa: BLE001  # whatever its own reduce raises: this is the one
            return _find_culprit(inner, f"{path}{step}", depth - 1)
    return path, kind_of(value).removeprefix("builtins.")


def _inner_values(value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", inner) for key, inner in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"[{position}]", inner) for position, inner in enumerate(value))
    else:
        yield from ((f".{name}", inner) for name, inner in (fields_of(value) or {}).items())


def _is_by_value(stream: bytes) -> bool:
    # A text that happens to say these words is marked too: it errs towards the safe side.
    return b"cloudpickle" in stream and any(builder in stream for builder in _BUILDERS)


def _globals_of(stream: bytes) -> list[str]:
    """Return the names that the beginning of the pickle imports, sorted."""
    found: set[str] = set()
    strings: list[str] = []
    kept: list[str | None] = []
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream[:_SCANNED])):
            if count > _OPCODES or len(found) >= _GLOBALS:
                break
            _follow(opcode.name, argument, strings, kept, found)
    except ValueError:
        # The stream was cut at the limit: what was seen until there is told.
        pass
    return sorted(found)


def _follow(
    name: str, argument: Any, strings: list[str], kept: list[str | None], found: set[str]
) -> None:
    """Follow the strings of a pickle as far as STACK_GLOBAL needs them."""
    if "UNICODE" in name:
        strings.append(argument)
    elif name == "MEMOIZE":
        kept.append(strings[-1] if strings else None)
    elif "GET" in name and isinstance(argument, int) and argument < len(kept):
        strings.append(kept[argument] or "?")
    elif name == "STACK_GLOBAL":
        found.add(".".join(strings[-2:]))


class _Unpickler(pickle.Unpickler):
    """Names the class that cannot be imported any more."""

    subject = ""
    known: KnownClasses

    def find_class(self, module: str, name: str, /) -> Any:
        try:
            return self.known.guard(module, name, super().find_class(module, name))
        except (ImportError, AttributeError) as error:
            raise RecordError(
                f"cannot load {self.subject}: it holds {f'{module}.{name}'!r}, which cannot be "
                f"imported here ({error}). Make it importable again, or read its view.",
                reason="not importable",
            ) from error


def load(
    parts: Sequence[Buffer],
    facts: dict[str, Any],
    *,
    trust: bool,
    subject: str,
    id: str,  # noqa: A002
) -> object:
    """Unpickle, if that is trusted and can work here."""
    _demand_trust(facts, trust=trust, subject=subject, id=id)
    unpickler = _Unpickler(io.BytesIO(parts[0]), buffers=list(parts[1:]))
    unpickler.subject, unpickler.known = subject, KnownClasses()
    try:
        return unpickler.load()
    except RecordError:
        raise
    except Exception as error:
        raise RecordError(
            f"cannot load {subject}: unpickling raised {type(error).__name__}: {error}. "
            "Load it with the packages it was computed with, or read its view.",
            reason="undecodable",
        ) from error


def _demand_trust(facts: dict[str, Any], *, trust: bool, subject: str, id: str) -> None:  # noqa: A002
    if not trust:
        seen = ", ".join(facts["globals"]) or "none"
        raise TrustError(
            f"cannot load {subject}: it is pickled (types {seen}) and this store is not "
            "trusted. Pass trust=True if you trust whoever wrote it.",
            id=id,
            codec="pickle",
        )
    if facts["by_value"] and facts["python"] != here():
        raise TrustError(
            f"cannot load {subject}: it holds code pickled by Python {facts['python']}, and this "
            f"is {here()}, whose interpreter it could crash. Load it under Python "
            f"{facts['python']}, or read its view.",
            id=id,
            codec="pickle",
        )
