"""What one rendered directory holds, checked against what it was rendered for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from expcache._codec import Encoded, encode_value
from expcache._environment import host
from expcache._outcome import Failure
from expcache._record import Header, check, read_header
from expcache._render._collected import Refused
from expcache._render._ended import Ended, ended, outcome_of
from expcache._render._manifest import PARAMS, Manifest, params_digest, read_manifest
from expcache._render._scripts import RECORD
from expcache._render._standing import failure_of
from expcache._store import Store
from expcache.errors import RecordError, RenderError, ResultError, TrustError

__all__ = ["Finding", "find"]


class Finding(NamedTuple):
    """What came of the run of one directory; ``header`` is None if nothing is to be stored."""

    directory: Path
    manifest: Manifest
    word: str
    header: Header | None = None
    encoded: Encoded | None = None
    envelope: bytes | None = None
    """The record that the function's own process made."""

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.manifest.id


def find(directory: Path, store: Store, *, trust: bool) -> Finding | Refused:
    """Return what came of the run of a directory, or why nothing can be taken from it."""
    try:
        manifest = read_manifest(directory)
        _check(directory, manifest)
        if _is_stored(store, manifest):
            return Finding(directory, manifest, "stored")
        told = ended(directory)
        if told is None:
            return Finding(directory, manifest, "unfinished")
        earlier = _attempts(store, manifest)
        if (directory / RECORD).exists() and manifest.kind == "python":
            return _recorded(directory, manifest, earlier, trust=trust)
        return _left(directory, manifest, told, earlier, trust=trust)
    except (RenderError, RecordError, TrustError) as error:
        return Refused(str(directory), str(error))


def _check(directory: Path, manifest: Manifest) -> None:
    """Refuse a directory in which not that was computed which was rendered.

    Raises:
        RenderError: it is such a one.
    """
    name = directory.resolve().name
    if name != manifest.id:
        message = f"cannot collect from {name!r}: it was rendered as {manifest.id!r}."
        raise RenderError(f"{message} Give the directory its name again.")
    if params_digest(directory) != manifest.given:
        message = f"cannot collect run {manifest.id}: its {PARAMS} is not what was rendered."
        raise RenderError(f"{message} Render the run again, and change its sweep instead.")


def _is_stored(store: Store, manifest: Manifest) -> bool:
    if store.get(manifest.experiment, manifest.key) is not None:
        return True
    return failure_of(store, manifest) is not None


def _attempts(store: Store, manifest: Manifest) -> list[dict[str, Any]]:
    """Return the failed attempts that were stored before."""
    envelope = store.get(manifest.experiment, f"{manifest.key}!")
    try:
        return [] if envelope is None else read_header(envelope).attempts
    except RecordError:  # a damaged record of a failure tells nothing, and nothing is lost
        return []


def _recorded(
    directory: Path, manifest: Manifest, earlier: list[dict[str, Any]], *, trust: bool
) -> Finding:
    """Return what the process of a function recorded."""
    envelope = (directory / RECORD).read_bytes()
    check(envelope, bytes.fromhex(manifest.preimage))
    header = read_header(envelope)
    same = (header.id, header.code, header.experiment, header.params)
    if same != (manifest.id, manifest.code, manifest.experiment, manifest.params):
        message = f"cannot collect run {manifest.id}: its record is that of another run."
        raise RenderError(f"{message} Render it again.")
    if not trust and (header.value or {}).get("codec") == "pickle":
        message = f"cannot collect run {manifest.id}: reading its result would execute what is in"
        remedy = "If you trust the machine it comes from, use trust=True."
        raise TrustError(f"{message} it. {remedy}", id=manifest.id, codec="pickle")
    attempts = [*earlier, *({**one, "attempt": len(earlier) + 1} for one in header.attempts)]
    header = replace(
        header, attempt=len(attempts), attempts=attempts, rendered=_provenance(manifest)
    )
    return Finding(directory, manifest, header.outcome, header, envelope=envelope)


def _left(
    directory: Path,
    manifest: Manifest,
    told: Ended,
    earlier: list[dict[str, Any]],
    *,
    trust: bool,
) -> Finding:
    """Return what a command left."""
    outcome = outcome_of(directory, told, manifest, trust=trust)
    encoded = None
    if not isinstance(outcome, Failure):
        try:
            encoded = encode_value(outcome.value)
        except ResultError as error:
            outcome = Failure("expcache.errors.ResultError", str(error), f"{error}\n")
    return Finding(directory, manifest, *_header(manifest, told, outcome, earlier), encoded)


def _header(
    manifest: Manifest, told: Ended, outcome: Any, earlier: list[dict[str, Any]]
) -> tuple[str, Header]:
    error = None
    if isinstance(outcome, Failure):
        error = {"type": outcome.type, "message": outcome.message, "traceback": outcome.traceback}
    word = "done" if error is None else "failed"
    runtime = max(0.0, (told.finished - told.started).total_seconds())
    begun = told.started.isoformat()
    attempt = {"attempt": len(earlier) + 1, "outcome": word, "started": begun}
    attempt |= {"runtime": runtime, "host": told.host, "error": error}
    return word, Header(
        id=manifest.id,
        code=manifest.code,
        experiment=manifest.experiment,
        outcome=word,
        params=manifest.params,
        error=error,
        started=begun,
        finished=told.finished.isoformat(),
        runtime=runtime,
        host=told.host,
        user=manifest.user,
        attempt=len(earlier) + 1,
        attempts=[*earlier, attempt],
        tags=manifest.tags,
        output=told.output + told.errors,
        code_notes=manifest.code_notes,
        version=manifest.version,
        rendered=_provenance(manifest),
    )


def _provenance(manifest: Manifest) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    made: dict[str, Any] = {"token": manifest.token, "when": manifest.rendered}
    made["host"] = manifest.host
    made |= {} if manifest.git is None else {"git": manifest.git}
    return {**made, "collected": now, "by": host()}
