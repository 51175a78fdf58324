"""Progress: what it counts, what it foretells, and the line that it writes."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass

import pytest
from rich.cells import cell_len
from rich.text import Text

from expcache._progress import Progress
from expcache._progress._line import Counts, duration, rate, render


@dataclass
class Completed:
    """What a progress reads of a run."""

    cached: bool = False
    status: str = "done"
    runtime: float | None = 1.0


@dataclass
class Clock:
    """A time that only tests change."""

    now: float = 100.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


FOUND, FAILED = Completed(cached=True), Completed(status="failed")


def test_found_runs_are_done_and_cached() -> None:
    """A run whose result was stored counts as done and as cached, and not as computed."""
    progress = Progress(3)
    progress.add(FOUND)
    assert (progress.done, progress.cached, progress.computed) == (1, 1, 0)


def test_a_failure_that_was_kept_is_failed_only() -> None:
    """A stored failure is neither a result nor a cached one."""
    progress = Progress(3)
    progress.add(Completed(cached=True, status="failed"))
    assert (progress.done, progress.cached, progress.failed) == (0, 0, 1)


def test_running_ends_with_the_run() -> None:
    """A run is running from its beginning until it has completed, well or not."""
    progress = Progress(9, jobs=3)
    progress.begin(3)
    progress.add(FAILED)
    progress.add(FOUND)
    assert (progress.running, progress.failed, progress.done) == (2, 1, 1)


def test_no_more_run_than_there_are_workers_or_runs() -> None:
    """Of batches that were handed out only what can be at work counts, repeated ones too."""
    progress = Progress(3, jobs=2)
    progress.begin(256)
    assert progress.running == 2
    progress.add(FAILED)
    progress.add(FAILED)
    assert progress.running == 1
    progress.add(FAILED)
    assert progress.running == 0


def test_runtimes_of_found_runs_are_not_read() -> None:
    """What a stored run once took needs a look into its record: nobody asks."""

    class Stored:
        cached, status = True, "done"

        @property
        def runtime(self) -> float:
            raise AssertionError

    progress = Progress(1)
    progress.add(Stored())
    assert progress.done == 1


def test_the_rate_counts_computed_runs(clock: Clock) -> None:
    """The rate is that of computed runs since the first of them began."""
    progress = Progress(100, clock=clock)
    assert progress.rate == 0
    clock.now += 50
    progress.begin()
    for run in [Completed(), FOUND, Completed(), FOUND, FAILED]:
        clock.now += 0.5
        progress.add(run)
    assert progress.rate == pytest.approx(3 / 2.5)


def test_the_rate_forgets_what_was_long_ago(clock: Clock) -> None:
    """A sweep that became slower shows it: only the latest runs tell the rate."""
    progress = Progress(None, clock=clock)
    progress.begin()
    for step in [0.1] * 1000 + [2.0] * 60:
        clock.now += step
        progress.add(Completed())
    assert progress.rate == pytest.approx(0.5, rel=0.05)


def test_slow_runs_have_a_rate(clock: Clock) -> None:
    """Where hardly anything ends within the window, it looks back further."""
    progress = Progress(None, clock=clock)
    progress.begin()
    for _ in range(5):
        clock.now += 600
        progress.add(Completed())
    assert progress.rate == pytest.approx(1 / 600)


def test_nothing_known_is_no_time_left() -> None:
    """Before anything was computed nobody knows the time left, nor without a total."""
    progress = Progress(5)
    progress.add(FOUND)
    assert progress.left is None
    assert Progress(None).left is None


def test_the_mean_foretells(clock: Clock) -> None:
    """Without recorded runtimes the rest takes what runs took so far, shared by the workers."""
    progress = Progress(10, jobs=2, clock=clock)
    progress.begin(2)
    progress.add(Completed(runtime=4.0))
    progress.add(Completed(runtime=2.0))
    assert progress.left == pytest.approx(8 * 3.0 / 2)


def test_recorded_runtimes_foretell(clock: Clock) -> None:
    """Recorded runtimes are the time left from the beginning; unknown ones are their mean."""
    progress = Progress(3, clock=clock)
    progress.expect([10.0, 2.0, None])
    assert progress.left == pytest.approx(10 + 2 + 6)


def test_what_runs_took_corrects_what_was_recorded(clock: Clock) -> None:
    """A machine twice as fast as that of the records halves the time left."""
    progress = Progress(3, clock=clock)
    progress.expect([10.0, 2.0, 2.0])
    progress.begin()
    progress.add(Completed(runtime=5.0))
    assert progress.left == pytest.approx(2.0)


def test_the_last_run_has_one_worker(clock: Clock) -> None:
    """Workers without a run do not shorten the time left."""
    progress = Progress(2, jobs=8, clock=clock)
    progress.expect([6.0, 6.0])
    progress.begin(2)
    assert progress.left == pytest.approx(6.0)


def test_the_time_left_counts_down(clock: Clock) -> None:
    """While nothing completes the time left gets less, down to nothing."""
    progress = Progress(1, clock=clock)
    progress.expect([60.0])
    progress.begin()
    clock.now += 45
    assert progress.left == pytest.approx(15)
    clock.now += 45
    assert progress.left == 0


def test_what_surrounds_short_runs_counts(clock: Clock) -> None:
    """Runs that take no time themselves still take as long as they were seen to."""
    progress = Progress(1000, clock=clock)
    progress.begin()
    for _ in range(100):
        clock.now += 0.01
        progress.add(Completed(runtime=0.0))
    assert progress.left == pytest.approx(900 * 0.01)


def test_nothing_is_left_at_the_end() -> None:
    """When all have completed, no time is left, whatever was expected."""
    progress = Progress(1)
    progress.expect([5.0, 5.0])
    progress.add(FOUND)
    assert progress.left == 0


def test_each_change_is_told() -> None:
    """The function given is called after each change, and sees it."""
    seen: list[tuple[int, int]] = []
    progress = Progress(2, changed=lambda p: seen.append((p.running, p.done)))
    progress.begin()
    progress.add(Completed())
    assert seen == [(1, 0), (0, 1)]


def test_what_the_function_raises_is_raised() -> None:
    """An exception of the function given reaches who counted, and the count stands."""

    def stop(_: Progress) -> None:
        raise RuntimeError("stop")

    progress = Progress(2, changed=stop)
    with pytest.raises(RuntimeError, match="stop"):
        progress.add(FOUND)
    assert progress.done == 1


def test_threads_count_together() -> None:
    """No count is lost between threads, while another reads."""
    progress = Progress(4000, jobs=4)

    def count() -> None:
        for _ in range(1000):
            progress.begin()
            progress.add(Completed())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert 0 <= progress.running <= 4
    assert (progress.done, progress.computed, progress.running) == (4000, 4000, 0)


FULL = Counts(1000, 412, cached=300, failed=2, running=2, rate=3.14, left=185.0)


def test_the_whole_line() -> None:
    """With room, the line has a bar, all counts, the rate and the time left."""
    line = render(FULL, 200, color=False)
    assert line.startswith("━")
    told = "412/1000 done (300 cached)  2 failed  2 running  3.1/s  3m05s left"
    assert line.endswith(f" {told}")
    assert render(FULL, 200, color=False, bar=False) == told


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (70, "412/1000 done (300 cached)  2 failed  2 running  3.1/s  3m05s left"),
        (64, "412/1000 done (300 cached)  2 failed  2 running  3m05s left"),
        (50, "412/1000 done  2 failed  2 running  3m05s left"),
        (40, "412/1000 done  2 failed  3m05s left"),
        (30, "412/1000  2 failed  3m05s left"),
        (20, "412/1000  2 failed"),
        (10, "412/1000"),
        (7, ""),
        (0, ""),
    ],
)
def test_a_narrow_line_says_what_matters(width: int, line: str) -> None:
    """The less room, the less is said: failures stay longest, and no number is cut."""
    assert render(FULL, width, color=False) == line


SOME = [
    FULL,
    FULL._replace(total=None, left=None),
    Counts(0, 0),
    Counts(5, 5, cached=5),
    Counts(10**9, 10**9 - 1, 10**8, 10**7, 10**4, 10**5, 10**9),
    Counts(3, 9, failed=9, rate=1e-9, left=0.0),
]


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("counts", SOME)
def test_no_line_is_too_wide(counts: Counts, color: bool) -> None:  # noqa: FBT001 - a parameter
    """A line never takes more columns than it may, and it is one line."""
    for width in (1, 5, *range(8, 140, 3), 200):
        line = render(counts, width, color=color)
        assert cell_len(Text.from_ansi(line).plain) <= width
        assert "\n" not in line


def test_colors_only_where_wanted() -> None:
    """Without colours a line has no control characters; the words are the same with them."""
    plain, colored = render(FULL, 60, color=False), render(FULL, 60, color=True)
    assert "\x1b" not in plain
    assert "\x1b[" in colored
    assert Text.from_ansi(colored).plain == plain


def test_the_bar_shows_the_part(clock: Clock) -> None:
    """Without colours the filled part of the bar is what is done or failed."""
    progress = Progress(4, clock=clock)
    for run in (FOUND, FAILED):
        progress.add(run)
    bar = progress.line(120, color=False).partition("1/4")[0]
    assert (bar.count("━") + bar.count("╸"), len(bar)) == (20, 41)


def test_the_environment_does_not_change_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a line looks like is asked of its caller, not of variables."""
    line = render(FULL, 60, color=True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert render(FULL, 60, color=True) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.2, "1s"), (59, "59s"), (59.5, "1m00s"), (3599, "59m59s"), (3600, "1h00m")),
        *((5000, "1h23m"), (86400, "1d00h"), (300000, "3d11h")),
    ],
)
def test_times_have_two_units(seconds: float, text: str) -> None:
    """A time is told in its two largest units."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [
        *((1234, "1234/s"), (9.96, "10/s"), (1, "1.0/s"), (0.5, "30/min"), (0.01, "36/h")),
        (1e-4, "0.4/h"),
    ],
)
def test_rates_are_told_in_a_fitting_unit(per_second: float, text: str) -> None:
    """A rate below one is told by the minute, then by the hour."""
    assert rate(per_second) == text


def test_counting_loads_no_rich() -> None:
    """What only draws is imported when something is drawn."""
    code = (
        "import sys; from expcache._progress import from_option\n"
        "progress, display = from_option(None, 3); display.show(); progress.begin()\n"
        "display.close(); assert not {n for n in sys.modules if n.startswith('rich')}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
