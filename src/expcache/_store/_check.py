"""Checking records and the parts they name, in any store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from expcache._record import File, files
from expcache._record import check as check_envelope
from expcache._store._protocol import Damage, Report
from expcache.errors import RecordError

PartCheck: TypeAlias = Callable[[File], str | None]
"""Return what is wrong with a part, or None."""


def check_records(
    experiment: str, records: Iterable[tuple[str, bytes]], check: PartCheck
) -> Report:
    """Check every record and every part that it names."""
    count = 0
    damaged: list[Damage] = []
    missing: list[Damage] = []
    for key, envelope in records:
        count += 1
        try:
            check_envelope(envelope)
            parts = files(envelope)
        except (RecordError, KeyError, TypeError, ValueError) as error:
            damaged.append(Damage(experiment, key, str(error)))
            continue
        wrong = ((part.name, check(part)) for part in parts)
        missing += [Damage(experiment, key, f"{name}: {why}") for name, why in wrong if why]
    return Report(count, tuple(damaged), tuple(missing))


def parts_of(envelope: bytes) -> tuple[File, ...]:
    """Return the parts that a record names; of a damaged one none is known."""
    try:
        return files(envelope)
    except (RecordError, KeyError, TypeError, ValueError):
        return ()


def join(reports: Iterable[Report]) -> Report:
    """Make one report of several."""
    every = list(reports)
    return Report(
        sum(report.records for report in every),
        tuple(damage for report in every for damage in report.damaged),
        tuple(damage for report in every for damage in report.missing),
        tuple(orphan for report in every for orphan in report.orphans),
        tuple(path for report in every for path in report.removed),
    )
