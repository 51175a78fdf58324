"""Capturing what a call does, and unwrapping it."""

import asyncio
import pickle
import traceback
from pathlib import Path

import pytest

from expcache._outcome import Failure, Value, brief, capture, capture_async
from expcache.errors import RunFailedError


class SpeechlessError(Exception):
    """An exception whose text cannot be made."""

    def __str__(self) -> str:
        """Fail."""
        raise ValueError("no words")


def _divide(over: float, under: float) -> float:
    return over / under


def _wrap() -> None:
    try:
        _divide(1, 0)
    except ZeroDivisionError as error:
        raise LookupError("no quotient") from error


def _failure_of(outcome: object) -> Failure:
    assert isinstance(outcome, Failure)
    return outcome


def test_value_is_captured_and_unwrapped() -> None:
    """A call that returns is a Value, whose unwrap gives the very object."""
    result = ["x"]
    outcome = capture(lambda: result)
    assert isinstance(outcome, Value)
    assert outcome.unwrap() is result


def test_none_is_a_value() -> None:
    """None is a result like any other."""
    assert capture(lambda: None) == Value(None)


def test_arguments_reach_the_function() -> None:
    """Positional and keyword arguments are passed on as given."""
    assert capture(_divide, 1, under=2) == Value(0.5)


def test_exception_is_a_failure() -> None:
    """An exception is captured as type, message and live exception."""
    failure = _failure_of(capture(_divide, 1, 0))
    assert (failure.type, failure.message) == ("ZeroDivisionError", "division by zero")
    assert isinstance(failure.exception, ZeroDivisionError)


def test_type_names_the_module() -> None:
    """The type of an exception that is not builtin is told with its module."""

    def fail() -> None:
        raise SpeechlessError

    failure = _failure_of(capture(fail))
    assert failure.type == f"{__name__}.SpeechlessError"


def test_exception_without_text() -> None:
    """An exception whose str() raises is captured all the same."""

    def fail() -> None:
        raise SpeechlessError

    failure = _failure_of(capture(fail))
    assert failure.message == "<no message: str() raised ValueError>"
    assert "SpeechlessError" in failure.traceback


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_outcome_passes(kind: type[BaseException]) -> None:
    """An interrupt or an exit is no outcome of a run."""

    def stop() -> None:
        raise kind

    with pytest.raises(kind):
        capture(stop)


def test_pytest_skip_passes() -> None:
    """A skip inside an experiment skips the test and is no failure."""
    with pytest.raises(pytest.skip.Exception):
        capture(pytest.skip, "not here")


def test_traceback_shows_the_users_frames_only() -> None:
    """The traceback text begins in the user's code and names no file of expcache."""
    text = _failure_of(capture(_divide, 1, 0)).traceback
    assert text.startswith("Traceback (most recent call last):")
    assert "_divide" in text
    assert "in capture" not in text


def test_traceback_keeps_chained_causes() -> None:
    """The cause of an exception is part of the text."""
    text = _failure_of(capture(_wrap)).traceback
    assert "ZeroDivisionError: division by zero" in text
    assert "direct cause" in text
    assert text.rstrip().endswith("LookupError: no quotient")


def test_traceback_of_a_group_shows_its_members() -> None:
    """Exceptions within a group are shown, without frames of expcache."""
    inner = _failure_of(capture(_divide, 1, 0)).exception
    assert inner is not None

    def fail() -> None:
        raise ExceptionGroup("several", [inner])

    text = _failure_of(capture(fail)).traceback
    assert "ZeroDivisionError" in text
    assert "in capture" not in text


def test_unwrap_raises_the_exception_where_it_happened() -> None:
    """Unwrap raises the same object with the user's frames, however often."""
    failure = _failure_of(capture(_divide, 1, 0))
    lengths = []
    for _ in range(2):
        with pytest.raises(ZeroDivisionError) as caught:
            failure.unwrap()
        assert caught.value is failure.exception
        frames = traceback.extract_tb(caught.value.__traceback__)
        assert frames[-1].name == "_divide"
        assert Path(frames[-1].filename) == Path(__file__)
        lengths.append(len(frames))
    assert lengths[0] == lengths[1]


def test_pickled_failure_carries_texts() -> None:
    """A failure survives pickling without its exception, and unwraps to RunFailedError."""

    def fail() -> None:
        error = OSError("gone")
        error.lock = lambda: None  # type: ignore[attr-defined]
        raise error

    failure = _failure_of(capture(fail))
    copy = pickle.loads(pickle.dumps(failure))
    assert copy == failure
    assert copy.exception is None
    with pytest.raises(RunFailedError, match="the run failed with OSError: gone") as caught:
        copy.unwrap()
    assert caught.value.traceback == failure.traceback


def test_outcomes_cannot_be_changed() -> None:
    """Outcomes are frozen."""
    with pytest.raises(AttributeError):
        Value(1).value = 2  # type: ignore[misc]


def test_async_value_and_failure() -> None:
    """An async function is awaited and captured the same way."""

    async def halve(number: float) -> float:
        await asyncio.sleep(0)
        return _divide(number, 2 if number else 0)

    assert asyncio.run(capture_async(halve, 4)) == Value(2)
    failure = _failure_of(asyncio.run(capture_async(halve, 0)))
    assert failure.type == "ZeroDivisionError"
    assert "in capture_async" not in failure.traceback


def test_cancellation_passes() -> None:
    """A cancelled run has no outcome."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(capture_async(cancelled))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("ValueError: too\nlong", "ValueError: too"),
        (
            "expcache.errors.CommandError: cannot finish run "
            + "0" * 32
            + " of 'a b': its program "
            "ended with exit status 2. To see it again, run this:\n./prog",
            "ended with exit status 2",
        ),
        (
            "expcache.errors.TimeLimitError: cannot compute run " + "f" * 32 + " of 'fit': it took "
            "longer than its time limit of 0.5 s and was ended. Give it more time.",
            "took longer than its time limit of 0.5 s and was ended",
        ),
        ("KeyError: 'cannot finish'", "KeyError: 'cannot finish'"),
    ],
)
def test_an_error_in_one_line(error: str, reason: str) -> None:
    """Of what expcache itself tells of a run, the bare reason; of all else the first line."""
    assert brief(error) == reason
