"""What users say about progress, and what is printed while it is shown."""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from expcache._progress import Display, Progress, from_option

pytest.importorskip("termios")
pytest.importorskip("pyte")

from pyte.modes import DECAWM, DECTCEM

from terminals import Clock, Completed, Terminal, lone, words

pytestmark = pytest.mark.usefixtures(lone.__name__)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Give a terminal of 60 columns and 6 rows."""
    one = Terminal()
    yield one
    one.close()


@pytest.fixture
def print_there(monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> Callable[[], None]:
    """Return what makes the terminal that of the program; pytest has its own until then."""

    def take() -> None:
        monkeypatch.setattr(sys, "stdout", terminal.stream)
        monkeypatch.setattr(sys, "stderr", terminal.stream)

    return take


def shown(display: Display, clock: Clock) -> Display:
    """Show a display whose time has come, and that only `_refresh` draws."""
    display._interval = display._latest = 3600.0
    display._clock = clock
    clock.now = display._next + 3600
    display.show()
    display._refresh()
    return display


def is_silent(display: Display) -> bool:
    """Return whether a display will never show anything."""
    return display._closed.is_open


def test_by_default_a_terminal_shows_it(
    terminal: Terminal, print_there: Callable[[], None]
) -> None:
    """None shows the progress on a terminal, after half a second."""
    print_there()
    progress, display = from_option(None, 4, jobs=2)
    assert (progress.total, progress.jobs) == (4, 2)
    shown(display, Clock())
    assert words(terminal.lines()[1]) == "0/4 done"
    display.close()
    assert terminal.lines() == [""] * 6


def test_by_default_a_file_shows_nothing() -> None:
    """None is silent where there is no terminal, as in notebooks, files and pipes."""
    assert is_silent(from_option(None, 4, stream=io.StringIO())[1])


def test_true_shows_it_in_a_file() -> None:
    """True writes lines where there is no terminal."""
    stream, clock = io.StringIO(), Clock()
    with shown(from_option(True, 4, stream=stream)[1], clock):  # noqa: FBT003 - as users do
        pass
    assert stream.getvalue() == "expcache: 0/4 done\n"


def test_false_shows_nothing(terminal: Terminal) -> None:
    """False is silent on a terminal too."""
    assert is_silent(from_option(False, 4, stream=terminal.stream)[1])  # noqa: FBT003


def test_what_nobody_sees_is_not_counted() -> None:
    """A progress that is not shown takes no time of any run: it counts nothing."""
    progress, _ = from_option(False, 4)  # noqa: FBT003 - as users do
    progress.expect([1.0])
    progress.begin()
    progress.retry()
    progress.add(Completed())
    assert not progress.watched
    assert (progress.done, progress.retried, progress.running) == (0, 0, 0)


def test_no_stream_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without a console shows nothing, even if it was asked for."""
    monkeypatch.setattr(sys, "stderr", None)
    assert is_silent(from_option(True, 4)[1])  # noqa: FBT003


def test_a_function_gets_the_progress() -> None:
    """A function is called with the progress at each change, and nothing is shown."""
    seen: list[Progress] = []
    progress, display = from_option(seen.append, 4)
    progress.add(Completed())
    assert seen == [progress]
    assert is_silent(display)


def test_anything_else_is_refused() -> None:
    """A value that is neither a switch nor a function is an error that says what to give."""
    option: Any = "bar"
    with pytest.raises(TypeError) as raised:
        from_option(option, 4)
    assert str(raised.value) == (
        "cannot show progress with progress='bar': it is no function. "
        "Give None, True, False or a function of a Progress."
    )


def test_prints_do_not_run_into_the_status(
    terminal: Terminal, print_there: Callable[[], None]
) -> None:
    """Lines that the program prints stand above the status, whole, wherever they go."""
    print_there()
    clock = Clock()
    with shown(from_option(None, 4)[1], clock) as display:
        for number in range(8):
            clock.now += 3600
            print(f"line {number}\n and more", file=[sys.stdout, sys.stderr][number % 2])
            display._refresh()
        lines = terminal.lines()
        assert lines[:5] == ["line 6", " and more", "line 7", " and more", ""]
        assert words(lines[5]) == "0/4 done"
    assert terminal.lines()[4:] == ["", ""]


