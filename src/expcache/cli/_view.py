"""What a command is shown on, and what it looks at: the terminal, the store."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from expcache.cli._ending import NotThereError, RefusedError
from expcache.cli._table import Column, layout, left_out
from expcache.errors import ExpcacheError

if TYPE_CHECKING:
    from expcache._store import Store

__all__ = ["View"]

T = TypeVar("T")

_COLUMNS = 80


@dataclass
class View:
    """The common options of a command line, and what follows from them."""

    place: str | None = None
    """The store that `--store` names."""
    json: bool = False
    plain: bool = False
    """Whether colours are off."""

    def store(self) -> Store:
        """Return the store that is looked at; it is never made.

        Raises:
            NotThereError: there is none.
        """
        from expcache._store import find_place, open_store  # noqa: PLC0415 - not for help

        place = str(self.place or find_place(Path.cwd()))
        if place == ":memory:":
            message = "cannot look into the store ':memory:': it is gone with its process."
            raise NotThereError(f"{message} Name a directory: --store PATH.")
        if not os.path.lexists(place):
            message = f"cannot open the store {place!r}: there is none."
            remedy = "Run an experiment first, or name another one: --store PATH."
            raise NotThereError(f"{message} {remedy}")
        return open_store(place, create=False)

    @contextmanager
    def in_use(self, load: Callable[[], T]) -> Iterator[T]:
        """Load the user's code; within the block, it keeps and looks up results in this store.

        `--store` comes before what the code itself says, that before the working directory.
        """
        from expcache._store import use  # noqa: PLC0415 - not for help

        with use(self.place):
            loaded = load()
            with nullcontext() if self.place is None else use(self.place):
                yield loaded

    @staticmethod
    @contextmanager
    def writing(path: str) -> Iterator[None]:
        """Tell of a file that cannot be written by the name that the user gave."""
        try:
            yield
        except ExpcacheError:
            raise
        except OSError as error:
            message = f"cannot write {path!r}: {error.strerror or error}. Give another path."
            raise RefusedError(message) from error

    @property
    def color(self) -> bool | None:
        """Whether to write colours; None: on terminals only."""
        if self.plain or os.environ.get("NO_COLOR"):
            return False
        return True if os.environ.get("FORCE_COLOR") else None

    @property
    def width(self) -> int | None:
        """How wide the terminal is; None where lines may be of any length."""
        try:
            if sys.stdout is None or not sys.stdout.isatty():
                return None
        except ValueError:  # closed
            return None
        from shutil import get_terminal_size  # noqa: PLC0415 - as said above

        return max(get_terminal_size((_COLUMNS, 24)).columns, 20)

    def line(self, text: str = "", **style: Any) -> None:
        """Print a line, or several; `style` is that of `click.style`."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
        click.echo(click.style(text, **style) if style else text, color=self.color)

    def note(self, text: str) -> None:
        """Tell something beside the output, on standard error."""
        click.echo(text.encode(errors="backslashreplace").decode(), err=True, color=self.color)

    def emit(self, tree: Any) -> None:
        """Print JSON."""
        self.line(json.dumps(tree, indent=2))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[str]:
        """Print rows as wide as the terminal, or as wide as they are; return what is left out."""
        for number, line in enumerate(layout(columns, rows, self.width)):
            self.line(line, **({"bold": True} if number == 0 else {}))
        return left_out(columns, rows, self.width)
