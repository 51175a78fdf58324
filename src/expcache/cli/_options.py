"""What all commands have in common: their options, and how one is declared.

A command is a function of the `View` and of its own parameters. It returns nothing, or its exit
status::

    @command("status", example="expcache status")
    @click.option("--long", is_flag=True, help="Say more.")
    def status(view: View, long: bool) -> int | None: ...
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from expcache.cli._view import View

__all__ = ["Command", "command", "common_options"]

_COMMON = ("place", "json", "plain")

F = TypeVar("F", bound=Callable[..., Any])


class Command(click.Command):
    """A command that is named where its words are refused."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words; an error knows of which command."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise


def _set(ctx: click.Context, option: click.Parameter, value: Any) -> None:
    """Note a common option, wherever it stands on the command line."""
    if value:
        setattr(ctx.ensure_object(View), str(option.name), value)


def common_options(function: F) -> F:
    """Add the options that every command has."""
    for option in (
        click.option(
            "--no-color", "plain", is_flag=True, expose_value=False, callback=_set,
            help="Do not use colours.",
        ),
        click.option(
            "--json", is_flag=True, expose_value=False, callback=_set,
            help="Print JSON, for programs.",
        ),
        click.option(
            "--store", "place", metavar="PATH", expose_value=False, callback=_set, is_eager=True,
            type=click.Path(file_okay=False),
            help="The store, in place of that of the working directory.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def command(
    name: str, *, example: str, kind: type[Command] = Command
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function of a `View` a command, with an example under its help.

    Args:
        name: of the command.
        example: one command line, or several.
        kind: how its words are read.
    """
    lines = example.strip().splitlines()
    epilog = "\b\n" + "\n".join(["Example:" if len(lines) == 1 else "Examples:", *lines])

    def decorate(function: Callable[..., Any]) -> click.Command:
        @wraps(function)
        @click.pass_context
        def call(ctx: click.Context, /, **given: Any) -> Any:
            return function(ctx.ensure_object(View), **given)

        made = click.command(name, cls=kind, epilog=epilog)(common_options(call))
        made.params.sort(key=lambda one: one.name in _COMMON)  # help shows these last
        return made

    return decorate
