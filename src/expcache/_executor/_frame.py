"""How replies travel: a head that names the batch, then one reply after the other."""

from __future__ import annotations

import marshal
import pickle
from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import Any, Final, NamedTuple

__all__ = ["HOLD_SECONDS", "READY", "Order", "head_of", "pack_reply", "read_head", "unpack_all"]

READY: Final = b"ready"
"""The first message of a worker."""

HOLD_SECONDS: Final = 0.08
"""For how long replies to short cells are held back to be sent together."""

_ORDER: Final = Struct("<QQd")
_NUMBER: Final = 8
_HEAD: Final = _NUMBER + 1
_CELL: Final = "expcache._cell._reply"
_MARSHALLED: Final = ord("m")


class Order(NamedTuple):
    """What goes before a batch: its serial, its size, for how long to begin cells of it."""

    serial: int
    size: int
    seconds: float

    @classmethod
    def read(cls, message: bytes | bytearray | memoryview) -> Order:
        """Return the order in a message."""
        return cls(*_ORDER.unpack(message))

    def packed(self) -> bytes:
        """Return it as a message."""
        return _ORDER.pack(*self)


def head_of(serial: int, *, last: bool = False) -> bytes:
    """Return what begins a message about a batch."""
    return serial.to_bytes(_NUMBER, "little") + bytes([last])


def read_head(message: memoryview) -> tuple[int, bool, memoryview]:
    """Return the batch's serial, whether this is its last message, and the packed replies."""
    return int.from_bytes(message[:_NUMBER], "little"), bool(message[_NUMBER]), message[_HEAD:]


def pack_reply(reply: Any) -> bytes:
    """Return one reply as bytes that tell their own length and form."""
    if type(reply).__name__ == "Reply" and type(reply).__module__ == _CELL:
        packed = b"m" + marshal.dumps(tuple(reply))  # a fifth of the time
    else:
        packed = b"p" + pickle.dumps(reply, 5)
    return len(packed).to_bytes(_NUMBER, "little") + packed


def unpack_all(packed: memoryview, make: Callable[[Iterable[Any]], Any]) -> Iterator[Any]:
    """Yield the replies that were packed one after the other; `make` is `Reply._make`."""
    position, end = 0, len(packed)
    while position < end:
        start = position + _NUMBER + 1
        position = start - 1 + int.from_bytes(packed[position : start - 1], "little")
        part = packed[start:position]
        if packed[start - 1] == _MARSHALLED:
            yield make(marshal.loads(part))  # noqa: S302 - from our own worker
        else:
            yield pickle.loads(part)  # noqa: S301 - as above
