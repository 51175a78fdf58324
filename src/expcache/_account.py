"""What the record of a run tells beside its result."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

from expcache._query import Located, code_of, id_of
from expcache._record import read_value

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from expcache._acceptance import Acceptance
    from expcache._drift import Drift
    from expcache._origin import Origin
    from expcache._record import Header
    from expcache._store import Claim, Store

__all__ = ["Account", "Error"]


class Error(NamedTuple):
    """Why a run failed.

    ``exception`` is the live exception where this process raised it, else None.
    """

    type: str
    message: str
    traceback: str
    exception: Exception | None = None

    def __str__(self) -> str:
        """Return type and message on one line, as Python prints them."""
        return f"{self.type}: {self.message}" if self.message else self.type


class Account:
    """A run as its record tells of it; everything is empty while nothing is stored."""

    __slots__ = ("_exception", "_store", "_told", "experiment")

    _store: Store
    _told: tuple[float, bool] | None
    """The runtime that a worker told of, and whether there is output, a warning or a log record:
    the record need not be read for it. A plain tuple: one lives as long as its run does."""
    _exception: Exception | None
    _origin: Origin | None
    experiment: str
    id: str

    @abstractmethod
    def _locate(self) -> Located:
        """Return the status of the run and where its record lies."""

    @abstractmethod
    def _stored(self) -> Header:
        """Return the header of the stored record."""

    @property
    def _is_silent(self) -> bool:
        return self._told is not None and not self._told[1]

    @property
    def _store_path(self) -> str:
        """The directory of the run's store."""
        return self._store.path

    @property
    def error(self) -> Error | None:
        """Why the run failed, or None."""
        if self._locate().status != "failed":
            return None
        error = self._stored().error or {}
        return Error(
            error.get("type", ""), error.get("message", ""), error.get("traceback", ""),
            self._exception,
        )  # fmt: skip

    @property
    def runtime(self) -> float | None:
        """How long the run took, in seconds; None when nothing is stored."""
        if self._told is not None:
            return self._told[0]
        header = self._stored_or_none()
        return None if header is None else header.runtime

    @property
    def started(self) -> datetime | None:
        """When the run began (UTC); None when nothing is stored."""
        header = self._stored_or_none()
        return None if header is None else _moment(header.started)

    @property
    def finished(self) -> datetime | None:
        """When the run ended (UTC); None when nothing is stored."""
        header = self._stored_or_none()
        return None if header is None else _moment(header.finished)

    @property
    def host(self) -> str | None:
        """The machine that computed the run; None when nothing is stored."""
        header = self._stored_or_none()
        return None if header is None else header.host

    @property
    def code(self) -> str | None:
        """The fingerprint of the code that the record was computed with."""
        key = self._locate().key
        return None if key is None else code_of(key)

    @property
    def output(self) -> str:
        """What the run printed, as text; empty when nothing is stored."""
        if self._is_silent:
            return ""
        header = self._stored_or_none()
        return "" if header is None else header.output

    @property
    def directory(self) -> Path | None:
        """The directory that keeps the files of the run; None if it wrote none."""
        header = self._stored_or_none()
        if header is None or not header.directory:
            return None
        from expcache._directory import is_name  # noqa: PLC0415 - only for runs with files

        place = self._store.files_directory(self.experiment)
        return _joined(place, header.directory) if place and is_name(header.directory) else None

    @property
    def files(self) -> dict[str, Path]:
        """The files in the run's directory by their names relative to it, sorted."""
        directory = self.directory
        if directory is None:
            return {}
        from expcache._directory import files_in  # noqa: PLC0415 - as above

        return files_in(directory)

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """The warnings that the run gave: category, message, filename and lineno of each."""
        if self._is_silent:
            return []
        header = self._stored_or_none()
        return [] if header is None else [dict(warning) for warning in header.warnings]

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The log records of the run: name, level, message, created, pathname and more of each."""
        if self._is_silent:
            return []
        header = self._stored_or_none()
        return [] if header is None else [dict(record) for record in header.logs]

    @property
    def history(self) -> list[dict[str, Any]]:
        """Where the record was before it was migrated, oldest first: id, code, experiment, who."""
        header = self._stored_or_none()
        return [] if header is None else [dict(step) for step in header.migrated]

    @property
    def acceptance(self) -> Acceptance | None:
        """The acceptance by which a result of older code counts for this run, or None.

        Of a run that was loaded by id: the latest that names its record.
        """
        status, key, _ = self._locate()
        if status != "done" or key is None:
            return None
        from expcache._acceptance import acceptance_of  # noqa: PLC0415 - no hit asks for it

        own = None if self._origin is None else self._origin.key_of(self)
        return acceptance_of(self._store, self.experiment, key, own)

    @property
    def claim(self) -> Claim | None:
        """Who computes the run now: host, pid and since when; None if nobody does."""
        claims = self._store.claims(self.experiment).values()
        return next((one for one in claims if one.live and id_of(one.key) == self.id), None)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that the record carries."""
        header = self._stored_or_none()
        return () if header is None else tuple(header.tags)

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """Every attempt at this run, oldest first, failures with their tracebacks."""
        header = self._stored_or_none()
        return [] if header is None else [dict(attempt) for attempt in header.attempts]

    @property
    def environment(self) -> dict[str, Any]:
        """Python, platform, packages, git commit and command line of the run's process."""
        header = self._stored_or_none()
        if header is None:
            return {}
        envelope = self._store.get(self.experiment, f"environment-{header.environment}")
        if envelope is None:
            return {}
        environment: dict[str, Any] = read_value(envelope)
        return environment

    @property
    def drift(self) -> Drift:
        """What is different in the present environment: Python and chosen packages.

        By name, the version when the run was computed and the version now, such as
        ``{"numpy": ("1.26.4", "2.0.1")}``; None for one that is not installed now. Which packages
        are compared stands in ``[tool.expcache] packages`` of ``pyproject.toml``.
        """
        header = self._stored_or_none()
        if header is None or header.environment is None:
            return {}
        from expcache._drift import drift_of  # noqa: PLC0415 - a hit does not need it

        return drift_of(header.environment, lambda: self.environment, self._store.path)

    def _stored_or_none(self) -> Header | None:
        return None if self._locate().key is None else self._stored()


def _joined(*parts: str) -> Path:
    from pathlib import Path  # noqa: PLC0415 - only for runs with files

    return Path(*parts)


def _moment(text: str) -> datetime:
    from datetime import datetime  # noqa: PLC0415 - not needed for a hit

    return datetime.fromisoformat(text)
