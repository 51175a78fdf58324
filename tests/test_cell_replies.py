"""A worker answers for every cell, whatever the cell does."""

from __future__ import annotations

import asyncio
import importlib
import pickle
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from expcache import experiment, use
from expcache._capture import Output
from expcache._cell import (
    Parcel,
    Refusal,
    Reply,
    compute_cells,
    pack,
    replies,
    revive,
    unpack_replies,
)
from expcache._record import files, read_value
from expcache.errors import CrashError, ExecutorError, ResultError
from travelling import answers, cells_of, header_of

pytestmark = pytest.mark.usefixtures("isolated")


def reply_to(function: Any, **params: Any) -> Reply:
    """Return what a worker in this process answers for one call."""
    (found,) = replies(pack(cells_of(made(function), params)))
    assert isinstance(found, Reply)
    return found


def made(function: Any) -> Any:
    """Return the function as an experiment whose code does not matter."""
    return experiment(name="made", version="1")(function)


class Unpicklable:
    """A value that cannot be pickled."""

    def __reduce__(self) -> NoReturn:
        """Refuse."""
        raise TypeError("not me")


class Unloadable:
    """A value that can be pickled, but not be read."""

    def __reduce__(self) -> Any:
        """Name what raises."""
        return _raise, ("not here",)

    def __expcache_key__(self) -> str:
        """Stand for itself in an id."""
        return "unloadable"


def _raise(text: str) -> NoReturn:
    raise ValueError(text)


def test_a_reply_is_a_whole_record() -> None:
    """A reply holds the record that would have been written here."""

    def double(x: int) -> int:
        print("doubling")  # noqa: T201
        return 2 * x

    (cell,) = cells_of(made(double), {"x": 3}, tags=("t",), owner="me", generation=4)
    (reply,) = replies(pack([cell]))
    header = header_of(reply)
    assert isinstance(reply, Reply)
    assert (reply.position, reply.failed, reply.key) == (0, False, cell.key)
    assert (reply.parts, reply.error) == ((), None)
    assert reply.runtime == header.runtime
    assert read_value(reply.envelope, preimage=cell.identity.preimage) == 6
    assert (header.output, header.tags, header.version) == ("doubling\n", ["t"], cell.version)
    assert (header.owner, header.generation, header.params) == ("me", 4, {"x": 3})


def test_answers_survive_the_way_back() -> None:
    """What a foreign executor carries is bytes in and bytes out."""
    payload = pack(cells_of(made(lambda_like), {"x": 1}, {"x": 0}))
    found = unpack_replies(compute_cells(payload))
    assert [type(one) for one in found] == [Reply, Reply]
    assert [one.failed for one in found if isinstance(one, Reply)] == [False, True]
    refused = unpack_replies(compute_cells(b"nonsense"))
    assert [type(one) for one in refused] == [Refusal]


def lambda_like(x: int) -> float:
    """Fail at zero."""
    return 1 / x


@pytest.mark.parametrize(
    ("status", "expected"), [(None, 0), (3, 3), ("text", 1), (True, 1)], ids=repr
)
def test_an_exit_is_a_failure_of_the_run(status: Any, expected: int) -> None:
    """``sys.exit`` in an experiment fails the run and leaves the worker alone."""

    def leave() -> None:
        sys.exit(status)

    reply = reply_to(leave)
    error = revive(reply.error)
    assert isinstance(error, CrashError)
    assert error.exitcode == expected
    assert str(error) == (
        "cannot finish the run: the experiment ended its process with exit status "
        f"{expected}. Return, or raise an Exception."
    )
    told = header_of(reply).error
    assert told is not None
    assert "in leave" in told["traceback"]


def test_an_exit_of_a_coroutine_is_a_failure_of_the_run() -> None:
    """The same holds for a coroutine function, also when it cancels itself."""

    async def leave(how: str) -> None:
        if how == "exit":
            sys.exit(2)
        raise asyncio.CancelledError

    for how, text in (("exit", "exit status 2"), ("cancel", "raised CancelledError")):
        error = revive(reply_to(leave, how=how).error)
        assert isinstance(error, CrashError)
        assert text in str(error)


