"""The command `expcache`: its parts by name, each imported when it is called for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from expcache.cli._ending import end_with, quiet_end, told_warnings
from expcache.cli._options import common_options
from expcache.cli._view import View

__all__ = ["cli"]

# Name of the command: the module that has it, and its name there.
_COMMANDS = {
    "status": "_status:status",
    "list": "_list:list_runs",
    "show": "_show:show",
    "log": "_log:log",
    "explain": "_explain:explain",
    "ids": "_ids:ids",
    "table": "_tabulate:table",
    "verify": "_verify:verify",
    "backup": "_backup:backup",
    "rm": "_removing:rm",
    "gc": "_removing:gc",
    "completion": "_completion:completion",
    "sweep": "_sweep:sweep",
    "run": "_run:run",
    "render": "_render:render",
    "collect": "_collect:collect",
    "compute": "_compute:compute",
    "launch": "_launch:launch",
}

# Under which heading help shows them; the rest comes last.
_SECTIONS = {
    "Compute": ("run", "sweep", "launch"),
    "Look": ("status", "list", "show", "log", "explain", "ids", "table"),
    "Look after": ("verify", "backup", "rm", "gc"),
    "Batch systems": ("render", "collect", "compute"),
}

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


class Commands(click.Group):
    """A group whose commands are imported one by one, and whose endings are those of `end_with`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order in which help shows them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"expcache.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the commands under their headings."""
        sorted_in = {name for names in _SECTIONS.values() for name in names}
        rest = {"Other": tuple(name for name in _COMMANDS if name not in sorted_in)}
        wide = max(map(len, _COMMANDS))
        limit = formatter.width - 6 - wide
        for title, names in (_SECTIONS | rest).items():
            found = ((name, self.get_command(ctx, name)) for name in names)
            rows = [
                (f"{name:<{wide}}", one.get_short_help_str(limit)) for name, one in found if one
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; name the nearest where there is none."""
        if not ctx.resilient_parsing and args and args[0] not in _COMMANDS:
            from difflib import get_close_matches  # noqa: PLC0415 - only for this error

            close = get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"there is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and write what it printed to the end."""
        with quiet_end():
            return super().invoke(ctx)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the program; errors are told in a sentence, and the exit status says what came."""
        run: Any = super().main
        if not options.pop("standalone_mode", True):
            return run(*args, standalone_mode=False, **options)
        with told_warnings(), end_with() as ending:
            ending.status = run(*args, standalone_mode=False, **options)
        raise SystemExit(ending.status)


def _show_version(ctx: click.Context, _: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        from expcache import __version__  # noqa: PLC0415 - reads the installed metadata

        click.echo(f"expcache {__version__}")
        ctx.exit()


@click.group(
    cls=Commands,
    name="expcache",
    context_settings=_HELP,
    epilog="Exit status: 0 done, 1 a run failed or damage was found, 2 wrong usage, "
    "3 what was asked for is not there, 130 interrupted.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version,
    help="Show the version.",
)  # fmt: skip
@common_options
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Compute experiments, look at their stored results, and look after them."""
    ctx.ensure_object(View)
