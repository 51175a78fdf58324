"""Cells that are sent to a process of their own, inside a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from expcache._cell import Cell, Refusal, Reply, pack, unpack_replies
from expcache._record import Header, read_header, read_value

__all__ = ["answers", "cells_of", "header_of", "replies_of", "run_script", "values_of"]

CHILD = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from expcache._cell import compute_cells
with open(sys.argv[2], "rb") as file:
    payload = file.read()
with open(sys.argv[2], "wb") as file:
    file.write(compute_cells(payload))
"""


def cells_of(experiment: Any, *points: dict[str, Any], **more: Any) -> list[Cell]:
    """Return the cells of an experiment at these points."""
    definition = experiment._definition
    found = []
    for point in points:
        params = definition.key.signature.point(point, experiment._fixed)
        identity = definition.key.identify(params)
        fields = {
            "experiment": definition.name,
            "function": definition.function,
            "signature": definition.key.signature,
            "params": params,
            "identity": identity,
            "code": definition.code_with(identity.classes),
            "code_notes": definition.code_notes,
            "checked": None if definition.declared else definition.code,
            "depends": definition.options.depends,
            "is_async": experiment._is_async,
        }
        found.append(Cell(**fields | more))
    return found


def answers(payload: bytes) -> list[Reply | Refusal]:
    """Return what a new process answers to a payload."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "payload"
        path.write_bytes(payload)
        arguments = [json.dumps(sys.path), str(path)]
        subprocess.run([sys.executable, "-c", CHILD, *arguments], check=True, timeout=60)
        return unpack_replies(path.read_bytes())


def replies_of(experiment: Any, *points: dict[str, Any], by_value: bool = False) -> list[Reply]:
    """Return the replies of a new process to these points of an experiment."""
    found = answers(pack(cells_of(experiment, *points), by_value=by_value))
    refused = [one for one in found if isinstance(one, Refusal)]
    assert not refused, refused
    return [one for one in found if isinstance(one, Reply)]


def header_of(reply: Any) -> Header:
    """Return the header of a reply's record."""
    assert isinstance(reply, Reply), reply
    return read_header(reply.envelope)


def values_of(experiment: Any, *points: dict[str, Any], by_value: bool = False) -> list[Any]:
    """Return the values that a new process computes at these points of an experiment."""
    found = []
    for reply in replies_of(experiment, *points, by_value=by_value):
        assert not reply.failed, header_of(reply).error
        found.append(read_value(reply.envelope, trust=True))
    return found


def run_script(path: Path, *arguments: str, stdin: str = "") -> str:
    """Run a script that may import this module, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, *arguments, *([] if stdin else [str(path)])],
        input=stdin,
        env=environment,
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
