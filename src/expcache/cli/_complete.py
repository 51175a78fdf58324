"""What a shell offers for completion: experiments and ids of the store."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from expcache.cli._view import View

__all__ = ["complete_experiment", "complete_id", "complete_id_or_file"]

_MOST = 200


def complete_experiment(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the experiments of the store that begin so."""
    try:
        names = ctx.ensure_object(View).store().experiments()
    except Exception:  # noqa: BLE001 - a key press is no place for an error
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_id(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the ids of the store that begin so, each with its experiment."""
    from expcache._query import id_of, is_failure, is_result  # noqa: PLC0415 - not for help

    try:
        found = ctx.ensure_object(View).store().find(incomplete)
    except Exception:  # noqa: BLE001 - as above
        return []
    ids = {id_of(key): name for name, key in reversed(found) if is_result(key) or is_failure(key)}
    return [CompletionItem(one, help=name) for one, name in list(ids.items())[:_MOST]]


def complete_id_or_file(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the ids of the store that begin so; where there are none, the files."""
    found = complete_id(ctx, param, incomplete) if incomplete else []
    return found or [CompletionItem(incomplete, type="file")]