def test_an_interrupt_is_no_outcome() -> None:
    """``KeyboardInterrupt`` passes through, as it does in process."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reply_to(interrupted)


def test_results_that_cannot_be_kept_are_failures() -> None:
    """A generator, and what cannot be pickled, fail the run with the reason; output is kept."""

    def give(kind: str) -> Any:
        print("giving")  # noqa: T201
        return (one for one in "ab") if kind == "generator" else {"a": [Unpicklable()]}

    for kind, text in (("generator", "can be read only once"), ("object", "result['a'][0]")):
        reply = reply_to(give, kind=kind)
        error = revive(reply.error)
        assert isinstance(error, ResultError)
        assert text in str(error)
        assert reply.failed
        assert header_of(reply).output == "giving\n"
        assert header_of(reply).attempt == 1


def test_memory_may_end_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A MemoryError outside of the user's function fails the run as one inside does."""

    def refuse(*_: object) -> NoReturn:
        raise MemoryError

    for place in ("described", "encode_value"):
        with monkeypatch.context() as patch:
            patch.setattr(f"expcache._cell._replies.{place}", refuse)
            reply = reply_to(lambda_like, x=1)
        assert isinstance(revive(reply.error), MemoryError)


def test_params_that_cannot_be_read_fail_their_run_alone() -> None:
    """The other runs of the batch are computed."""

    def same(x: object) -> str:
        return type(x).__name__

    cells = cells_of(made(same), {"x": Unloadable()}, {"x": 1})
    lost, done = replies(pack(cells))
    assert isinstance(lost, Reply)
    assert isinstance(done, Reply)
    assert (lost.failed, done.failed) == (True, False)
    error = revive(lost.error)
    assert isinstance(error, ExecutorError)
    assert str(error) == (
        f"cannot compute run {cells[0].identity.id} of 'made' in another process: its parameters "
        "cannot be unpickled there (ValueError: not here). Compute it in this process: jobs=1."
    )


def test_what_cannot_be_sent_is_named() -> None:
    """The error names the parameter, or the global, that cannot be pickled."""
    lock = threading.Lock()

    def locked(x: int) -> bool:
        return lock.locked()

    def free(x: object) -> None:
        pass

    with pytest.raises(ExecutorError) as caught:
        pack(cells_of(made(locked), {"x": 1}))
    assert str(caught.value) == (
        "cannot send experiment 'made': its variable 'lock' cannot be pickled (TypeError: cannot "
        "pickle '_thread.lock' object). Make it inside the experiment, or compute in this "
        "process: jobs=1."
    )
    (cell,) = cells_of(made(free), {"x": 1})
    object.__setattr__(cell, "params", {"x": {"deep": [1, lock]}})
    with pytest.raises(ExecutorError) as caught:
        pack([cell])
    assert str(caught.value) == (
        f"cannot send run {cell.identity.id} of 'made': its parameter 'x'['deep'][1] cannot be "
        "pickled (TypeError: cannot pickle '_thread.lock' object). Make it inside the experiment, "
        "or compute in this process: jobs=1."
    )


def test_globals_of_helpers_are_named() -> None:
    """The path leads through the functions to the global in the end."""
    namespace: dict[str, Any] = {"lock": threading.Lock(), "__name__": "__main__"}
    exec("def inner():\n    return lock\ndef outer(x):\n    return inner()", namespace)
    with pytest.raises(ExecutorError) as caught:
        pack(cells_of(made(namespace["outer"]), {"x": 1}))
    text = "its global 'inner', its global 'lock' cannot be pickled (TypeError"
    assert text in str(caught.value)


def test_a_parcel_serves_one_experiment() -> None:
    """Cells of two functions cannot go in one payload."""
    cells = [*cells_of(made(lambda_like), {"x": 1}), *cells_of(made(_raise), {"text": "x"})]
    with pytest.raises(ValueError, match="cannot pack cells of several experiments"):
        pack(cells)


def test_a_parcel_is_made_once() -> None:
    """What all cells share is pickled when the parcel is made, and only then."""
    counted: list[int] = []

    class Counted:
        def __reduce__(self) -> Any:
            counted.append(1)
            return Counted, ()

    counter = Counted()

    def use_it(x: int) -> bool:
        return counter is not None

    cells = cells_of(made(use_it), {"x": 1}, {"x": 2})
    parcel = Parcel(cells[0])
    assert pickle.loads(parcel.pack(cells[:1]))[4] == pickle.loads(parcel.pack(cells[1:]))[4]
    assert len(counted) == 1


