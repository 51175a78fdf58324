"""What an experiment is that runs a program."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from expcache._code import Pinned
from expcache._command._code import CommandCode
from expcache._definition import Definition, Options, Told
from expcache._file import File
from expcache._program import Program, Recipe, refuse_value
from expcache._signature import Signature
from expcache.errors import CommandError, ParameterError

__all__ = ["CommandDefinition"]

_FINE = frozenset({int, float, bool})


class CommandSignature(Signature):
    """The parameters of a command: those of its words have to be words, its inputs files."""

    __slots__ = ("_in_words", "_inputs")

    def __init__(self, function: Callable[..., Any], owner: str, recipe: Recipe) -> None:
        """Read the parameters."""
        super().__init__(function, owner)
        self._in_words = tuple(name for name in self.names if name in recipe.in_words)
        self._inputs = tuple(one for one in recipe.inputs if isinstance(one, str))

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the full params of a call.

        Raises:
            ParameterError: a value is missing, or can be no word of a command line.
        """
        params = super().bind(args, kwargs)
        for name in self._inputs:
            if isinstance(params[name], (str, os.PathLike)) and not isinstance(params[name], File):
                params[name] = File(params[name])
            elif not isinstance(params[name], File):
                self._refuse_value(name, params[name], "it is no file")
        for name in self._in_words:
            value = params[name]
            if type(value) not in _FINE and (reason := refuse_value(value)) is not None:
                self._refuse_value(name, value, reason)
        return params

    def _refuse_value(self, name: str, value: object, reason: str) -> NoReturn:
        message = f"cannot put {name}={value!r} into the command {self.owner!r}: {reason}."
        remedy = "Give text or a number, or let the program read it with run_params()."
        raise ParameterError(f"{message} {remedy}", experiment=self.owner, names=(name,))


class CommandDefinition(Definition):
    """One command with its options."""

    def __init__(self, recipe: Recipe, options: Options, code: CommandCode | Pinned) -> None:
        """Make the function of the recipe's parameters."""
        self.recipe = recipe
        program = Program(recipe)
        super().__init__(program, options._replace(name=recipe.name), code)  # type: ignore[arg-type]
        self.key.signature = CommandSignature(program, recipe.name, recipe)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the code as it is now."""
        assert self._tracker is not None  # noqa: S101 - for the type checker
        pinned = Pinned(self._tracker.current())
        return CommandDefinition, (self.recipe, self.options, pinned)

    @property
    def followed(self) -> str | None:
        """None: the recipe travels whole, and nothing of it is imported anew."""
        return None

    def told(self) -> Told:
        """Return what is told of the code, for those who compute.

        Raises:
            CommandError: there is no such program.
        """
        first = self.recipe.words[0]
        if not self.recipe.shell and not isinstance(first, File) and not any(p.name for p in first):
            _check_program("".join(piece.text for piece in first), self.name)
        return super().told()


_found: set[str] = set()


def _check_program(path: str, owner: str) -> None:
    if path in _found and (os.sep not in path or os.access(path, os.X_OK)):
        return
    if shutil.which(path) is None:
        is_there = os.path.exists(path)  # noqa: PTH110 - text
        reason = "it cannot be executed" if is_there else "there is no such program"
        remedy = "chmod +x it" if is_there else "Build it, or correct its name"
        message = f"cannot run the command {owner!r}: {path!r}: {reason}. {remedy}."
        raise CommandError(message, status=None, signal=None, command=path)
    _found.add(path)
