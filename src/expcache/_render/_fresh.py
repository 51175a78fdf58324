"""The directory of one run: made in a place of its own, and moved when it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from expcache._cell import Cell, pack
from expcache._codec import describe
from expcache._environment import host, user
from expcache._render._given import Given
from expcache._render._manifest import MANIFEST, Manifest
from expcache._render._refusal import refuse
from expcache._render._scripts import (
    ENDED,
    ENVIRONMENT,
    FILES,
    RESULTS,
    RUN,
    STAMPS,
    START,
    run_script,
    write_script,
)
from expcache._render._style import Text
from expcache._render._templates import Templates
from expcache._run import Run

__all__ = ["JOBSCRIPT", "PARAMS", "PAYLOAD", "Recipe", "started"]

JOBSCRIPT = "jobscript"
PARAMS = "params.json"
PAYLOAD = "payload"
COMPUTE = "${PYTHON:-python3} -m expcache compute ."
_OURS = (MANIFEST, RUN, PARAMS, PAYLOAD, *ENDED, *RESULTS, ENVIRONMENT, FILES, *STAMPS)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is the same for all directories of one call.

    Attributes:
        command: What computes a run, as a line of shell with places for values; None for the
            function itself, by Python.
        machine: The script that a scheduler starts in each directory; None for none.
        token: The beginning of what tells each directory from all others.
    """

    sweep: str
    templates: Templates
    command: Text | None
    machine: Text | None
    source: str
    token: str

    @property
    def kind(self) -> str:
        """How the runs are computed."""
        return "python" if self.command is None else "command"

    def make(self, directory: Path, run: Run[Any], cell: Cell) -> None:
        """Fill the directory of one run.

        Raises:
            RenderError: a template cannot be filled, or a value has no form there.
            ExecutorError: the function cannot be sent.
        """
        directory.mkdir()
        given = Given(cell.params)
        names = self._names(run, given.values)
        taken = (*_OURS, *given.names, *((JOBSCRIPT,) if self.machine is not None else ()))
        self.templates.write(directory, names, taken)
        given.copy(directory)
        text = self._params(run, given)
        if text is not None:
            (directory / PARAMS).write_bytes(text.encode())
        if self.command is None:
            local = replace(cell, params=given.values)
            (directory / PAYLOAD).write_bytes(pack([local], by_value=True))
        line = COMPUTE if self.command is None else self.command.fill(names)
        write_script(directory / RUN, run_script(run.id, run.experiment, line))
        if self.machine is not None:
            write_script(directory / JOBSCRIPT, started(self.machine.fill(names), START))
        self._manifest(run, cell, given, text).write(directory)

    def _names(self, run: Run[Any], values: Mapping[str, Any]) -> dict[str, Any]:
        if "run" in values:
            message = f"cannot render {self.sweep!r}: its parameter 'run' has a name that templates"
            refuse(f"{message} have for the run itself.", "Give the parameter another name.")
        told = {
            "id": run.id,
            "index": run.index,
            "experiment": run.experiment,
            "sweep": self.sweep,
            "start": START,
        }
        return {**values, "run": {**told, "params": dict(values)}}

    def _params(self, run: Run[Any], given: Given) -> str | None:
        text = given.text()
        if text is None and self.kind == "command":
            message = f"cannot render run {run.id} of {run.experiment!r}: JSON has no form of one"
            refuse(f"{message} of its parameters.", "Use numbers, text, lists, files and arrays.")
        return text

    def _manifest(self, run: Run[Any], cell: Cell, given: Given, text: str | None) -> Manifest:
        return Manifest(
            id=run.id,
            code=cell.code,
            experiment=cell.experiment,
            token=f"{self.token}-{run.id[:8]}",
            kind=self.kind,
            params={name: describe(value) for name, value in cell.params.items()},
            preimage=cell.identity.preimage.hex(),
            given="" if text is None else xxh3_128_hexdigest(text.encode()),
            source=self.source,
            rendered=datetime.now(UTC).isoformat(),
            host=host(),
            user=user(),
            files=given.digests,
            version=cell.version,
            tags=list(cell.tags),
            code_notes=dict(cell.code_notes),
        )


def started(script: str, start: str) -> str:
    """Return the script of a machine, if it does what starts a run."""
    if start not in script:
        message = "cannot render the script of the machine: it never starts the run."
        refuse(message, "Write {{ run.start }} (or $run_start) on a line of its own.")
    return script if script.endswith("\n") else f"{script}\n"
