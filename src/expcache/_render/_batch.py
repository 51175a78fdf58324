"""The scripts of one call of `render`: a list of directories, and what submits them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expcache._render._fresh import started
from expcache._render._refusal import refuse
from expcache._render._scripts import (
    Scheduler,
    array,
    array_start,
    submit_array,
    submit_each,
    submit_here,
    write_script,
)
from expcache._render._style import Maker, Text

__all__ = ["Batch", "Machine"]


class Machine:
    """How runs are submitted on one machine.

    Raises:
        RenderError: it has a template that nothing submits, or one that cannot be read.
    """

    def __init__(
        self,
        template: str | os.PathLike[str] | None,
        maker: Maker,
        scheduler: Scheduler | None,
        submit: str | None,
    ) -> None:
        """Read the template of its scripts."""
        self.scheduler = scheduler
        self.submit = submit
        if scheduler is not None and submit is not None:
            message = f"cannot submit with scheduler={scheduler!r} and submit={submit!r}."
            refuse(message, "Give one of the two.")
        self.text = None if template is None else _read(Path(template), maker)
        if self.text is not None and scheduler is None and submit is None:
            message = f"cannot render {str(template)!r}: nothing would submit it."
            refuse(message, "Add scheduler= or submit=.")

    @property
    def each(self) -> Text | None:
        """The template of the script in each directory; None if there is to be none."""
        return None if self.submit is None else self.text or _Plain()


class _Plain:
    def fill(self, names: Mapping[str, Any]) -> str:
        return f"#!/bin/sh\n{names['run']['start']}\n"


def _read(path: Path, maker: Maker) -> Text:
    path = path / "jobscript" if path.is_dir() else path
    try:
        return maker.text(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        refuse(f"cannot render {str(path)!r}: {reason}.", "Give the template of a script.")


class Batch:
    """The runs that one call rendered; its scripts have a number that none before had.

    What was submitted before still reads its own list.
    """

    def __init__(self, into: Path, ids: list[str]) -> None:
        """Take the next number in a directory."""
        self._into = into
        self._ids = ids
        taken = [one.stem.removeprefix("runs-") for one in into.glob("runs-*.txt")]
        self._number = 1 + max((int(one) for one in taken if one.isdecimal()), default=0)

    def scripts(self, machine: Machine, sweep: str, experiment: str) -> dict[str, str]:
        """Return the scripts by their names, the one that submits last."""
        count, number = len(self._ids), self._number
        runs, name = f"runs-{number}.txt", f"submit-{number}.sh"
        if machine.scheduler is not None:
            script, start = f"array-{number}.sh", array_start(machine.scheduler, runs)
            told = {"sweep": sweep, "experiment": experiment, "start": start, "count": count}
            text = array(machine.scheduler, sweep, start)
            if machine.text is not None:
                text = started(machine.text.fill({"run": told}), start)
            submit = submit_array(machine.scheduler, runs, script, count)
            return {script: text, name: submit}
        if machine.submit is not None:
            return {name: submit_each(machine.submit, runs, count)}
        return {name: submit_here(runs, count)}

    def write(self, scripts: dict[str, str]) -> Path:
        """Write the list and the scripts; return the one that submits."""
        listed = "".join(f"{one}\n" for one in self._ids)
        (self._into / f"runs-{self._number}.txt").write_bytes(listed.encode())
        for name, text in scripts.items():
            write_script(self._into / name, text)
        return self._into / name