class Witness:
    """Notes when it is told what."""

    memory = None

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seen: list[Any] = []

    def begin(self, position: int) -> None:
        """Note a beginning."""
        self.seen.append(("begin", position))

    def end(self, position: int) -> None:
        """Note an end."""
        self.seen.append(("end", position))

    @contextmanager
    def captured(self) -> Iterator[Output]:
        """Give an output that says something."""
        output = Output()
        output.write("witnessed")
        yield output


def test_each_run_is_watched() -> None:
    """Beginning and end are told around every call, also one that fails."""
    witness = Witness()

    def note(x: int) -> float:
        witness.seen.append(x)
        return 1 / x

    # In this process, what is imported by name is the very function.
    module = sys.modules[__name__]
    note.__qualname__, note.__module__ = "note", __name__
    module.note = note  # type: ignore[attr-defined]
    try:
        found = list(replies(pack(cells_of(made(note), {"x": 0}, {"x": 5})), witness))
    finally:
        del module.note
    assert [header_of(one).output for one in found] == ["witnessed", "witnessed"]
    begun = [("begin", 0), 0, ("end", 0), ("begin", 1), 5, ("end", 1)]
    assert witness.seen == begun


@pytest.mark.parametrize("spills", [True, False])
def test_large_parts_go_to_files(tmp_path: Path, *, spills: bool) -> None:
    """With a directory large arrays are written there, without one they stay in the record."""

    def zeros(size: int) -> Any:
        return np.zeros(size)

    cells = cells_of(made(zeros), {"size": 1 << 18})
    (reply,) = replies(pack(cells, spill=str(tmp_path) if spills else None))
    assert isinstance(reply, Reply)
    assert len(reply.parts) == spills
    assert [one.name for one in files(reply.envelope)] == list(reply.parts)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == spills
    assert (len(reply.envelope) > 1 << 20) == (not spills)


def test_parts_that_cannot_be_written_stay_in_the_record(tmp_path: Path) -> None:
    """A directory that is gone costs no result."""

    def zeros(size: int) -> Any:
        return np.zeros(size)

    payload = pack(cells_of(made(zeros), {"size": 1 << 18}), spill=str(tmp_path / "none"))
    (reply,) = replies(payload)
    assert isinstance(reply, Reply)
    assert (reply.failed, reply.parts) == (False, ())
    assert not read_value(reply.envelope).any()


def test_another_python_is_refused() -> None:
    """Bytecode of another Python would crash the worker: it is not even looked at."""
    sent = list(pickle.loads(pack(cells_of(made(lambda_like), {"x": 1}))))
    sent[1] = (2, 7)
    (refusal,) = replies(pickle.dumps(tuple(sent)))
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert refusal == Refusal("version", f"they were sent between Python 2.7 and Python {here}")


@pytest.mark.parametrize("payload", [b"", b"nonsense", pickle.dumps((1, 2)), pickle.dumps(3)])
def test_foreign_bytes_are_refused(payload: bytes) -> None:
    """A worker answers to any bytes."""
    (refusal,) = replies(payload)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "version"


def test_earlier_attempts_travel() -> None:
    """The record of a retry tells of the failures before it."""
    earlier = [{"attempt": 1, "outcome": "failed"}]
    (reply,) = replies(pack(cells_of(made(lambda_like), {"x": 1}, earlier=earlier)))
    header = header_of(reply)
    assert (header.attempt, header.attempts[0]) == (2, earlier[0])


def test_experiments_inside_use_the_store_of_the_parent(tmp_path: Path) -> None:
    """A run that calls an experiment finds and leaves its results where this process does."""
    path = tmp_path / "nested.py"
    path.write_text(
        "from expcache import experiment\n"
        "@experiment\ndef inner(x):\n    return x + 1\n"
        "@experiment\ndef outer(x):\n    return inner(x) * 2\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        nested = importlib.import_module("nested")

        place = tmp_path / "store"
        with use(place) as store:
            (reply,) = answers(pack(cells_of(nested.outer, {"x": 1}, store=str(place))))
            assert isinstance(reply, Reply)
            assert read_value(reply.envelope) == 4
            found = nested.inner.find(1)
            assert found is not None
            assert found.result == 2
        store.close()
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["nested"]


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """On another machine without the store's directory nothing is left behind."""
    missing = tmp_path / "nowhere"
    sent = list(pickle.loads(pack(cells_of(made(lambda_like), {"x": 1}, store=str(missing)))))
    sent[2] = ("elsewhere", 1)
    (reply,) = answers(pickle.dumps(tuple(sent)))
    assert header_of(reply).outcome == "done"
    assert not missing.exists()
