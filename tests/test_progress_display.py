"""What a person sees of a progress: on real terminals, in files, and on what breaks."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from expcache._progress import Display, Progress, from_option
from expcache._progress._guard import GuardedDisplay

pytest.importorskip("termios")
pytest.importorskip("pyte")

from terminals import Clock, Completed, Terminal, lone, words

pytestmark = pytest.mark.usefixtures(lone.__name__)
NEVER = 3600.0  # no thread draws in between
MINUTE = 60.0


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Give a terminal of 60 columns and 6 rows."""
    one = Terminal()
    yield one
    one.close()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    """Return a progress of ten runs, one done."""
    one = Progress(10, clock=clock)
    one.add(Completed(cached=True))
    return one


def open_display(progress: Progress, stream: Any, clock: Clock, **options: Any) -> Display:
    """Show a display that nothing but `_refresh` draws."""
    display = Display(progress, stream, interval=NEVER, clock=clock, **options)
    display.show()
    return display


def test_the_status_is_below_the_line_of_the_cursor(
    terminal: Terminal, progress: Progress, clock: Clock
) -> None:
    """Dots go on where they were while the status stands below them."""
    terminal.write("test.py ..")
    with open_display(progress, terminal.stream, clock) as display:
        display._refresh()
        terminal.write(".")
        display._refresh()
        terminal.write(".")
        lines = terminal.lines()
        assert lines[0] == "test.py ...."
        assert words(lines[1]) == "1/10 done (1 cached)"
        assert terminal.cursor == (0, 12)
    assert terminal.lines() == ["test.py ...."] + [""] * 5


def test_it_makes_room_at_the_bottom(terminal: Terminal, progress: Progress, clock: Clock) -> None:
    """On the last line of the screen, what stands there moves up; later draws move nothing."""
    terminal.write("\r\n".join("abcdef") + "gh")
    with open_display(progress, terminal.stream, clock) as display:
        for _ in range(3):
            display._refresh()
        terminal.write("i")
        assert terminal.lines()[:5] == ["b", "c", "d", "e", "fghi"]
        assert words(terminal.lines()[5]) == "1/10 done (1 cached)"
        assert terminal.cursor == (4, 4)
    assert terminal.lines() == ["b", "c", "d", "e", "fghi", ""]


def test_what_is_printed_while_it_is_hidden_stays(
    terminal: Terminal, progress: Progress, clock: Clock
) -> None:
    """Between hide and show whole lines can be printed, also at the bottom of the screen."""
    with open_display(progress, terminal.stream, clock) as display:
        for number in range(8):
            display._refresh()
            assert display.hide()
            assert not display.hide()
            terminal.write(f"line {number}\r\n")
            clock.now += NEVER
            display.show()
        lines = terminal.lines()
        assert lines[:5] == ["line 4", "line 5", "line 6", "line 7", ""]
        assert words(lines[5]) == "1/10 done (1 cached)"
    assert terminal.lines() == ["line 4", "line 5", "line 6", "line 7", "", ""]


def test_one_line_printed_over_it_is_readable(
    terminal: Terminal, progress: Progress, clock: Clock
) -> None:
    """A status that somebody printed over without hiding it is cleared by the next."""
    with open_display(progress, terminal.stream, clock) as display:
        display._refresh()
        terminal.write("first\r\nsecond")
        display._refresh()
        lines = terminal.lines()
    assert lines[:2] == ["first", "second"]
    assert words(lines[2]) == "1/10 done (1 cached)"


@pytest.mark.parametrize("columns", [200, 60, 40, 20, 8, 2])
def test_it_fits_any_terminal(progress: Progress, clock: Clock, columns: int) -> None:
    """The status is as wide as fits beside the last column, and takes one row."""
    terminal = Terminal(columns)
    with open_display(progress, terminal.stream, clock) as display:
        display._refresh()
        expected = progress.line(columns - 1, color=False).rstrip()
        lines = terminal.lines()
    assert [words(line) for line in lines] == ["", words(expected), "", "", "", ""]
    terminal.close()


def test_the_width_is_asked_anew(terminal: Terminal, progress: Progress, clock: Clock) -> None:
    """After a change of the terminal's width the next status has the new one."""
    with open_display(progress, terminal.stream, clock) as display:
        display._refresh()
        terminal.resize(20)
        display._refresh()
        assert terminal.lines()[1] == "1/10 done"


