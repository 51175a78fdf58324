"""Commands that files describe, and where they are run from.

A run works in a directory of its own. What a file names lies elsewhere: the parameter ``here`` of
its points tells where. It is recorded, and not part of the id.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expcache._command import command
from expcache._experiment import Experiment
from expcache._file import File
from expcache._program import Recipe, names_of, parse_word, text_of
from expcache._space import Space, grid, points
from expcache._specification import Specification
from expcache._sweep import Sweep
from expcache.errors import ParameterError

__all__ = ["HERE", "command_of", "command_of_lines", "lines_of", "points_of"]

HERE = "here"
"""The parameter that says where a file, or a launch, was."""
THERE = f"cd {{{HERE}}} && "
"""What a shell command begins with that is run where it was launched."""


LINES = "runfile"
"""What the experiment is called of which each run is a line."""


def command_of_lines() -> Experiment[..., Any]:
    """Return the experiment of which each run is one line of a runfile."""
    line = f"{THERE}eval {{line}}"
    return command(line, shell=True, name=LINES, ignore=(HERE,))  # noqa: S604 - what it is for


def command_of(said: Specification) -> Experiment[..., Any]:
    """Return the experiment of a file's command, called as the file.

    Raises:
        SpecificationError: a word, an input or a parameter is wrong.
    """
    named = said.name or Path(said.document.path).stem
    options: dict[str, Any] = {"name": named, "shell": said.target == "shell"}
    options |= {"tags": said.tags, "timeout": said.timeout, "retries": said.retries}
    options["content"] = said.content
    options["inputs"] = [_input(said, one) for one in said.inputs]
    if _names_here(said):
        options["ignore"] = (HERE,)
    argv = _argv(said)
    try:
        known = command(argv, **options)._definition.key.signature.names  # noqa: SLF001 - read
        more = {name: None for name in said.space.names if name not in known}
        return command(argv, **options, defaults=more)
    except ParameterError as error:
        reason, _, remedy = str(error).partition(". ")
        raise said.document.error((said.target,), reason, remedy) from error


def points_of(said: Specification) -> Space:
    """Return the points of a file's command, with the place that they are about if it asks."""
    space = _with_files(said)
    if not _names_here(said):
        return space
    place = Path.cwd() if said.in_place else Path(said.document.path).parent
    return space * grid(**{HERE: os.path.abspath(place)})  # noqa: PTH100 - keeps links


def _with_files(said: Specification) -> Space:
    """Return the points with the files that are parameters, which lie beside the file."""
    given = {one["path"][1:-1]: one for one in said.inputs if _is_parameter(one["path"])}
    if not given:
        return said.space
    return points(
        {n: _file(said, given[n], v) if n in given else v for n, v in point.items()}
        for point in said.space
    )


def _is_parameter(path: str) -> bool:
    return path.startswith("{") and path.endswith("}")


def _file(said: Specification, given: Mapping[str, str], path: Any) -> Any:
    """Return a file beside the file; what is no path is left to the command, which refuses it."""
    if not isinstance(path, str):
        return path
    options: Any = {name: one for name, one in given.items() if name != "path"}
    try:
        return File(os.path.join(Path(said.document.path).parent, path), **options)  # noqa: PTH118 - text
    except ValueError as error:
        reason, _, remedy = str(error).partition(". ")
        raise said.document.error(("inputs",), reason, remedy) from error


def _argv(said: Specification) -> str | list[str]:
    words = said.command
    if isinstance(words, str):
        return f"{THERE}{words}" if said.in_place else words
    program, *others = words or ()
    return [_beside(said, program), *others]


def _names_here(said: Specification) -> bool:
    """Whether the command asks where the file is, and the points do not say it themselves."""
    argv = _argv(said)
    words = [argv] if isinstance(argv, str) else argv
    try:
        names = names_of(parse_word(word, "") for word in words)
    except ParameterError:  # told where the command is made
        return False
    return HERE in names and HERE not in said.space.names


def _beside(said: Specification, program: str) -> str:
    """Return a program that is given by a path as it lies beside the file."""
    if "/" not in program or "{" in program:
        return program
    return os.path.abspath(Path(said.document.path).parent / program)  # noqa: PTH100 - as above


def _input(said: Specification, given: dict[str, str]) -> str | File:
    path = given["path"]
    if "{" in path:
        return path
    found: File = _file(said, given, path)
    return found


def lines_of(sweep: Sweep[Any]) -> list[str] | None:
    """Return the commands of a sweep's points as they are typed into a shell, if it has any.

    Raises:
        ValueError: they need files that only the directory of a run has; the message is a reason.
    """
    recipe = getattr(sweep.experiment._definition, "recipe", None)  # noqa: SLF001 - read, to be told
    if recipe is None:
        return None
    if recipe.files or recipe.inputs:
        raise ValueError("the directory of a run has files that the command needs")
    return [_line(recipe, run.params) for run in sweep]


def _line(recipe: Recipe, params: Mapping[str, Any]) -> str:
    words = [word for word in recipe.words if not isinstance(word, File)]
    if "line" in params and recipe.name == LINES:
        return str(params["line"])
    texts = [text_of(word, params, recipe.name, shell=recipe.shell) for word in words]
    if not recipe.shell:
        return shlex.join(texts)
    return texts[0].removeprefix(THERE.format(here=shlex.quote(str(params.get(HERE)))))
