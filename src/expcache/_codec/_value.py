"""Encode a result in the safest form that keeps it exactly, and decode it again."""

from __future__ import annotations

import collections.abc
import io
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from expcache._codec._describe import Describer
from expcache._codec._pickle import dump, load
from expcache._codec._plain import is_plain
from expcache._codec._tree import Reader, Writer
from expcache.errors import ExpcacheError, RecordError, ResultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expcache._codec._tree import Buffer

_LONG = 10_000

_ONCE: tuple[tuple[type, str, str], ...] = (
    (types.GeneratorType, "a generator can be read only once", "Return list(...) of it"),
    (types.CoroutineType, "a coroutine has no value yet", "Await it"),
    (types.AsyncGeneratorType, "an async generator can be read only once", "Return a list"),
    (memoryview, "a memoryview belongs to this process", "Return bytes(...) of it"),
    (io.IOBase, "an open file belongs to this process", "Return its path or its content"),
    (collections.abc.Iterator, "an iterator can be read only once", "Return list(...) of it"),
)


@dataclass(slots=True)
class Encoded:
    """A result as JSON and buffers.

    The tree and the parts may be the result itself, uncopied: seal it before anybody can
    change the result.

    Attributes:
        codec: `json` (the tree is the value), `tree` (tagged) or `pickle`.
        tree: The JSON tree; None for a pickle.
        parts: The buffers that the tree refers to; for a pickle its stream, then its buffers.
        pickle: What loading the pickle takes: `python`, `cloudpickle`, `by_value`, `globals`.
        view: A description of a pickled value that can be read without unpickling.
    """

    codec: str
    tree: object = None
    parts: list[memoryview] = field(default_factory=list)
    pickle: dict[str, Any] | None = None
    view: object = None


def encode_value(value: object, *, subject: str = "the result") -> Encoded:
    """Encode a result; raise `ResultError` for what cannot be kept."""
    if is_plain(value):
        return Encoded("json", value)
    _refuse_once(value, subject)
    writer = Writer()
    try:
        return Encoded("tree", writer.write(value), [part.cast("B") for part in writer.parts])
    except Exception:  # noqa: BLE001  # what a foreign array raises must not cost its result
        parts, facts = dump(value, subject)
    return Encoded("pickle", None, parts, facts, _view_of(value))


def _refuse_once(value: object, subject: str) -> None:
    for kind, reason, remedy in _ONCE:
        if isinstance(value, kind):
            raise ResultError(
                f"cannot keep {subject}: {reason}. {remedy} instead.",
                kind=type(value).__name__,
            )


def _view_of(value: Any) -> object:
    is_long = isinstance(value, dict | list | tuple | set | frozenset) and len(value) > _LONG
    return None if is_long else Describer().write(value)


def decode_value(  # noqa: PLR0913  # the fields of `Encoded`, and who wants to know
    codec: str,
    tree: Any,
    parts: Sequence[Buffer],
    pickle_facts: dict[str, Any] | None,
    *,
    trust: bool,
    subject: str = "the result",
    id: str = "",  # noqa: A002  # the word for it everywhere
) -> Any:
    """Return the value that was encoded.

    Arrays are built over the parts without a copy: they can be written to where the buffer can.
    `subject` and `id` complete the errors, such as "the result of run 3f2a0c11".
    """
    if codec == "json":
        return tree
    try:
        if codec == "pickle":
            return load(parts, pickle_facts or {}, trust=trust, subject=subject, id=id)
        return Reader(parts).read(tree)
    except ExpcacheError:
        raise
    except Exception as error:
        raise RecordError(
            f"cannot load {subject}: decoding raised {type(error).__name__}: {error}. "
            "Load it with the packages it was computed with, or compute it again.",
            reason="undecodable",
        ) from error
