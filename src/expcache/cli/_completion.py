"""`expcache completion`: what a shell needs to complete commands, options, names and ids."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from expcache.cli._ending import DONE, RefusedError
from expcache.cli._options import command
from expcache.cli._view import View

__all__ = ["completion"]

_VARIABLE = "_EXPCACHE_COMPLETE"
_EXAMPLE = """expcache completion bash > ~/.local/share/bash-completion/completions/expcache
expcache completion zsh > ~/.zfunc/_expcache
expcache completion fish > ~/.config/fish/completions/expcache.fish"""


@command("completion", example=_EXAMPLE)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def completion(view: View, shell: str) -> int:
    """Print the script by which SHELL completes: bash, zsh or fish.

    It completes commands, options, files, the names of experiments, and ids.
    """
    made = get_completion_class(shell)
    if made is None:
        raise RefusedError(f"cannot complete in {shell!r}: click does not know it. Update click.")
    script = made(click.get_current_context().find_root().command, {}, "expcache", _VARIABLE)
    text = script.source_template % script.source_vars()
    if view.json:
        view.emit({"shell": shell, "script": text})
    else:
        view.line(text)
    return DONE
