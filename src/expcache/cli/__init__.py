"""The `expcache` command."""

from expcache.cli._commands import cli

__all__ = ["cli"]
