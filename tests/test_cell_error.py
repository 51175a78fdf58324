"""An exception of a worker comes back as it was, or not at all."""

from __future__ import annotations

import asyncio
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from expcache import experiment, use
from expcache._cell import _error as module
from expcache._cell import compute, fail, revive
from expcache._cell._error import dump_error
from expcache._outcome import Failure
from expcache.errors import CrashError, ExecutorError, ExpcacheError, ResultError, StoreError
from travelling import cells_of, header_of, replies_of


class PlainError(Exception):
    """An exception that keeps what it is given."""


class OwnError(Exception):
    """An exception that asks for other arguments than it keeps."""

    def __init__(self, a: int, *, b: int) -> None:
        """Keep both."""
        super().__init__(f"{a} and {b}")
        self.a, self.b = a, b


class ReducedError(Exception):
    """An exception that says itself how it is pickled."""

    def __init__(self, a: int) -> None:
        """Keep it."""
        super().__init__(f"a is {a}")
        self.a = a

    def __reduce__(self) -> Any:
        """Name the class and what it is given."""
        return ReducedError, (self.a,)


class MissingError(FileNotFoundError):
    """An error of the system with a word more."""

    def __init__(self, path: str, word: str) -> None:
        """Keep the word."""
        super().__init__(2, "no such thing", path)
        self.word = word


class LockedError(Exception):
    """An exception that cannot be pickled."""

    def __init__(self) -> None:
        """Keep a lock."""
        super().__init__("locked")
        self.lock = threading.Lock()


class StubbornError(Exception):
    """An exception that can be pickled, but not be made again."""

    def __reduce__(self) -> Any:
        """Name what will not do it."""
        return StubbornError._again, ()

    @staticmethod
    def _again() -> None:
        raise ValueError("no")


def there_and_back(error: Exception) -> Exception:
    """Return the exception that comes out of the bytes."""
    content = dump_error(error)
    assert content is not None
    found = revive(content)
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert repr(found.args) == repr(error.args)
    return found


