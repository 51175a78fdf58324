"""Write the records of what was found in rendered directories."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from expcache._record import Header, check, read_header, reseal, seal
from expcache._render._files import copy_files, remove_files
from expcache._render._findings import Finding
from expcache._render._scripts import ENVIRONMENT, NOTES
from expcache._store import Claim, Commit, Spill, Store
from expcache.errors import RecordError

__all__ = ["Keeping", "Kept"]


class Kept(NamedTuple):
    """A record on its way to the disk, and the name of the directory that it names."""

    finding: Finding
    files: str
    commit: Commit


class Keeping:
    """Writes records into one store, and once what belongs to many of them."""

    def __init__(self, store: Store) -> None:
        """Begin with nothing written."""
        self._store = store
        self._noted: set[tuple[str, str]] = set()

    def keep(self, finding: Finding, claim: Claim) -> Kept:
        """Hand the record of a run to the store; a result that is there already stays.

        Raises:
            RenderError: its files cannot be copied.
        """
        manifest, directory = finding.manifest, finding.directory
        assert finding.header is not None  # noqa: S101 - for the type checker
        files = copy_files(self._store, directory, manifest, finding.header.directory)
        header = _with_files(finding.header, files)
        header.launch, header.number = manifest.launch, claim.number
        self._note(manifest.experiment, f"code-{manifest.code}", directory.parent / NOTES)
        if header.environment is not None:
            self._note(manifest.experiment, f"environment-{header.environment}", directory)
        failed = header.outcome == "failed"
        commit = self._store.put(
            manifest.experiment,
            manifest.key + "!" if failed else manifest.key,
            partial(_sealed, finding, header),
            replace=failed,
            claim=claim,
        )
        return Kept(finding, files, commit)

    def settle(self, kept: Kept) -> bool:
        """Wait until a record is safe; return whether it is this one.

        Raises:
            StoreError: nothing was written.
        """
        won = False
        try:
            won = kept.commit.wait() and not kept.commit.fenced
        finally:
            if not won and kept.files:
                remove_files(self._store, kept.finding.manifest.experiment, kept.files)
        return won

    def _note(self, experiment: str, key: str, folder: Path) -> None:
        """Keep what is told of code or environment, if the file is there and sound."""
        if (experiment, key) in self._noted:
            return
        self._noted.add((experiment, key))
        name = ENVIRONMENT if key.startswith(ENVIRONMENT) else key
        try:
            content = (folder / name).read_bytes()
            check(content)
            is_note = read_header(content).outcome == "note"
        except (OSError, RecordError):
            return  # a record can be read without
        if is_note:
            self._store.put_once(experiment, key, content)


def _with_files(header: Header, name: str) -> Header:
    """Name the directory in the store in place of that of another machine."""
    *earlier, last = header.attempts
    last = {field: last[field] for field in last if field != "directory"}
    if name:
        last["directory"] = name
    return replace(header, directory=name, attempts=[*earlier, last])


def _sealed(finding: Finding, header: Header, spill: Spill | None) -> bytes:
    preimage = bytes.fromhex(finding.manifest.preimage)
    if finding.envelope is None or header.outcome == "failed":
        return seal(header, finding.encoded, preimage, spill)
    return reseal(finding.envelope, header, preimage, fetch=_no_part, spill=spill)


def _no_part(name: str, _size: int, _digest: str) -> bytes:
    raise AssertionError(name)  # the record was made without files of parts
