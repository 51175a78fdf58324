"""``command``: make an experiment of a program."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from expcache._command._code import CommandCode
from expcache._command._definition import CommandDefinition
from expcache._decorator import options_of
from expcache._experiment import Experiment
from expcache._file import File
from expcache._program import Recipe, Word, names_of, parse_word
from expcache.errors import ParameterError

if TYPE_CHECKING:
    from expcache._retries import Retries

__all__ = ["command"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def command(  # noqa: PLR0913 - each is an option of its own, by keyword
    argv: Sequence[str | File] | str,
    /,
    *,
    name: str | None = None,
    shell: bool = False,
    defaults: Mapping[str, Any] = _NOTHING,
    env: Mapping[str, str] = _NOTHING,
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    parse: Callable[[Any], Any] | None = None,
    content: bool = False,
    ok: int | Collection[int] = (0,),
    version: str | int | None = None,
    depends: Sequence[object] = (),
    ignore: str | Collection[str] = (),
    tags: str | Sequence[str] = (),
    timeout: float | None = None,
    retries: int | Retries | None = None,
    save: bool = True,
    resources: Mapping[str, Any] | None = None,
) -> Experiment[..., Any]:
    """Make an experiment of a program: each run starts it once, in a directory of its own.

    Args:
        argv: the words of the command line, with ``{name}`` or ``{name:format}`` where the value
            of a parameter goes, and ``{{`` and ``}}`` for braces. A value never becomes several
            words. A ``File`` stands for its name in the directory of the run.
        name: what ids and the store know it by; by default the name of the program.
        shell: ``argv`` is one line for ``/bin/sh``; values are quoted.
        defaults: values of parameters that a point need not give, also of those that no word has.
        env: variables more than the program finds anyway; the values as in ``argv``.
        inputs: files that the program finds in its directory: ``File(path)``, a path, or
            ``"{name}"`` for a parameter that is a file.
        parse: called with the current run when the program has ended; returns the result.
        content: whether a program with other content is other code.
        ok: the exit statuses that are no failure.
        version: replaces the fingerprint of words and files: results hold until you change it.
        depends: as in ``experiment``; so are the options that follow.
        ignore: parameters that do not change the result.
        tags: words that each record carries.
        timeout: how long a run may take, in seconds.
        retries: how often a run that fails is tried again.
        save: False keeps results in this process only.
        resources: what a run asks of an engine such as Slurm.

    Raises:
        ParameterError: a word cannot be read.
    """
    words = _words(argv, shell=shell)
    named = name or _named(words, shell=shell)
    recipe = _recipe(named, words, env, inputs, shell=shell)
    recipe = recipe._replace(
        ok=(ok,) if isinstance(ok, int) else tuple(ok),
        parse=parse,
        names=_names(recipe, defaults),
        defaults=dict(defaults),
        module=sys._getframe(1).f_globals.get("__name__", "__main__"),  # noqa: SLF001 - of the caller
    )
    if content and (shell or _first(recipe) is None):
        reason = "the shell starts it" if shell else "its name is a parameter"
        message = f"cannot take the content of the program of {named!r}: {reason}."
        remedy = "Name the program in depends=[File(path)]."
        raise ParameterError(f"{message} {remedy}", experiment=named, names=())
    options = options_of(
        name=named, version=version, depends=(), ignore=ignore, tags=tags, timeout=timeout,
        retries=retries, save=save, resources=resources,
    )  # fmt: skip
    code = CommandCode(
        recipe, _followed(parse, depends), content=content, declared=version is not None
    )
    return Experiment(CommandDefinition(recipe, options, code))


def _words(argv: Any, *, shell: bool) -> list[str | File]:
    is_text = isinstance(argv, str)
    if is_text != shell or not argv:
        told = "it is one text" if is_text else "a shell takes one text"
        message = f"cannot make a command of {argv!r}: {told if argv else 'it is empty'}."
        remedy = "Give a list of words, or one text and shell=True."
        raise ParameterError(f"{message} {remedy}", experiment="", names=())
    words = [argv] if is_text else list(argv)
    for word in words:
        if not isinstance(word, (str, File)):
            message = f"cannot make a command with the word {word!r}: it is no text."
            raise ParameterError(f"{message} Write it as text.", experiment="", names=())
    return words


def _named(words: Sequence[str | File], *, shell: bool) -> str:
    first = words[0]
    if isinstance(first, File):
        return os.path.basename(first.path)  # noqa: PTH119 - text
    program = first.split()[0] if shell and first.split() else first
    return os.path.basename(program) or program  # noqa: PTH119 - text


def _recipe(
    named: str,
    words: Sequence[str | File],
    env: Mapping[str, str],
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    shell: bool,
) -> Recipe:
    read = [word if isinstance(word, File) else parse_word(word, named) for word in words]
    if not shell:
        read[0] = _absolute(read[0])
    listed = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    return Recipe(
        name=named,
        module="",
        words=tuple(read),
        shell=shell,
        env=tuple((key, parse_word(value, named)) for key, value in env.items()),
        inputs=tuple(_input(one, named) for one in listed),
        ok=(),
        parse=None,
        names=(),
        defaults={},
    )


def _absolute(first: Word | File) -> Word | File:
    """Return the program by its whole path, since it is started in another directory."""
    if isinstance(first, File) or len(first) != 1 or first[0].name or os.sep not in first[0].text:
        return first
    return (first[0]._replace(text=os.path.abspath(first[0].text)),)  # noqa: PTH100 - keeps links


def _first(recipe: Recipe) -> str | File | None:
    first = recipe.words[0]
    if isinstance(first, File):
        return first
    return None if any(piece.name for piece in first) else first[0].text


def _input(one: str | os.PathLike[str], owner: str) -> File | str:
    if isinstance(one, File):
        return one
    text = os.fspath(one)
    word = parse_word(text, owner)
    names = names_of([word])
    if not names:
        return File("".join(piece.text for piece in word))
    if len(word) > 1 or word[0].text or word[0].spec:
        message = f"cannot read the input {text!r} of the command {owner!r}: a file has to be"
        remedy = 'Write "{' + names[0] + '}", and give File(path) as its value.'
        raise ParameterError(f"{message} the whole value. {remedy}", experiment=owner, names=())
    return names[0]


def _names(recipe: Recipe, defaults: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parameters in the order of the words; those without a default come first."""
    words = [one for one in recipe.words if not isinstance(one, File)]
    found = names_of([*words, *(word for _, word in recipe.env)])
    found += [one for one in recipe.inputs if isinstance(one, str) and one not in found]
    found = list(dict.fromkeys([*found, *defaults]))
    for name in found:
        if not name.isidentifier():
            message = f"cannot make a command with the parameter {name!r}: it is no name."
            raise ParameterError(
                f"{message} Use letters, digits and _.", experiment=recipe.name, names=(name,)
            )
    return (*[n for n in found if n not in defaults], *[n for n in found if n in defaults])


def _followed(parse: Callable[[Any], Any] | None, depends: Sequence[object]) -> Any:
    if parse is None and not depends:
        return None
    from expcache._code import Tracker  # noqa: PLC0415 - only where there is Python code

    return Tracker(parse or _nothing, depends=tuple(depends))


def _nothing() -> None:
    """Stand for a command where only what it depends on is followed."""
