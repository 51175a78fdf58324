"""What a run warns of and logs is kept beside its result, and still shown."""

from __future__ import annotations

import io
import logging
import threading
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from expcache._capture import _notices as module
from expcache._capture import noticed, relay

log = logging.getLogger("test_capture_notices")


class Odd(UserWarning):
    """A warning of this module."""


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """After each test all is as it was."""
    before = warnings.showwarning, logging.getLogRecordFactory(), list(warnings.filters)
    yield
    assert (warnings.showwarning, logging.getLogRecordFactory(), list(warnings.filters)) == before


def test_warnings_are_kept_and_shown() -> None:
    """A warning is told with its category and place, and reaches whoever it reached before."""
    with pytest.warns(Odd, match="look"), noticed() as notices:
        warnings.warn("look", Odd, stacklevel=1)
    (told,) = notices.warnings
    assert told["category"] == f"{__name__}.Odd"
    assert (told["message"], told["filename"]) == ("look", __file__)
    assert told["lineno"] > 0


def test_warnings_that_are_filtered_are_not_seen() -> None:
    """In process, the filters of the program hold."""
    with warnings.catch_warnings(), noticed() as notices:
        warnings.simplefilter("ignore")
        warnings.warn("look", Odd, stacklevel=1)
    assert notices.warnings == []


def test_in_a_worker_every_warning_is_kept_and_none_is_shown() -> None:
    """Filters, and the rule of once a place, are for the process that shows."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("ignore")
        with noticed(show=False, always=True) as notices:
            for _ in range(3):
                warnings.warn("look", Odd, stacklevel=1)
    assert [one["message"] for one in notices.warnings] == ["look"] * 3
    assert shown == []


def test_log_records_are_kept_and_shown(caplog: pytest.LogCaptureFixture) -> None:
    """A record is told with its level, its place and its exception, and handled as ever."""
    with noticed() as notices:
        try:
            dict[str, int]()["k"]
        except KeyError:
            log.exception("number %d", 3)
    (told,) = notices.logs
    assert (told["name"], told["level"], told["message"]) == (log.name, logging.ERROR, "number 3")
    assert (told["pathname"], told["function"]) == (
        __file__,
        "test_log_records_are_kept_and_shown",
    )
    assert told["exception"].endswith("KeyError: 'k'\n")
    assert caplog.messages == ["number 3"]


def test_levels_of_the_program_hold() -> None:
    """What no logger makes is not kept."""
    with noticed() as notices:
        log.debug("too low")
    assert notices.logs == []


def test_logging_can_be_set_up_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ``basicConfig`` of a program may be in an experiment."""
    monkeypatch.setattr(logging.root, "handlers", [])
    stream = io.StringIO()
    with noticed() as notices:
        logging.basicConfig(stream=stream, format="%(message)s")
        log.warning("seen")
    assert stream.getvalue() == "seen\n"
    assert len(notices.logs) == 1


def test_records_without_a_receiver_go_to_the_last_resort(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a program sets nothing up, warnings of a logger are still printed."""
    monkeypatch.setattr(logging.root, "handlers", [])
    with noticed():
        log.warning("printed")
    assert capsys.readouterr().err == "printed\n"


def test_arguments_that_cannot_be_formatted_are_told_raw() -> None:
    """A wrong call of a logger breaks no run."""
    with noticed() as notices:
        logging.getLogRecordFactory()("n", 30, "f.py", 1, "number %d", ("x",), None)
    assert notices.logs[0]["message"] == "number %d"


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that warns for ever fills no record."""
    monkeypatch.setattr(module, "COUNT", 3)
    monkeypatch.setattr(module, "LENGTH", 5)
    with noticed(show=False, always=True) as notices:
        for _ in range(5):
            warnings.warn("0123456789", Odd, stacklevel=1)
            log.warning("0123456789")
    assert [one["message"] for one in notices.warnings] == ["01234"] * 3
    assert [one["message"] for one in notices.logs] == ["01234"] * 3


def test_nested_runs_keep_their_own() -> None:
    """A run that calls another keeps what it warned of itself."""
    with noticed(show=False, always=True) as outer:
        warnings.warn("outer", Odd, stacklevel=1)
        with noticed(show=False) as inner:
            warnings.warn("inner", Odd, stacklevel=1)
        warnings.warn("outer", Odd, stacklevel=1)
    assert [one["message"] for one in outer.warnings] == ["outer", "outer"]
    assert [one["message"] for one in inner.warnings] == ["inner"]


def test_threads_of_a_worker_belong_to_its_run() -> None:
    """Where one run goes on alone, whatever the process warns of is its own."""
    with noticed(show=False, always=True) as notices:
        thread = threading.Thread(target=lambda: warnings.warn("there", Odd, stacklevel=1))
        thread.start()
        thread.join()
    assert [one["message"] for one in notices.warnings] == ["there"]


def test_what_was_put_in_place_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever replaces ``showwarning`` inside the block and leaves it so is respected."""
    seen: list[Any] = []
    before = warnings.showwarning
    with noticed():
        warnings.showwarning = lambda *given, **_: seen.append(given)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            ours = warnings.showwarning
            assert ours is not before
            warnings.warn("look", Odd, stacklevel=1)
    finally:
        warnings.showwarning = before
    assert len(seen) == 1


def told(**fields: Any) -> Any:
    """Return a header with these warnings and log records."""
    return SimpleNamespace(**{"warnings": [], "logs": []} | fields)


def warned(**fields: Any) -> Any:
    """Return a header with one warning."""
    one = {"category": "UserWarning", "message": "hm", "filename": "far.py", "lineno": 3}
    return told(warnings=[one | fields])


def test_warnings_are_relayed() -> None:
    """A warning of a worker is raised here, of its own category and at its own place."""
    with pytest.warns(Odd, match="hm") as caught:
        relay(warned(category=f"{__name__}.Odd"))
    assert (caught[0].filename, caught[0].lineno) == ("far.py", 3)


@pytest.mark.parametrize("name", ["nowhere.Odd", "int", "os.path", "UserWarning.no"])
def test_unknown_categories_are_warnings_of_the_user(name: str) -> None:
    """A category that this process does not know is shown all the same."""
    with pytest.warns(UserWarning, match="hm"):
        relay(warned(category=name))


def test_relayed_warnings_obey_the_filters_here() -> None:
    """What is ignored here is not shown; an error is shown, since it would stop others."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("ignore")
        relay(warned())
        assert shown == []
        warnings.simplefilter("error")
        relay(warned())
    assert [str(one.message) for one in shown] == ["hm"]


def test_log_records_are_relayed(caplog: pytest.LogCaptureFixture) -> None:
    """A record of a worker is handled here by the logger of the same name, if its level is on."""
    with noticed() as notices:
        log.warning("twice")
    low = notices.logs[0] | {"level": logging.DEBUG}
    caplog.clear()
    relay(told(logs=[*notices.logs, low]))
    (record,) = caplog.records
    assert (record.name, record.levelname) == (log.name, "WARNING")
    assert record.getMessage() == "twice"
    assert record.created == notices.logs[0]["created"]
    assert record.filename == "test_capture_notices.py"
