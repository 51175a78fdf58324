"""The directory of one run: made in a place of its own, and moved when it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from expcache._cell import Cell, pack
from expcache._codec import describe
from expcache._environment import current_environment, host, user
from expcache._program import Recipe
from expcache._render._given import Given
from expcache._render._manifest import MANIFEST, PARAMS, Manifest, params_digest
from expcache._render._program import program_there
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
from expcache.errors import ParameterError

__all__ = ["JOBSCRIPT", "PAYLOAD", "Design", "started"]

JOBSCRIPT = "jobscript"
PAYLOAD = "payload"
COMPUTE = "${PYTHON:-python3} -m expcache compute ."
_OURS = (MANIFEST, RUN, PARAMS, PAYLOAD, *ENDED, *RESULTS, ENVIRONMENT, FILES, *STAMPS)


@dataclass(frozen=True, slots=True)
class Design:
    """What is the same for all directories of one call.

    Attributes:
        command: What computes a run, as a line of shell with places for values; None for the
            function itself, by Python.
        machine: The script that a scheduler starts in each directory; None for none.
        token: The beginning of what tells each directory from all others.
        recipe: What the experiment runs, if it is a command.
    """

    sweep: str
    templates: Templates
    command: Text | None
    machine: Text | None
    source: str
    token: str
    recipe: Recipe | None = None

    @property
    def kind(self) -> str:
        """How the runs are computed."""
        return "python" if self.command is None else "command"

    def make(self, directory: Path, run: Run[Any], cell: Cell, shared: Path) -> None:
        """Fill the directory of one run; ``shared`` is where all directories will be.

        Raises:
            RenderError: a template cannot be filled.
            ParameterError: a value has no form that a program can read.
            ExecutorError: the function cannot be sent.
        """
        directory.mkdir()
        given = Given(cell.params, () if self.recipe is None else self.recipe.files)
        names = self._names(run, given.values)
        taken = (*_OURS, *given.names, *((JOBSCRIPT,) if self.machine is not None else ()))
        self.templates.write(directory, names, taken)
        given.place(directory, shared)
        self._write_params(directory / PARAMS, given, run.experiment)
        if self.command is None:
            (directory / PAYLOAD).write_bytes(self._payload(cell, given))
        line = COMPUTE if self.command is None else self.command.fill(names)
        write_script(directory / RUN, run_script(run.id, run.experiment, line))
        if self.machine is not None:
            write_script(directory / JOBSCRIPT, started(self.machine.fill(names), START))
        manifest = self._manifest(run, cell)
        manifest.given, manifest.files = params_digest(directory), given.digests
        manifest.command = line
        manifest.write(directory)

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

    def _write_params(self, path: Path, given: Given, owner: str) -> None:
        try:
            given.write(path, owner)
        except ParameterError:
            if self.kind == "command":
                raise

    def _payload(self, cell: Cell, given: Given) -> bytes:
        function = cell.function if self.recipe is None else program_there(self.recipe)
        return pack([replace(cell, params=given.local, function=function)], by_value=True)

    def _manifest(self, run: Run[Any], cell: Cell) -> Manifest:
        return Manifest(
            id=run.id,
            code=cell.code,
            experiment=cell.experiment,
            token=f"{self.token}-{run.id[:8]}",
            kind=self.kind,
            params={name: describe(value) for name, value in cell.params.items()},
            preimage=cell.identity.preimage.hex(),
            source=self.source,
            rendered=datetime.now(UTC).isoformat(),
            host=host(),
            user=user(),
            git=current_environment()[1]["git"],  # type: ignore[arg-type]
            launch="" if cell.launch is None else cell.launch.id,
            ok=[0] if self.recipe is None else list(self.recipe.ok),
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
