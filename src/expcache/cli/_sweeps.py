"""The sweeps that a word names: those of a specification, or of the user's own code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expcache._runfile import SPECIFICATIONS
from expcache.cli._ending import NotThereError, RefusedError
from expcache.cli._target import imported, load_target, named_in, sweeps_of

if TYPE_CHECKING:
    from expcache._sweep import Sweep

__all__ = ["is_specification", "is_target", "sweep_of", "sweeps_named"]


def is_specification(text: str) -> bool:
    """Whether a text names a file that describes a sweep."""
    return Path(text).suffix.lower() in SPECIFICATIONS


def is_target(text: str) -> bool:
    """Whether a text names sweeps, not an id."""
    return ":" in text or text.endswith(".py") or os.sep in text or is_specification(text)


def sweeps_named(text: str) -> dict[str, Any]:
    """Return the sweep that a specification or `file.py:name` names, or all sweeps of `file.py`.

    Raises:
        NotThereError: there is none.
    """
    if is_specification(text):
        found = _specified(text)
        return {found.name: found}
    module, name = load_target(text)
    sweeps = sweeps_of(module)
    if name:
        return {name: named_in(text, name, sweeps, "sweep")}
    if not sweeps:
        message = f"cannot find a sweep in {text!r}: there is none at the top of the module."
        raise NotThereError(f"{message} Assign one to a name.")
    return sweeps


def sweep_of(text: str) -> Any:
    """Return the one sweep that is named; of `file.py` with one sweep, this.

    Raises:
        NotThereError: there is no such sweep.
        RefusedError: there are several.
    """
    sweeps = sweeps_named(text)
    if len(sweeps) > 1:
        message = f"cannot choose a sweep of {text!r}: there are {', '.join(sweeps)}."
        raise RefusedError(f"{message} Name one: {text}:{next(iter(sweeps))}.")
    return next(iter(sweeps.values()))


def _specified(target: str) -> Sweep[Any]:
    from expcache._specified import specification  # noqa: PLC0415 - not for help
    from expcache.errors import ExpcacheError  # noqa: PLC0415 - as above

    with imported(target):
        try:
            return specification(Path(target).absolute())
        except ExpcacheError as error:
            failed: Exception = error
        except ModuleNotFoundError as error:
            if error.name != "yaml":
                raise
            failed = RefusedError(str(error))
    raise failed
