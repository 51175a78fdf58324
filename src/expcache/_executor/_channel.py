"""Messages over a socket: the parent's end never blocks, the worker's end always does."""

from __future__ import annotations

import socket
from collections import deque
from typing import Final

__all__ = ["Channel", "receive", "send"]

_CHUNK: Final = 1 << 18
_TURN: Final = 1 << 24  # bytes taken from one worker before the others get their turn
_LENGTH: Final = 8
_HELD: Final = 1 << 16  # from here on, joining a message to its length costs more than a call


def send(sock: socket.socket, *parts: bytes) -> None:
    """Send one message made of parts, however long it takes."""
    for piece in _pieces(parts):
        sock.sendall(piece)


def _pieces(parts: tuple[bytes, ...]) -> list[bytes]:
    size = sum(map(len, parts))
    pieces = [size.to_bytes(_LENGTH, "little"), *parts]
    return [b"".join(pieces)] if size < _HELD else [piece for piece in pieces if piece]


def receive(sock: socket.socket) -> bytes | None:
    """Wait for one message; None: the other side is gone."""
    head = _exactly(sock, _LENGTH)
    return None if head is None else _exactly(sock, int.from_bytes(head, "little"))


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    if not size:
        return b""
    first = sock.recv(min(size, _CHUNK))
    if len(first) == size:
        return first
    whole = bytearray(size)
    view = memoryview(whole)
    view[: len(first)] = first
    position = len(first)
    while first and position < size:
        count = sock.recv_into(view[position:])
        if not count:
            return None
        position += count
    return bytes(whole) if first else None


class Channel:
    """The parent's end: sends and receives what is possible now."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over a socket."""
        sock.settimeout(0)
        self.sock = sock
        self.ended = False
        """Whether the other side is gone."""
        self.taken = 0
        """How many bytes have come in."""
        self._unsent: deque[memoryview] = deque()
        self._received = bytearray()

    @property
    def unsent(self) -> bool:
        """Whether something waits until the other side reads."""
        return bool(self._unsent)

    def send(self, *parts: bytes) -> None:
        """Send one message made of parts; what does not go out now goes with `flush`."""
        self._unsent.extend(memoryview(piece) for piece in _pieces(parts))
        self.flush()

    def flush(self) -> None:
        """Send what is left, as far as the other side takes it."""
        try:
            while self._unsent:
                view = self._unsent[0]
                count = self.sock.send(view)
                if count == len(view):
                    self._unsent.popleft()
                else:
                    self._unsent[0] = view[count:]
        except BlockingIOError:
            pass
        except OSError:  # it is gone: reading will tell
            self._unsent.clear()

    def receive(self) -> list[memoryview]:
        """Return the messages that have arrived; none while one is still under way."""
        messages: list[memoryview] = []
        most = self.taken + _TURN
        try:
            while self.taken < most and not self.ended:
                chunk = self.sock.recv(_CHUNK)
                self.taken += len(chunk)
                self.ended = not chunk
                self._received += chunk
                self._cut(messages)
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True
        return messages

    def _cut(self, messages: list[memoryview]) -> None:
        position, buffer = 0, self._received
        if len(buffer) < _LENGTH or len(buffer) - _LENGTH < int.from_bytes(
            buffer[:_LENGTH], "little"
        ):
            return
        whole = memoryview(buffer)
        while len(buffer) - position >= _LENGTH:
            start = position + _LENGTH
            end = start + int.from_bytes(buffer[position:start], "little")
            if len(buffer) < end:
                break
            messages.append(whole[start:end])
            position = end
        # The messages keep the old buffer: large ones are never copied.
        self._received = buffer[position:]

    def close(self) -> None:
        """Close the socket, whatever is still under way."""
        self._unsent.clear()
        self.sock.close()
