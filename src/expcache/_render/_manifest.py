"""What a rendered directory tells of its run, so that its result finds back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from expcache.errors import RenderError

__all__ = ["MANIFEST", "PARAMS", "Manifest", "find_manifests", "params_digest", "read_manifest"]

MANIFEST = "expcache.json"
PARAMS = "params.json"
_FORMAT = 1


@dataclass(slots=True)
class Manifest:
    """What is known of a run when its directory is made.

    Attributes:
        token: What tells this directory from others that were rendered for the same run.
        kind: ``python`` for a function that the directory holds whole, else ``command``.
        params: The full params, each as `describe` tells it.
        preimage: The digest of the full canonical params, in hex.
        git: The commit that was rendered from, and whether there were changes.
        launch: The id of the call that rendered it.
        given: The digest of ``params.json``; empty if there is none.
        git: The commit that was rendered from, and whether there were changes.
        launch: The id of the call that rendered it.
        given: The digest of ``params.json``; empty if there is none.
        command: What computes the run, as lines of shell.
        ok: The exit statuses that are no failure.
        files: The digest of each file among the params, by its name in the directory.
        source: What tells the templates and the command from others.
    """

    id: str
    code: str
    experiment: str
    token: str
    kind: str
    params: dict[str, Any]
    preimage: str
    source: str
    rendered: str
    host: str
    user: str
    git: dict[str, Any] | None = None
    launch: str = ""
    given: str = ""
    command: str = ""
    ok: list[int] = field(default_factory=lambda: [0])
    files: dict[str, str] = field(default_factory=dict)
    version: str | None = None
    tags: list[str] = field(default_factory=list)
    code_notes: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The record key of the result."""
        return f"{self.id}-{self.code}"

    def write(self, directory: Path) -> None:
        """Write the file of a directory."""
        run = asdict(self)
        content = {"expcache": _FORMAT, "digest": _digest(run), "run": run}
        text = json.dumps(content, indent=1) + "\n"
        (directory / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(directory: Path) -> Manifest:
    """Return what a directory tells of its run.

    Raises:
        RenderError: it tells nothing, or not what was written.
    """
    try:
        content = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        if content["expcache"] != _FORMAT:
            raise RenderError(_told(directory, "it is of another version of expcache"))
        run = content["run"]
        if content["digest"] != _digest(run):
            raise RenderError(_told(directory, "it was changed since it was rendered"))
        return Manifest(**run)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        if isinstance(error, RenderError):
            raise
        reason = f"it cannot be read ({type(error).__name__}: {error})"
        raise RenderError(_told(directory, reason)) from error


def find_manifests(directory: Path) -> list[Path]:
    """Return the rendered directories in a directory, or itself if it is one."""
    if (directory / MANIFEST).exists():
        return [directory]
    found = [one.parent for one in directory.glob(f"*/{MANIFEST}")]
    return sorted(one for one in found if not one.name.startswith("."))


def params_digest(directory: Path) -> str:
    """Return what tells the ``params.json`` of a directory from others; "" if there is none.

    Raises:
        RenderError: it cannot be read.
    """
    try:
        return xxh3_128_hexdigest((directory / PARAMS).read_bytes())
    except FileNotFoundError:
        return ""
    except OSError as error:
        message = f"cannot read {str(directory / PARAMS)!r}: {error.strerror or error}."
        raise RenderError(f"{message} Copy the directory whole, and collect again.") from error


def _digest(run: dict[str, Any]) -> str:
    return xxh3_128_hexdigest(json.dumps(run, sort_keys=True).encode())


def _told(directory: Path, reason: str) -> str:
    where = str(directory / MANIFEST)
    return f"cannot use {where!r}: {reason}. Render the run again, into another directory."
