"""Messages of what cannot be rendered or collected."""

from __future__ import annotations

from typing import NoReturn

from expcache.errors import RenderError

__all__ = ["refuse"]


def refuse(message: str, remedy: str) -> NoReturn:
    """Raise the error for what the user can mend."""
    raise RenderError(f"{message} {remedy}")
