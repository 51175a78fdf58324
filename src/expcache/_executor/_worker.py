"""What a worker process does: it reads batches from its socket and replies to their cells.

This is what the fork server preloads: everything heavy is imported when it is needed.
"""

from __future__ import annotations

import faulthandler
import importlib
import logging
import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, NoReturn

from expcache._capture import Descriptors
from expcache._executor._board import Board
from expcache._executor._channel import receive, send
from expcache._executor._frame import HOLD_SECONDS, READY, Order, head_of, pack_reply
from expcache._executor._leave import (
    GRANDCHILD,
    follow_parent,
    follow_socket,
    leave,
    own_group,
    shield,
    without_core,
)
from expcache._executor._limit import MemoryLimit

__all__ = ["Settings", "enter", "serve"]

_kept: list[Any] = []  # never let go: their buffers belong to another process


class Settings(NamedTuple):
    """What the parent tells a new worker first."""

    path: list[str]
    directory: str | None
    environment: dict[str, str]
    arguments: list[str]
    board: str
    output: str
    memory: int | None
    replies: str
    """The function that computes a payload, as `module:qualname`."""


class Watcher:
    """What surrounds each run: the parent learns where this worker stands."""

    def __init__(self, settings: Settings, descriptors: Descriptors) -> None:
        """Share the board with the parent."""
        self._descriptors = descriptors
        self.board = Board(settings.board)
        self._pid = os.getpid()
        self.memory = settings.memory
        self._limit = None if settings.memory is None else MemoryLimit(settings.memory)

    def begin(self, position: int) -> None:
        """Note that the function of a cell is called now."""
        self.board.begin(position)
        if self._limit is not None:
            self._limit.begin()

    def end(self, position: int) -> None:  # noqa: ARG002 - the protocol's
        """Note that it has returned."""
        self.check_process()
        if self._limit is not None:
            self._limit.end()
        self.board.end()

    def check_process(self) -> None:
        """End a process that a run has forked, and that came back from it as well as we did."""
        if os.getpid() != self._pid:
            os._exit(GRANDCHILD)

    def captured(self) -> AbstractContextManager[Any]:
        """Collect what a run prints."""
        return self._descriptors.captured()


def enter(sock: socket.socket, parent: int) -> NoReturn:
    """Become a worker: the whole life of the process."""
    status = 1
    try:
        shield()
        own_group()
        without_core()
        if not follow_parent(parent, signal.SIGKILL if hasattr(signal, "SIGKILL") else 9):
            follow_socket(sock)
        hello = receive(sock)
        if hello is not None:
            serve(sock, pickle.loads(hello))  # noqa: S301 - from our own parent
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        status = 0  # the parent has no more need of us
    except BaseException:  # noqa: BLE001 - there is nobody above
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    leave(status)


def serve(sock: socket.socket, settings: Settings) -> None:
    """Compute batch after batch until the parent hangs up."""
    descriptors = _redirect(settings.output)
    _settle(settings)
    watcher = Watcher(settings, descriptors)
    replies = _find(settings.replies)
    send(sock, READY)
    while True:
        head = receive(sock)
        if head is None:
            return
        payload = receive(sock)
        if payload is None:
            return
        order = Order.read(head)
        watcher.board.enter(order.serial)
        _reply(sock, order, replies(payload, watcher), watcher)
        del payload


def _reply(sock: socket.socket, order: Order, replies: Iterator[Any], watcher: Watcher) -> None:
    """Send replies, those that come in quick succession together.

    What is held back lies on the board, where the parent finds it: when a long cell follows, and
    when this process dies.
    """
    board, sent = watcher.board, 0.0
    end = time.monotonic() + order.seconds
    for count, reply in enumerate(replies, 1):
        watcher.check_process()
        part = pack_reply(reply)
        del reply
        held = board.put(part)
        board.replied(count)
        due = count < order.size and time.monotonic() - sent >= HOLD_SECONDS
        if due or not held:
            sent = time.monotonic()  # before the parent can have it, which counts from there
            send(sock, head_of(order.serial), board.box(), *(() if held else (part,)))
            board.empty()
        if time.monotonic() >= end:
            break
    send(sock, head_of(order.serial, last=True), board.box())


def _find(name: str) -> Any:
    module, _, qualname = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def _redirect(output: str) -> Descriptors:
    """Send all output to a file, that of C code and of processes that runs start included."""
    _kept.extend((sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.stderr = None
    descriptors = Descriptors(output)
    faulthandler.enable(2, all_threads=True)
    return descriptors


def _settle(settings: Settings) -> None:
    """Work where the parent works, and draw other random numbers than it and the others."""
    os.environ.clear()
    os.environ.update(settings.environment)
    sys.path[:] = settings.path
    sys.argv[:] = settings.arguments
    if settings.directory is not None:
        os.chdir(settings.directory)
    # The parent shows what is logged: shown here too, it would be shown twice.
    logging.getLogger().handlers[:] = [logging.NullHandler()]
    if "random" in sys.modules:
        sys.modules["random"].seed()
    if "numpy" in sys.modules and "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def main(descriptor: int, parent: int) -> NoReturn:
    """Begin in a new interpreter that was given the socket's descriptor."""
    enter(socket.socket(fileno=descriptor), parent)