def test_log_records_do_not_run_into_the_status(
    terminal: Terminal, print_there: Callable[[], None]
) -> None:
    """What writes log records to the terminal, and holds it, makes way for the status too."""
    print_there()
    receiver, clock = logging.StreamHandler(), Clock()
    logger = logging.getLogger("expcache.tests.progress")
    logger.addHandler(receiver)
    with shown(from_option(None, 4)[1], clock) as display:
        for number in range(4):
            logger.warning("record %d", number)
        clock.now += 3600
        display._refresh()
        lines = terminal.lines()
    logger.removeHandler(receiver)
    assert receiver.stream is terminal.stream
    assert lines[:4] == [f"record {number}" for number in range(4)]
    assert words(lines[5]) == "0/4 done"


def test_the_streams_are_given_back(terminal: Terminal, print_there: Callable[[], None]) -> None:
    """After closing the program has its own streams, and others' replacements stay."""
    print_there()
    display = shown(from_option(None, 4)[1], Clock())
    assert sys.stdout is not terminal.stream
    assert sys.stdout.fileno() == terminal.stream.fileno()
    other = sys.stderr = io.StringIO()
    display.close()
    assert sys.stdout is terminal.stream
    assert sys.stderr is other


def test_a_guard_that_was_kept_writes_on(
    terminal: Terminal, print_there: Callable[[], None]
) -> None:
    """Who still holds the stream of a closed display can write to it."""
    print_there()
    display = shown(from_option(None, 4)[1], Clock())
    held = sys.stdout
    display.close()
    held.writelines(["a", "b"])
    held.flush()
    assert terminal.lines()[0] == "ab"


def test_files_are_not_guarded(monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> None:
    """Output that goes elsewhere than to a terminal is left alone."""
    elsewhere = io.StringIO()
    monkeypatch.setattr(sys, "stdout", elsewhere)
    with shown(from_option(None, 4, stream=terminal.stream)[1], Clock()):
        assert sys.stdout is elsewhere


def test_a_sweep_inside_a_run_shows_nothing(
    terminal: Terminal, print_there: Callable[[], None]
) -> None:
    """One terminal shows one progress, the first; the next sweep after it shows its own."""
    print_there()
    clock = Clock()
    with shown(from_option(None, 4)[1], clock):
        with shown(from_option(None, 9)[1], clock):
            assert words(terminal.lines()[1]) == "0/4 done"
        assert words(terminal.lines()[1]) == "0/4 done"
        assert sys.stdout is not terminal.stream
    with shown(from_option(None, 9)[1], clock):
        assert words(terminal.lines()[1]) == "0/9 done"
    assert sys.stdout is terminal.stream


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_prints(terminal: Terminal, print_there: Callable[[], None]) -> None:
    """A process forked while the display was being drawn can print."""
    print_there()
    with shown(from_option(None, 4)[1], Clock()) as display:
        with display._lock:
            child = os.fork()
            if not child:
                display._lock = None  # type: ignore[assignment] # as good as never released
                try:
                    sys.stdout.write("from the child")
                    sys.stdout.flush()
                finally:
                    os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert "from the child" in terminal.lines()[0]


WAITING = """
import sys, threading
from expcache._progress import from_option

progress, display = from_option(True, 4)
display._next, display._interval = 0, 0.001
try:
    with display:
        threading.Event().wait()
except KeyboardInterrupt:
    sys.stdout.write("interrupted")
"""


def test_an_interrupt_leaves_the_terminal_sane() -> None:
    """After Ctrl-C no status is left, the cursor shows, and long lines wrap."""
    terminal = Terminal(20)
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=terminal.stream, stderr=terminal.stream
    ) as process:
        deadline = time.monotonic() + 60
        while not words(terminal.lines()[1]):
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        while process.poll() is None:
            terminal.lines()
    terminal.write(" and a line that is wrapped")
    assert terminal.lines()[:3] == ["interrupted and a li", "ne that is wrapped", ""]
    assert {DECAWM, DECTCEM} <= terminal.screen.mode
    terminal.close()