@pytest.mark.parametrize(
    "error",
    [
        PlainError("a", 1),
        OwnError(1, b=2),
        ReducedError(3),
        KeyError("k"),
        MissingError("file.txt", "word"),
        OSError(13, "denied", "a", None, "b"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        ImportError("no", name="x", path="y"),
        StopIteration(3),
        SyntaxError("bad", ("f.py", 1, 2, "x =", 1, 3)),
        ResultError("cannot", kind="x"),
        StoreError("cannot", path="p"),
        asyncio.InvalidStateError("x"),
        AttributeError("no", name="x", obj=3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_exceptions_keep_what_they_hold(error: Exception) -> None:
    """Message, arguments and attributes survive, whatever ``__init__`` asks for."""
    found = there_and_back(error)
    for name in set(dir(error)) - {"args", "obj"}:
        if not name.startswith("_") and hasattr(error, name) and not callable(getattr(error, name)):
            assert getattr(found, name) == getattr(error, name)


@pytest.mark.parametrize("error", [LockedError(), StubbornError("x")], ids=["locked", "stubborn"])
def test_what_cannot_come_back_is_not_sent(error: Exception) -> None:
    """An exception is tried in the worker before it is sent."""
    assert dump_error(error) is None


def test_too_large_an_exception_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the text in the record must do."""
    monkeypatch.setattr(module, "LIMIT", 1000)
    assert dump_error(PlainError("x" * 900)) is None
    assert dump_error(PlainError("x" * 100)) is not None


@pytest.mark.parametrize("content", [None, b"", b"\x80", b"cno_such_module\nx\n."])
def test_bytes_that_are_no_exception_give_none(content: bytes | None) -> None:
    """Nobody has to guard against what cannot be revived."""
    assert revive(content) is None


def chained() -> Exception:
    """Return an exception with a cause, which has a context."""
    try:
        try:
            try:
                raise KeyError("first")  # noqa: TRY301 - it is to be chained
            except KeyError:
                raise OwnError(1, b=2)  # noqa: B904 - the context is what is tested
        except OwnError as error:
            error.add_note("look here")
            raise PlainError("last") from error
    except PlainError as error:
        return error


def test_chains_and_notes_come_back() -> None:
    """Cause, context and notes survive, each with the traceback of its own."""
    error = chained()
    found = there_and_back(error)
    cause = found.__cause__
    assert isinstance(cause, OwnError)
    assert cause.__notes__ == ["look here"]
    assert isinstance(cause.__context__, KeyError)
    assert found.__suppress_context__
    assert shown(found) == shown(error)


def shown(error: BaseException) -> list[str]:
    """Return the lines of a traceback, without the marks below them."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return [line for line in lines if not set(line) <= set(" |^~")]


def test_groups_come_back() -> None:
    """The exceptions of a group keep their tracebacks."""
    error = ExceptionGroup("several", [chained(), ValueError("x")])
    found = there_and_back(error)
    assert isinstance(found, ExceptionGroup)
    assert [type(one) for one in found.exceptions] == [PlainError, ValueError]
    assert shown(found) == shown(error)


def test_an_exception_that_refers_to_itself_comes_back() -> None:
    """A cycle of exceptions is no endless one."""
    error = PlainError("x")
    error.__context__ = other = ValueError("y")
    other.__context__ = error
    error.me = error  # type: ignore[attr-defined]
    found = there_and_back(error)
    assert found.me is found  # type: ignore[attr-defined]
    assert found.__context__ is not None
    assert found.__context__.__context__ is found


def test_a_chain_that_cannot_come_back_is_left_behind() -> None:
    """An exception comes back without its cause, where that cannot."""
    error = PlainError("x")
    error.__cause__ = LockedError()
    found = there_and_back(error)
    assert found.__cause__ is None


def frames(trace: TracebackType | None) -> list[tuple[str, int, int, str]]:
    """Return file, line, first line and name of each frame."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        place = Path(code.co_filename).name, trace.tb_lineno, code.co_firstlineno, code.co_qualname
        found.append(place)
        trace = trace.tb_next
    return found


def test_tracebacks_show_the_source() -> None:
    """File, line, the function's first line and its name are those of the worker's frames."""
    error = chained()
    found = there_and_back(error)
    assert frames(found.__traceback__) == frames(error.__traceback__)
    assert frames(found.__traceback__)[0][3] == "chained"
    trace = found.__traceback__
    assert trace is not None
    assert trace.tb_frame.f_lineno == trace.tb_lineno


@pytest.mark.parametrize("distance", [0, 1, 31, 32, 70_000])
def test_long_functions_have_their_lines(distance: int) -> None:
    """The line of a frame may be far from the beginning of its function."""
    text = "def f():" + "\n" * distance + " 1 / 0"
    namespace: dict[str, Any] = {}
    exec(compile(text, "far.py", "exec"), namespace)
    with pytest.raises(ZeroDivisionError) as caught:
        namespace["f"]()
    found = there_and_back(caught.value)
    assert frames(found.__traceback__)[-1] == ("far.py", distance + 1, 1, "f")


def test_frames_of_expcache_are_not_shown() -> None:
    """Runs that call runs show the user's frames alone."""

    @experiment(name="inner", version="1")
    def inner(x: int) -> int:
        return 1 // x

    @experiment(name="outer", version="1")
    def outer(x: int) -> int:
        return inner(x)

    with use(":memory:"):
        failure = compute(*cells_of(outer, {"x": 0})).outcome
    assert isinstance(failure, Failure)
    assert failure.exception is not None
    found = there_and_back(failure.exception)
    assert [name.rpartition(".")[2] for *_, name in frames(found.__traceback__)] == [
        "outer",
        "inner",
    ]


def test_a_failure_comes_from_another_process() -> None:
    """The revived exception of a real worker shows what the record tells."""

    @experiment(name="broken", version="1")
    def broken(x: int) -> float:
        return 1 / x

    (reply,) = replies_of(broken, {"x": 0})
    error = revive(reply.error)
    assert isinstance(error, ZeroDivisionError)
    told = header_of(reply).error
    assert told is not None
    assert shown(error) == [
        line for line in told["traceback"].splitlines() if not set(line) <= set(" |^~")
    ]
    assert reply.failed
    assert reply.key.endswith("!")


@pytest.mark.parametrize(
    "error",
    [
        CrashError("cannot finish: it ended.", exitcode=-11),
        ExecutorError("cannot send: no."),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_run_that_could_not_say_so_has_failed(error: Exception) -> None:
    """The parent tells of a crash in a record like any other failure."""

    @experiment(name="lost", version="1")
    def lost(x: int) -> int:
        return x

    (cell,) = cells_of(lost, {"x": 1}, earlier=[{"attempt": 1}], owner="me", generation=3)
    computed = fail(cell, error, runtime=2.5, output="so far")
    header = computed.header
    assert isinstance(computed.outcome, Failure)
    assert computed.outcome.exception is error
    assert (header.outcome, header.runtime, header.output) == ("failed", 2.5, "so far")
    assert (header.attempt, len(header.attempts)) == (2, 2)
    assert (header.owner, header.generation) == ("me", 3)
    assert header.params == {"x": 1}
    assert header.error is not None
    prefix = "expcache.errors." if isinstance(error, ExpcacheError) else ""
    assert header.error["type"] == prefix + type(error).__name__
    assert "_compute.py" not in header.error["traceback"]
