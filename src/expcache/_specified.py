"""Sweeps that a file describes: a specification, or a runfile."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from expcache._experiment import Experiment
from expcache._place import Place
from expcache._runfile import read_runfile
from expcache._space import Space, grid
from expcache._specification import Specification, read_specification
from expcache._sweep import Sweep
from expcache._target import load_target
from expcache.errors import ExpcacheError

__all__ = ["runfile", "specification"]


def specification(path: str | os.PathLike[str], *, name: str | None = None) -> Sweep[Any]:
    """Return the sweep that a YAML or TOML file describes.

    The file names the experiment and its points. The path is relative to the file that calls this,
    or else to the working directory.

    Args:
        path: a file that ends in ``.yaml``, ``.yml`` or ``.toml``.
        name: the sweep's name; by default the one in the file, else that of the variable it is
            assigned to, else the stem of the file.

    Raises:
        SpecificationError: the file cannot be read, says something that is not understood, or
            names no experiment.
        ImportError: it is YAML, and PyYAML is not installed.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - as inspect.currentframe, without inspect
    found = _find(os.fspath(path), frame)
    said = read_specification(found)
    space = said.space
    if said.experiment is None:
        from expcache._shellwork import command_of, points_of  # noqa: PLC0415 - for commands alone

        experiment, space = command_of(said), points_of(said)
    else:
        experiment = _experiment(said, said.experiment)
    return _sweep(experiment, space, name or said.name, _At(frame, said.document.path))


def runfile(path: str | os.PathLike[str], *, name: str | None = None) -> Sweep[Any]:
    """Return the sweep of the shell commands in a file, one a line; each is a run.

    Commands are run in the working directory of the present moment, by ``/bin/sh``. The id of a run
    follows from the text of its line: a line that is changed is another run. Blank lines and those
    that begin with ``#`` are left out, identical ones are there once, and a backslash at the end
    goes on to the next line. The path is relative to the file that calls this, or else to the
    working directory.

    Args:
        path: the file.
        name: the sweep's name; by default that of the variable it is assigned to, else the stem of
            the file.

    Raises:
        SpecificationError: the file cannot be read, or has no command.
    """
    from expcache._shellwork import HERE, command_of_lines  # noqa: PLC0415 - for commands alone

    frame = sys._getframe(1)  # noqa: SLF001 - as above
    found = _find(os.fspath(path), frame)
    space = grid(line=read_runfile(found)) * grid(**{HERE: str(Path.cwd())})
    return _sweep(command_of_lines(), space, name, _At(frame, found))


def _sweep(
    experiment: Experiment[..., Any], space: Space, name: str | None, at: Place
) -> Sweep[Any]:
    performer = experiment._performer  # noqa: SLF001 - as `Experiment.sweep` does
    return Sweep(experiment, performer, space, name, at)


class _At(Place):
    """The place of a sweep whose name may be that of its file."""

    __slots__ = ("_stem",)

    def __init__(self, frame: FrameType, path: str) -> None:
        super().__init__(frame)
        self._stem = Path(path).stem

    def name_of(self, thing: object) -> str | None:
        """Return the module-level variable that holds the thing, else the stem of the file."""
        return super().name_of(thing) or self._stem


def _find(path: str, frame: FrameType) -> str:
    """Return a path beside the calling file, if there is such a file, else as it is."""
    beside = Path(frame.f_code.co_filename).parent / path
    return str(beside) if beside.is_file() else path


def _experiment(said: Specification, target: str) -> Experiment[..., Any]:
    document = said.document
    remedy = "Write file.py:function or module:function, relative to this file."
    try:
        found = load_target(target, Path(document.path).parent)
    except ExpcacheError:
        raise
    except ValueError as error:
        raise document.error(("experiment",), str(error), remedy) from error
    if not isinstance(found, Experiment):
        reason = f"{target!r} is no experiment, but {type(found).__name__!r}"
        raise document.error(("experiment",), reason, "Put @experiment above the function.")
    return _with_options(found, said)


def _with_options(experiment: Experiment[..., Any], said: Specification) -> Experiment[..., Any]:
    """Return the experiment with what the file says of its runs in place of its own options."""
    definition = experiment._definition  # noqa: SLF001 - this makes another one of it
    options = definition.options
    if said.tags:
        options = options._replace(tags=tuple(dict.fromkeys((*options.tags, *said.tags))))
    if said.timeout is not None:
        options = options._replace(timeout=said.timeout)
    if said.retries is not None:
        from expcache._retries import retries_from  # noqa: PLC0415 - few files have any

        options = options._replace(retries=retries_from(said.retries))
    if options == definition.options:
        return experiment
    other = object.__new__(type(definition))  # a new one would read the code once more
    vars(other).update(vars(definition), options=options, _of_class={})
    return type(experiment)(other, experiment._fixed)  # noqa: SLF001 - as above
