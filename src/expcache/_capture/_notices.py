"""The warnings and log records of a run: kept beside its result, and shown as ever.

As with the streams, one catch is put in place while any run goes on, and every thread or
coroutine adds to the notices of its own run. Log records are seen where they are made: a receiver
on the root logger would change what ``logging.basicConfig`` and ``logging.lastResort`` do.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any

__all__ = ["Notices", "hold", "notice_logs", "noticed"]

COUNT = 100
"""How many warnings, and how many log records, are kept of a run."""

LENGTH = 10_000
"""How many characters of a message are kept."""

_lock = threading.Lock()
_quiet: list[Notices] = []  # those of runs that are shown elsewhere, as in a worker
_active = 0
_before: _Before | None = None


_ALWAYS = [("always", None, Warning, None, 0)]


class Notices:
    """The warnings and log records of one run."""

    __slots__ = ("logs", "show", "warnings")

    def __init__(self, *, show: bool) -> None:
        """Begin with nothing; without ``show``, warnings are kept only."""
        self.warnings: list[dict[str, Any]] = []
        self.logs: list[dict[str, Any]] = []
        self.show = show


_current: ContextVar[Notices | None] = ContextVar("expcache_notices", default=None)


def _here() -> Notices | None:
    # A thread that the run started has no context of its own; one quiet run alone must be it.
    found = _current.get()
    return _quiet[0] if found is None and len(_quiet) == 1 else found


class _Before:
    """What was in place before the first run began, and is called on."""

    def __init__(self) -> None:
        self.show: Callable[..., Any] = warnings.showwarning
        self.ours: Callable[..., Any] = self.showwarning
        warnings.showwarning = self.ours
        self.filters: Any = None
        # Nobody can log before the module is loaded, and loading it costs a program 5 ms.
        self.logging: Any = None
        self.notice_logs()

    def notice_logs(self) -> None:
        logging = sys.modules.get("logging")
        if logging is not None and self.logging is None:
            self.logging = logging
            self.factory: Callable[..., Any] = logging.getLogRecordFactory()
            self.make: Callable[..., Any] = self.record
            logging.setLogRecordFactory(self.make)

    def showwarning(self, *given: Any, **named: Any) -> None:
        notices = _here()
        if notices is not None:
            if len(notices.warnings) < COUNT:
                notices.warnings.append(_told_of_warning(*given[:4]))
            if not notices.show:
                return
        self.show(*given, **named)

    def record(self, *given: Any, **named: Any) -> Any:
        record = self.factory(*given, **named)
        notices = _here()
        if notices is not None and len(notices.logs) < COUNT:
            notices.logs.append(_told_of_record(record))
        return record

    def always(self) -> None:
        """Let every warning be seen, not only the first of its kind in this process."""
        if self.filters is None:
            self.filters = warnings.catch_warnings()
            self.filters.__enter__()
        if warnings.filters[:1] != _ALWAYS:
            warnings.simplefilter("always")

    def put_back(self) -> None:
        # Whoever put something of their own in place meanwhile is respected.
        ours = warnings.showwarning == self.ours
        if self.filters is not None:
            left = warnings.showwarning
            self.filters.__exit__(None, None, None)
            warnings.showwarning = left
        if ours:
            warnings.showwarning = self.show
        if self.logging is not None and self.logging.getLogRecordFactory() == self.make:
            self.logging.setLogRecordFactory(self.factory)


def _told_of_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int
) -> dict[str, Any]:
    return {
        "category": _name_of(category),
        "message": _cut(lambda: str(message)),
        "filename": filename,
        "lineno": lineno,
    }


def _name_of(kind: type) -> str:
    name = kind.__qualname__
    return name if kind.__module__ == "builtins" else f"{kind.__module__}.{name}"


def _told_of_record(record: Any) -> dict[str, Any]:
    return {
        "name": record.name,
        "level": record.levelno,
        "message": _cut(record.getMessage, lambda: str(record.msg)),
        "created": record.created,
        "pathname": record.pathname,
        "lineno": record.lineno,
        "function": record.funcName,
        "exception": _trace_of(record.exc_info),
    }


def _trace_of(found: Any) -> str | None:
    if not isinstance(found, tuple) or found[0] is None:
        return None
    import traceback  # noqa: PLC0415 - only for records that tell of an exception

    return _cut(lambda: "".join(traceback.format_exception(*found)))


def _cut(*ways: Callable[[], str]) -> str:
    """Return the first text that can be made, not too much of it."""
    for way in ways:
        try:
            return way()[:LENGTH]
        except Exception:  # noqa: BLE001, S112  # the user's __str__ and arguments
            continue
    return "<no message>"


class noticed:  # noqa: N801 - used like a function
    """Collect the warnings and log records inside the block of this thread or coroutine."""

    __slots__ = ("_always", "_notices", "_token")

    _token: Token[Notices | None]

    def __init__(self, *, show: bool = True, always: bool = False) -> None:
        """Begin nothing yet; ``always`` takes the filters away that hide repeated warnings."""
        self._notices = Notices(show=show)
        self._always = always

    def __enter__(self) -> Notices:
        """Begin to collect."""
        global _active, _before  # noqa: PLW0603 - warnings and logging are global too
        notices = self._notices
        self._token = _current.set(notices)
        with _lock:
            _active += 1
            if _before is None:
                _before = _Before()
            if self._always:
                _before.always()
            if not notices.show:
                _quiet.append(notices)
        return notices

    def __exit__(self, *_: object) -> None:
        """Put everything back."""
        global _active, _before  # noqa: PLW0603 - as above
        with _lock:
            _active -= 1
            if not self._notices.show:
                _quiet.remove(self._notices)
            if not _active and _before is not None:
                _before.put_back()
                _before = None
        _current.reset(self._token)


def notice_logs() -> None:
    """See log records from now on, where a run has loaded the module only just now."""
    with _lock:
        if _before is not None:
            _before.notice_logs()


def hold() -> None:
    """Leave everything in place between runs, for good: in a process that does nothing else."""
    global _active, _before  # noqa: PLW0603 - as above
    with _lock:
        _active += 1
        _before = _before or _Before()
