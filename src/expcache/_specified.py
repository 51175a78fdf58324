"""Sweeps that a file describes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from expcache._definition import Definition
from expcache._experiment import Experiment
from expcache._place import Place
from expcache._specification import Specification, read_specification
from expcache._sweep import Sweep
from expcache._target import load_target
from expcache.errors import ExpcacheError

__all__ = ["specification"]


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
    experiment = _experiment(said)
    at = _At(frame, said.document.path)
    performer = experiment._performer  # noqa: SLF001 - as `Experiment.sweep` does
    return Sweep(experiment, performer, said.space, name or said.name, at)


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


def _experiment(said: Specification) -> Experiment[..., Any]:
    document = said.document
    if said.experiment is None:
        reason = "only experiments can be swept by a file"
        raise document.error((said.target,), reason, "Write experiment: file.py:function.")
    remedy = "Write file.py:function or module:function, relative to this file."
    try:
        found = load_target(said.experiment, Path(document.path).parent)
    except ExpcacheError:
        raise
    except ValueError as error:
        raise document.error(("experiment",), str(error), remedy) from error
    if not isinstance(found, Experiment):
        reason = f"{said.experiment!r} is no experiment, but {type(found).__name__!r}"
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
    named = options._replace(name=definition.name)
    return type(experiment)(Definition(experiment.__wrapped__, named), experiment._fixed)  # noqa: SLF001
