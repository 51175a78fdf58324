"""Put what rendered directories hold into the store."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from expcache._render._collected import Collected, Refused
from expcache._render._findings import Finding, find
from expcache._render._keep import Keeping, Kept
from expcache._render._manifest import find_manifests
from expcache._render._refusal import refuse
from expcache._store import Claim, Store, current_store, open_store
from expcache.errors import RenderError

__all__ = ["collect"]

_UNDER_WAY = 64
"""How many records may be on their way to the disk."""


def collect(
    directory: str | os.PathLike[str],
    *,
    store: str | os.PathLike[str] | Store | None = None,
    trust: bool = False,
) -> Collected:
    """Put the results that rendered directories hold into the store; the directories stay.

    Each result is stored under the id and the code that its directory was rendered for, with its
    params, output and times. A result that is stored already stays as it is, so this can be
    called at any time, and again.

    Args:
        directory: what ``render`` made, or a copy of it or of one directory in it.
        store: where to put them; the current store by default.
        trust: whether results that take unpickling may be taken, which can execute anything.

    Raises:
        RenderError: nothing was rendered there.
        StoreError: the store cannot be written to.
    """
    place = Path(directory)
    found = find_manifests(place)
    if not found:
        message = f"cannot collect from {str(place)!r}: nothing was rendered there."
        refuse(message, "Give the directory that render made, or a copy of it.")
    target = store if not isinstance(store, (str, os.PathLike)) else open_store(store)
    return _Collecting(target or current_store(), trust=trust).all(found)


class _Collecting:
    """One call."""

    def __init__(self, store: Store, *, trust: bool) -> None:
        self._keeping = Keeping(store)
        self._store = store
        self._trust = trust
        self._found: dict[str, list[Any]] = {name: [] for name in Collected._fields}

    def all(self, directories: Iterable[Path]) -> Collected:
        findings: list[Finding] = []
        for directory in directories:
            finding = find(directory, self._store, trust=self._trust)
            if isinstance(finding, Refused):
                self._found["refused"].append(finding)
            elif finding.header is None:
                self._found[finding.word].append(finding.id)
            else:
                findings.append(finding)
            if len(findings) >= _UNDER_WAY:
                self._keep(findings)
                findings.clear()
        self._keep(findings)
        return Collected(**{name: tuple(found) for name, found in self._found.items()})

    def _keep(self, findings: list[Finding]) -> None:
        """Write records, and wait until they are safe."""
        claims = self._claim(findings)
        kept: list[Kept] = []
        try:
            for finding in findings:
                claim = claims.get(finding.manifest.key)
                if claim is None:  # somebody computes it now, and will store it
                    self._found["unfinished"].append(finding.id)
                    continue
                try:
                    kept.append(self._keeping.keep(finding, claim))
                except RenderError as error:
                    refused = Refused(str(finding.directory), str(error))
                    self._found["refused"].append(refused)
        finally:
            for one in kept:
                word = one.finding.word if self._keeping.settle(one) else "stored"
                self._found[word].append(one.finding.id)
            for name in {finding.manifest.experiment for finding in findings}:
                self._store.release(name, claims.values())

    def _claim(self, findings: list[Finding]) -> dict[str, Claim]:
        """Keep others from computing what is about to be stored; it gives each run a number."""
        keys: dict[str, list[str]] = {}
        for finding in findings:
            keys.setdefault(finding.manifest.experiment, []).append(finding.manifest.key)
        won = [self._store.claim(name, listed).items() for name, listed in keys.items()]
        return dict(claim for claims in won for claim in claims)
