"""A plan to write stored results again as runs of other params, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from expcache._acceptance import Skipped
from expcache._codec import restore
from expcache._directory import copied, is_name
from expcache._environment import host, user
from expcache._past import Past
from expcache._query import code_of, id_of
from expcache._record import Header, checksum_of, note, reseal
from expcache.errors import RecordError

if TYPE_CHECKING:
    from expcache._definition import Definition
    from expcache._store import Commit

__all__ = ["Migration", "Step"]

_SHOWN = 50
_SOUND = {"changed": "has changed since the plan was made; migrate again", "gone": "is gone"}
_UNDER_WAY = 64
"""How many records may be on their way to the disk."""


class Step(NamedTuple):
    """One result that can move: the record keys, the params by their descriptions.

    ``preimage`` is the digest of the full params that the run has then, ``checksum`` that of the
    record.
    """

    source: str
    target: str
    before: Mapping[str, Any]
    params: Mapping[str, Any]
    preimage: bytes
    checksum: bytes

    @property
    def old(self) -> str:
        """The id that the run has."""
        return id_of(self.source)

    @property
    def new(self) -> str:
        """The id that it gets."""
        return id_of(self.target)


class Migration:
    """Which stored results become runs of the present experiment, and which cannot.

    Made by ``Experiment.migrate``, which writes nothing: print it, then ``apply``. The old records
    stay where they are.
    """

    def __init__(  # noqa: PLR0913 - made in one place
        self,
        definition: Definition,
        past: Past,
        steps: Sequence[Step],
        skipped: Sequence[Skipped],
        *,
        there: int,
        codes: Mapping[str, tuple[dict[str, Any], dict[str, Any]]],
    ) -> None:
        """Hold the plan; ``codes`` has what a record and the store say of each present code."""
        self._definition = definition
        self._past = past
        self._store = definition.store
        self._codes = codes
        self._kept: set[str] = set()
        self.steps = list(steps)
        """The runs that can move: each with its ``old`` and its ``new`` id."""
        self.skipped = list(skipped)
        """The runs that cannot, each with the reason."""
        self.there = there
        """How many were moved before."""

    def __len__(self) -> int:
        """Return how many runs can move."""
        return len(self.steps)

    def __repr__(self) -> str:
        """Show the counts."""
        name, counts = self._definition.name, f"{len(self)} can move, {len(self.skipped)} cannot"
        return f"<Migration to {name}: {counts}, {self.there} there>"

    def __str__(self) -> str:
        """Return the table: old id, new id, new params; then what cannot move, and why."""
        origin, name = self._past.name, self._definition.name
        there = f", {self.there} there already" if self.there else ""
        count = f"{len(self)} run{'' if len(self) == 1 else 's'}"
        lines = [f"{count} of {origin} can move to {name}{there}"]
        if self.steps:
            lines.append(f"{'old id':32}    {'new id':32}  params")
        lines += _shown([f"{one.old} -> {one.new}  {_told(one.params)}" for one in self.steps])
        if self.skipped:
            lines.append(f"{len(self.skipped)} cannot move:")
        lines += _shown([f"{one.id}: {one.reason}" for one in self.skipped])
        return "\n".join(lines)

    def apply(self) -> int:
        """Write the new records; return how many were written.

        Each is there whole or not at all, whenever this is interrupted; to migrate again
        completes it. A result that is there already stays. A record that has changed since the
        plan was made is left out: it goes from ``steps`` to ``skipped``.

        Raises:
            StoreError: the store cannot be written to.
        """
        if not self.steps:
            return 0
        self._definition.attach(self._store)
        written = 0
        commits: list[Commit] = list(self._texts())
        for commit in commits:
            commit.wait()
        commits.clear()
        for step in tuple(self.steps):
            commits += self._write(step)
            if len(commits) >= _UNDER_WAY:
                written += sum([commit.wait() for commit in commits])
                commits.clear()
        return written + sum([commit.wait() for commit in commits])

    def _texts(self) -> Iterator[Commit]:
        """Keep the text of the code that the records are to be of."""
        name = self._definition.name
        for code, (_, text) in self._codes.items():
            yield self._store.put_once(name, f"code-{code}", note(text))

    def _write(self, step: Step) -> list[Commit]:
        store, past, name = self._store, self._past, self._definition.name
        try:
            envelope, header = past.record(step.source)
            if checksum_of(envelope) != step.checksum:
                raise _changed()
            self._keep_environment(header)
            write = partial(
                reseal,
                envelope,
                self._header(header, step, self._copy_directory(header, step)),
                step.preimage,
                fetch=partial(store.fetch, past.name),
            )
            return [store.put(name, step.target, lambda spill: write(spill=spill))]
        except RecordError as error:
            wrong = _SOUND.get(error.reason, f"is not sound: {error.reason}")
            self.skipped.append(Skipped(step.old, f"its record {wrong}"))
            self.steps.remove(step)
            return []

    def _keep_environment(self, header: Header) -> None:
        """Keep what the record says of its environment, where that lies with the old name."""
        name, past, store = self._definition.name, self._past.name, self._store
        if past == name or header.environment is None or header.environment in self._kept:
            return
        self._kept.add(header.environment)
        key = f"environment-{header.environment}"
        envelope = store.get(past, key)
        if envelope is not None:
            store.put_once(name, key, envelope)

    def _copy_directory(self, header: Header, step: Step) -> str:
        """Copy the files of a run for its new record, since the old one stays."""
        store = self._store
        old = store.files_directory(self._past.name)
        new = store.files_directory(self._definition.name, create=True)
        if old is None or new is None or not is_name(header.directory):
            return ""
        return copied(f"{old}/{header.directory}", new, step.target, step.new)

    def _header(self, old: Header, step: Step, directory: str) -> Header:
        code, definition = code_of(step.target), self._definition
        moved = {
            "id": old.id,
            "code": old.code,
            "experiment": old.experiment,
            "who": user(),
            "host": host(),
            "when": datetime.now(UTC).isoformat(),
        }
        return replace(
            old,
            id=step.new,
            code=code,
            experiment=definition.name,
            params=dict(step.params),
            version=definition.options.version,
            code_notes=dict(self._codes[code][0]),
            migrated=[*old.migrated, moved],
            directory=directory,
            number=None,
            attempts=[{n: one[n] for n in one if n != "directory"} for one in old.attempts],
        )


def _changed() -> RecordError:
    message = "cannot migrate a record: it has changed. Migrate again."
    return RecordError(message, reason="changed")


def _shown(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"... and {more} more"] if more > 0 else [])]


def _told(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={restore(tree)!r}" for name, tree in params.items())
