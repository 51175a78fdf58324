"""What a `command` experiment does, as a line of shell for its rendered directory."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from expcache._file import File
from expcache._program import Program, Recipe, text_of
from expcache._render._given import there

if TYPE_CHECKING:
    from expcache._definition import Definition

__all__ = ["ProgramText", "program_there", "recipe_of"]


def recipe_of(definition: Definition) -> Recipe | None:
    """Return the command that an experiment runs; None if it is no such experiment."""
    recipe = getattr(definition, "recipe", None)
    return recipe if isinstance(recipe, Recipe) else None


def program_there(recipe: Recipe) -> Program:
    """Return the function that runs a command where its files are beside it."""
    words = tuple(there(one) if isinstance(one, File) else one for one in recipe.words)
    inputs = tuple(there(one) if isinstance(one, File) else one for one in recipe.inputs)
    return Program(recipe._replace(words=words, inputs=inputs))


class ProgramText:
    """The words of a command, to be filled with the values of each run."""

    def __init__(self, recipe: Recipe) -> None:
        """Hold the command."""
        self._recipe = recipe

    def fill(self, names: Mapping[str, Any]) -> str:
        """Return the line, each value one word or a part of one."""
        recipe, values = self._recipe, names["run"]["params"]
        owner, shell = recipe.name, recipe.shell
        words = [
            one.name if isinstance(one, File) else text_of(one, values, owner, shell=shell)
            for one in recipe.words
        ]
        if isinstance(recipe.words[0], File):
            words[0] = f"./{words[0]}"
        more = [(name, text_of(word, values, owner)) for name, word in recipe.env]
        settings = [f"export {name}={shlex.quote(value)}" for name, value in more]
        return "\n".join([*settings, words[0] if shell else shlex.join(words)])