def test_each_change_of_the_screen_is_one_write(
    terminal: Terminal, progress: Progress, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C finds the terminal sane: each write returns the cursor and the wrapping of lines."""
    written: list[str] = []
    monkeypatch.setattr(Display, "_write", lambda _, text: written.append(text))
    with open_display(progress, terminal.stream, clock) as display:
        display._refresh()
    assert len(written) == 2
    for text in written:
        assert text.count("\x1b7") == text.count("\x1b8") == 1
        assert text.endswith("\x1b8")
        assert text.count("\x1b[?7l") == text.count("\x1b[?7h")
        assert "\x1b[?25l" not in text


def test_colors_of_what_is_printed_survive(
    terminal: Terminal, progress: Progress, clock: Clock
) -> None:
    """A status in between leaves the colour that the program had chosen."""
    terminal.write("\x1b[31ma")
    with open_display(progress, terminal.stream, clock) as display:
        display._refresh()
        terminal.write("b")
        terminal.lines()
    assert [terminal.screen.buffer[0][column].fg for column in (0, 1)] == ["red", "red"]
    assert terminal.screen.buffer[1][0].fg != "red"


def test_colors_can_be_switched_off(
    terminal: Terminal,
    progress: Progress,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With NO_COLOR the status has none."""
    monkeypatch.setenv("NO_COLOR", "1")
    with open_display(progress, terminal.stream, clock) as display:
        display._refresh()
        terminal.lines()
    assert {cell.fg for cell in terminal.screen.buffer[1].values()} <= {"default"}


@pytest.mark.parametrize("setting", [("TERM", "dumb"), ("TTY_INTERACTIVE", "0")])
def test_a_terminal_that_cannot_go_back_is_none(
    terminal: Terminal,
    progress: Progress,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    setting: tuple[str, str],
) -> None:
    """On a dumb terminal a line a minute is all, and by default nothing."""
    monkeypatch.setenv(*setting)
    with open_display(progress, terminal.stream, clock) as display:
        display._refresh()
        clock.now += MINUTE
        display._refresh()
        assert terminal.lines()[0] == "expcache: 1/10 done (1 cached)"
    assert from_option(None, 10, stream=terminal.stream)[1]._closed.is_open


def test_without_a_terminal_it_is_a_line_a_minute(progress: Progress, clock: Clock) -> None:
    """In a file: the first line after a minute, then one a minute, and no control characters."""
    stream = io.StringIO()
    with open_display(progress, stream, clock) as display:
        for _ in range(150):
            clock.now += 1
            display._refresh()
            progress.begin()
    line = "expcache: 1/10 done (1 cached)"
    first, second = stream.getvalue().splitlines()
    assert first.startswith(line)
    assert second == f"{line}  1 running"


def test_what_ends_within_a_minute_writes_nothing(progress: Progress, clock: Clock) -> None:
    """A short sweep leaves a file as it was, a last line included."""
    stream = io.StringIO()
    with open_display(progress, stream, clock, summary=True) as display:
        progress.add(Completed())
        clock.now += MINUTE - 1
        display._refresh()
    assert stream.getvalue() == ""


def test_colors_can_be_forced_into_a_file(
    progress: Progress, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FORCE_COLOR gives a file colours, but nothing that moves a cursor."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    with open_display(progress, stream, clock) as display:
        clock.now += MINUTE
        display._refresh()
    assert "\x1b[36m (1 cached)" in stream.getvalue()
    assert not {"\x1b7", "\x1b[A", "\x1b[K"} & set(stream.getvalue().split())
    assert "\x1b7" not in stream.getvalue()


def test_an_ascii_stream_gets_an_ascii_bar(
    terminal: Terminal, progress: Progress, clock: Clock
) -> None:
    """A terminal that cannot show the bar's characters shows others."""
    stream = os.fdopen(os.dup(terminal.stream.fileno()), "w", encoding="ascii")
    with stream, open_display(progress, stream, clock) as display:
        display._refresh()
        assert terminal.lines()[1].startswith("---")


def closed_stream() -> Any:
    """Return a stream that nobody can write to any more."""
    stream = io.StringIO()
    stream.close()
    return stream


def broken_stream() -> Any:
    """Return a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w", buffering=1)


class Refusing(io.StringIO):
    """A terminal that went away."""

    def isatty(self) -> bool:
        """Return that it was one."""
        return True

    def write(self, text: str) -> int:
        """Fail as a terminal does whose window was closed."""
        raise OSError(5, "Input/output error", text)


@pytest.mark.parametrize("make", [closed_stream, broken_stream, Refusing, lambda: None])
def test_a_broken_stream_ends_the_display_only(
    progress: Progress, clock: Clock, make: Callable[[], Any]
) -> None:
    """Whatever is wrong with the stream, the sweep does not hear of it."""
    stream = make()
    display = open_display(progress, stream, clock, summary=True)
    for _ in range(3):
        clock.now += MINUTE
        display._refresh()
        display.hide()
        display.show()
    display.close()
    assert display._closed.is_open
    if stream is not None and not isinstance(stream, io.StringIO):
        with pytest.raises(BrokenPipeError):
            stream.close()


def test_its_thread_draws_and_ends(terminal: Terminal, progress: Progress) -> None:
    """While it is shown a thread draws it; when it is closed there is no such thread."""
    display = Display(progress, terminal.stream, interval=0.001)
    display.show()
    deadline = time.monotonic() + 30
    while not words(terminal.lines()[1]):
        assert time.monotonic() < deadline
    display.close()
    display.close()
    assert terminal.lines() == [""] * 6
    assert "expcache-display" not in {thread.name for thread in threading.enumerate()}


def test_a_second_interrupt_does_not_leave_the_thread_behind(
    terminal: Terminal, progress: Progress
) -> None:
    """Ctrl-C while its thread is waited for goes on when the thread has ended."""
    joins = []

    class Interrupted(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            joins.append(timeout)
            if len(joins) == 1:
                raise KeyboardInterrupt
            super().join(timeout)

    display = GuardedDisplay(progress, terminal.stream, interval=NEVER)
    display.show()
    assert display._thread is not None
    display._thread.__class__ = Interrupted
    with pytest.raises(KeyboardInterrupt):
        display.close()
    assert len(joins) == 2
    assert "expcache-display" not in {thread.name for thread in threading.enumerate()}


def test_threads_hide_and_show_as_they_like(terminal: Terminal, progress: Progress) -> None:
    """Nothing is left on the screen however many threads hid and showed it."""
    display = Display(progress, terminal.stream, interval=0.0001)

    def blink() -> None:
        for _ in range(100):
            display.show()
            display.hide()

    threads = [threading.Thread(target=blink) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        terminal.lines()
    display.close()
    assert terminal.lines() == [""] * 6


def test_a_short_sweep_shows_nothing(terminal: Terminal, progress: Progress, clock: Clock) -> None:
    """Within the delay nothing is drawn."""
    with open_display(progress, terminal.stream, clock, delay=0.5) as display:
        clock.now += 0.4
        display._refresh()
        assert terminal.lines() == [""] * 6
        clock.now += 0.2
        display._refresh()
        assert words(terminal.lines()[1]) == "1/10 done (1 cached)"


def test_a_last_line_tells_what_came_of_it(
    terminal: Terminal, progress: Progress, clock: Clock
) -> None:
    """If it was asked for, one line stays: the counts and the time."""
    with open_display(progress, terminal.stream, clock, summary=True) as display:
        display._refresh()
        progress.add(Completed(status="failed"))
        clock.now += 2
    last = "expcache: 1/10 done (1 cached)  1 failed  in 2s"
    assert terminal.lines() == [last] + [""] * 5


@pytest.mark.parametrize(("seconds", "run"), [(2, Completed(cached=True)), (1, Completed())])
def test_what_was_quick_needs_no_last_line(
    terminal: Terminal, progress: Progress, clock: Clock, seconds: float, run: Completed
) -> None:
    """Nothing stays of a sweep that computed nothing, or took no more than a second."""
    with open_display(progress, terminal.stream, clock, summary=True):
        progress.add(run)
        clock.now += seconds
    assert terminal.lines() == [""] * 6
