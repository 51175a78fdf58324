"""Gates, and what else threads wake each other with, under interrupts at every instruction."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from expcache._gate import Gate
from expcache._store._early import EarlySync

PATIENCE = 180.0
"""Seconds: never reached while nothing is jammed."""


def interrupted(function: Callable[[], object], after: int) -> bool:
    """Call a function, interrupt it after so many instructions; return whether it got so far."""
    left = after

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # Python 3.12 asks the frame that begins, too
    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def ends(function: Callable[[], object]) -> bool:
    """Call a function on a thread, and return whether it came back."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return not thread.is_alive()


def test_a_gate_keeps_waiting_until_it_is_open() -> None:
    """Nobody passes a closed gate, and everybody an open one, however often it is opened."""
    gate = Gate()
    assert not gate.wait(0.0)
    assert not gate.wait(0.001)
    gate.open()
    gate.open()
    assert gate.is_open
    assert gate.wait(0.0)
    assert gate.wait()


def test_all_who_wait_pass_at_once() -> None:
    """One opening lets several threads through."""
    gate = Gate()
    threads = [threading.Thread(target=gate.wait, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.open()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("method", ["open", "wait"])
def test_no_interrupt_jams_a_gate(method: str) -> None:
    """Wherever an interrupt hits who opens or waits, the gate can be opened and passed."""
    for after in count():
        gate = Gate()
        if method == "wait":
            gate.open()
        if not interrupted(getattr(gate, method), after):
            break
        assert ends(gate.open)
        assert ends(gate.wait)
    assert after > 5


def test_no_interrupt_jams_an_early_sync(tmp_path: Path) -> None:
    """Wherever an interrupt hits who wakes it, its thread ends with the block."""
    for after in count():
        with (tmp_path / "part").open("wb") as out:
            early = EarlySync(out.fileno())
            early.wake()
            early.wake()
            hit = interrupted(early.wake, after)
            assert ends(lambda: early.__exit__(None, None, None))  # noqa: B023 - called here
        if not hit:
            break
    assert after > 5
