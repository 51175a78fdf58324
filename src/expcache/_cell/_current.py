"""The run that the code which asks is a part of: what it is, and where its files go."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextvars import ContextVar, Token
from errno import EEXIST
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expcache._capture import notice_logs
from expcache._directory import Private, place, settle_left
from expcache._file import File
from expcache._launch import Launch, current_launch, new_launch
from expcache._outcome import Failure, Value, capture
from expcache.errors import IdentityError, NoRunError, StoreError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from expcache._cell._cell import Cell

__all__ = ["CurrentRun", "current_run", "enter", "launch_of_call", "leave", "left_of", "settled"]

_current: ContextVar[CurrentRun | None] = ContextVar("expcache_current_run", default=None)
_under_way: list[CurrentRun] = []
"""Those of all threads of this process."""


class CurrentRun:
    """The run that goes on around the code that asks: from ``current_run()``."""

    __slots__ = ("_cell", "_lock", "_over", "_placed", "_private")

    def __init__(self, cell: Cell) -> None:
        """Touch nothing: most runs write no files."""
        self._cell = cell
        self._lock = threading.RLock()
        self._private: Private | None = None
        self._over = False
        self._placed: dict[str, str] = {}

    def __repr__(self) -> str:
        """Show experiment and short id."""
        return f"<CurrentRun {self.id[:8]} of {self.experiment}>"

    @property
    def id(self) -> str:
        """The id of the run."""
        return self._cell.identity.id

    @property
    def experiment(self) -> str:
        """The name of the experiment."""
        return self._cell.experiment

    @property
    def params(self) -> Mapping[str, Any]:
        """All parameters by name, defaults included."""
        return dict(self._cell.params)

    @property
    def attempt(self) -> int:
        """The number of this attempt at the run, from 1."""
        return len(self._cell.earlier) + 1

    @property
    def directory(self) -> Path:
        """A directory of the run's own for its files, made when it is first asked for.

        Nobody else writes there. When the run has ended, done or failed, the directory gets
        another place and stays as it is: ``Run.directory``.

        Raises:
            StoreError: the directory cannot be made.
        """
        return Path(self.own().path)

    def place(self, file: File) -> Path:
        """Bring a file into the directory, as its ``link`` says; return where it is there.

        Raises:
            StoreError: it cannot be brought there, or another file has its name.
            IdentityError: it is not what the run was identified by any more.
        """
        own = self.own()
        path = f"{own.path}/{file.name}"
        with self._lock:
            if self._placed.get(file.name) == file.path:
                return Path(path)
            try:
                if os.path.lexists(path):
                    raise FileExistsError(EEXIST, "the run has another file of this name")
                place(file.path, path, file.link, own.shared, file.digest)
            except OSError as error:
                message = f"cannot place {file.path!r} as {file.name!r} for run {self.id}:"
                reason = error.strerror or str(error)
                remedy = "Give it another name: File(path, rename=...)."
                raise StoreError(f"{message} {reason}. {remedy}", path=path) from error
            if file.has_changed:
                message = f"cannot place {file.path!r} for run {self.id}: its content has changed"
                remedy = "Run it again."
                raise IdentityError(
                    f"{message} since the run was identified. {remedy}", path=file.path, kind="File"
                )
            self._placed[file.name] = file.path
        return Path(path)

    @property
    def log(self) -> logging.Logger:
        """A logger whose records, from level INFO on, are kept with the run: ``Run.logs``."""
        import logging  # noqa: PLC0415 - only for runs that log

        notice_logs()
        logger = logging.getLogger("expcache.run")
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
        return logger

    def own(self, busy: Callable[[str], object] | None = None) -> Private:
        """Return the directory, as those hold it who start programs in it."""
        with self._lock:
            if self._private is None:
                if self._over:
                    raise StoreError(f"{self._cannot()}: the run is over.", path="")
                self._private = self._make(busy)
            return self._private

    def _make(self, busy: Callable[[str], object] | None) -> Private:
        files = self._cell.files
        where = files() if callable(files) else files
        if where is None:
            message = f"{self._cannot()}: nothing can be written where its record goes."
            remedy = "Compute it in this process or with jobs=, into a store that can be written."
            raise StoreError(f"{message} {remedy}", path="")
        try:
            return Private.make(where, self._cell.key, busy)
        except OSError as error:
            message = f"{self._cannot()}: {error.strerror or error}. Make room, or use another"
            raise StoreError(f"{message} store: expcache.use(path).", path=where) from error

    def _cannot(self) -> str:
        return f"cannot make a directory for run {self.id} of {self.experiment!r}"

    def settle(self) -> str:
        """Give the directory its place for good; return its name there, "" if there is none."""
        with self._lock:
            private, self._private, self._over = self._private, None, True
        return "" if private is None else private.settle(self.id)

    def abandon(self) -> None:
        """End in the middle: the directory stays private, for nobody to find."""
        with self._lock:
            private, self._private, self._over = self._private, None, True
        if private is not None:
            private.abandon()


def settled(run: CurrentRun, outcome: Value[Any] | Failure) -> tuple[Value[Any] | Failure, str]:
    """Return what came of a run that has ended, and the name of its directory."""
    if run._private is None:  # noqa: SLF001 - no run waits for a lock that it does not need
        run._over = True  # noqa: SLF001 - as above
        return outcome, ""
    try:
        return outcome, run.settle()
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"cannot keep the directory of run {run.id} of {run.experiment!r}: {reason}."
        return capture(_raise, StoreError(f"{message} Compute it again.", path="")), ""


def left_of(cell: Cell) -> str:
    """Return the name of the directory of a run whose process has ended in the middle of it."""
    place = cell.files() if callable(cell.files) else cell.files
    try:
        return "" if place is None else settle_left(place, cell.key, cell.identity.id)
    except OSError:
        return ""


def _raise(error: Exception) -> None:
    raise error


def current_run() -> CurrentRun:
    """Return the run that this code is a part of: the innermost, where runs call runs.

    A thread that a run has started belongs to it while no other run goes on in its process.

    Raises:
        NoRunError: no run goes on around the caller.
    """
    run = _current.get()
    if run is not None:
        return run
    if threading.current_thread() is threading.main_thread() or not _under_way:
        message = "cannot tell the current run: this code is not called by an experiment."
        raise NoRunError(f"{message} Call it inside a function with @experiment.")
    if len(_under_way) > 1:
        message = "cannot tell the current run: this thread was started by one of several."
        remedy = "Start it with contextvars.copy_context().run as its target"
        raise NoRunError(f"{message} {remedy}, or give it what it needs.")
    return _under_way[0]


def launch_of_call(tags: tuple[str, ...] | None = None) -> Launch:
    """Return the launch that a call of the caller belongs to: inside of a run, that of the run.

    Args:
        tags: those of a call that is a launch of its own outside of any; None for a single call.
    """
    run = _current.get()
    if run is None and threading.current_thread() is not threading.main_thread():
        run = next(iter(tuple(_under_way)), None)
    found = None if run is None else run._cell.launch  # noqa: SLF001 - as above
    found = found or current_launch(single=tags is None)
    return new_launch(tags or ()) if found is None else found.tagged(tags or ())


def enter(run: CurrentRun) -> Token[CurrentRun | None]:
    """Begin to be inside a run."""
    _under_way.append(run)
    return _current.set(run)


def leave(run: CurrentRun, token: Token[CurrentRun | None], *, whole: bool) -> None:
    """Be outside again; not ``whole``: the run was broken off."""
    _current.reset(token)
    _under_way.remove(run)
    if not whole:
        run.abandon()
