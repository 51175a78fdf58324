"""The function of an experiment that runs a program."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from expcache._cell import CurrentRun, current_run
from expcache._file import File
from expcache._program._params import write_params
from expcache._program._posted import read_posted
from expcache._program._process import ERR, OUT, Ended, Start, run_program
from expcache._program._recipe import Recipe
from expcache._program._stray import end_strays
from expcache._program._word import text_of
from expcache.errors import CommandError, ParameterError

__all__ = ["Program"]

_PARAMS = "params.json"
RESERVED = frozenset({_PARAMS, OUT, ERR, "result.json", "result.npy", "result.pickle"})
TEXT_LIMIT = 1 << 20
"""How much of the standard output a result holds, in bytes."""
_LINES = 20


class Program:
    """Runs a program once for each run, in the directory of the run.

    It has the name and the parameters of a function, so that it makes an experiment.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Stand for a function of the recipe's parameters."""
        self.recipe = recipe
        self.__name__ = self.__qualname__ = recipe.name
        self.__module__ = recipe.module
        self.__doc__ = f"Run {recipe.line}"
        self.__wrapped__ = _stand_in(recipe.names, recipe.defaults)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the recipe."""
        return Program, (self.recipe,)

    def __call__(self, *values: Any) -> Any:
        """Run the program with these values, in the order of the parameters.

        Raises:
            CommandError: it did not end as it should.
        """
        recipe, run = self.recipe, current_run()
        params = dict(zip(recipe.names, values, strict=True))
        directory = run.own(end_strays)
        try:
            start = _start(recipe, run, params)
            write_params(f"{directory.path}/{_PARAMS}", start.params, recipe.name)
        except BaseException:  # those that lie there are of the run that had the directory before
            Path(directory.path, _PARAMS).unlink(missing_ok=True)
            raise
        ended = run_program(start, directory)
        _show(ended)
        if ended.status not in recipe.ok:
            raise _failed(recipe, run, start, ended)
        result = _result(recipe, run, start, ended)
        directory.may_go((_PARAMS, OUT, ERR))
        return result


def _start(recipe: Recipe, run: CurrentRun, params: dict[str, Any]) -> _Start:
    given = {name: value for name, value in params.items() if isinstance(value, File)}
    for one in (*given.values(), *recipe.files):
        if one.name in RESERVED:
            message = f"cannot place {one.path!r} as {one.name!r} for run {run.id}: the run writes"
            remedy = "Give it another name: File(path, rename=...)."
            raise ParameterError(
                f"{message} a file of this name. {remedy}", experiment="", names=()
            )
    placed = {name: run.place(value) for name, value in given.items()}
    for one in recipe.files:
        run.place(one)
    values = params | {name: path.name for name, path in placed.items()}
    words = [
        one.name if isinstance(one, File) else text_of(one, values, recipe.name, shell=recipe.shell)
        for one in recipe.words
    ]
    if isinstance(recipe.words[0], File):
        words[0] = f"./{words[0]}"
    more = {name: text_of(word, values, recipe.name) for name, word in recipe.env}
    argv = ["/bin/sh", "-c", words[0]] if recipe.shell else words
    return _Start(run.own().path, argv, more, words, values)


class _Start(Start):
    """How to start the program, and what to tell of it."""

    __slots__ = ("params", "words")

    def __init__(
        self,
        directory: str,
        argv: list[str],
        more: dict[str, str],
        words: list[str],
        params: Mapping[str, Any],
    ) -> None:
        super().__init__(directory, argv, more)
        self.words = words
        self.params = params

    def line(self, *, shell: bool) -> str:
        """Return a line that a shell in the directory of the run understands."""
        settings = [f"{name}={shlex.quote(value)}" for name, value in self.more.items()]
        line = self.words[0] if shell else shlex.join(self.words)
        return " ".join([*settings, f"sh -c {shlex.quote(line)}" if shell and settings else line])


def _show(ended: Ended) -> None:
    """Print the end of what the program printed, so that it is kept as the run's output."""
    import sys  # noqa: PLC0415 - loaded already

    for text, stream in ((ended.out, sys.stdout), (ended.err, sys.stderr)):
        if text and stream is not None:
            stream.write(text)


def _failed(recipe: Recipe, run: CurrentRun, start: _Start, ended: Ended) -> CommandError:
    line = start.line(shell=recipe.shell)
    last = (ended.err or ended.out).strip().splitlines()[-_LINES:]
    said = "\n".join(["It said last:", *last]) if last else "It said nothing."
    message = f"cannot finish run {run.id} of {recipe.name!r}: its program {ended.how}."
    remedy = f"To see it again, run this in its directory ('expcache show' tells it):\n{line}"
    return CommandError(
        f"{message} {remedy}\n{said}", status=ended.status, signal=ended.signal, command=line
    )


def _result(recipe: Recipe, run: CurrentRun, start: _Start, ended: Ended) -> Any:
    posted = read_posted(start.directory, recipe.name)
    if posted:
        return posted[0]
    if recipe.parse is not None:
        return recipe.parse(run)
    return {"status": ended.status, "stdout": ended.text(TEXT_LIMIT)}


def _stand_in(names: tuple[str, ...], defaults: Mapping[str, Any]) -> Callable[..., Any]:
    """Return a function of these parameters that is never called."""
    listed = [f"{name}=None" if name in defaults else name for name in names]
    space: dict[str, Any] = {}
    source = compile(f"def command({', '.join(listed)}): ...", "<command>", "exec")
    exec(source, space)  # noqa: S102 - names of parameters, each an identifier
    made: Callable[..., Any] = space["command"]
    made.__defaults__ = tuple(defaults[name] for name in names if name in defaults)
    return made
