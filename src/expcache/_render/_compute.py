"""Compute the run that a rendered directory holds, on a machine that has expcache."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from expcache._cell import Refusal, compute_cells, unpack_replies
from expcache._environment import current_environment
from expcache._record import Header, note, read_header, reseal, seal
from expcache._render._fresh import PAYLOAD
from expcache._render._manifest import read_manifest
from expcache._render._refusal import refuse
from expcache._render._scripts import ENVIRONMENT, FILES, RECORD

__all__ = ["compute_rendered"]


def compute_rendered(directory: str | os.PathLike[str] = ".") -> Header:
    """Compute the run of a directory and leave its record there; return what that tells.

    No store is used.

    Raises:
        RenderError: the directory holds no function, or it cannot be computed here.
    """
    place = Path(directory)
    manifest = read_manifest(place)
    try:
        payload = (place / PAYLOAD).read_bytes()
    except OSError:
        message = f"cannot compute in {str(place)!r}: it holds no function, but a command."
        refuse(message, "Run its expcache.sh.")
    (reply,) = unpack_replies(compute_cells(payload, files=str(place.resolve() / FILES)))
    if isinstance(reply, Refusal):
        message = f"cannot compute run {manifest.id} here: {reply.message}."
        refuse(message, "Use the same versions of Python and expcache here as where it was made.")
    header = read_header(reply.envelope)
    digest, environment = current_environment()
    # Files among the params have other paths here.
    here = replace(header, environment=digest, params=manifest.params)
    preimage = bytes.fromhex(manifest.preimage)
    if reply.failed:
        envelope = seal(here, None, preimage)
    else:
        envelope = reseal(reply.envelope, here, preimage, fetch=_no_part)
    _write(place / ENVIRONMENT, note(environment))
    _write(place / RECORD, envelope)
    return here


def _write(path: Path, content: bytes) -> None:
    made = path.with_name(f"{path.name}.new")
    made.write_bytes(content)
    made.replace(path)


def _no_part(name: str, _size: int, _digest: str) -> bytes:
    raise AssertionError(name)  # the cell was packed without a directory for parts
