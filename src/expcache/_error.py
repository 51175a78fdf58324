"""The base of every error of expcache."""

from __future__ import annotations

from typing import Any

__all__ = ["ExpcacheError"]


def _rebuild(kind: type[ExpcacheError], message: str, facts: dict[str, Any]) -> ExpcacheError:
    return kind(message, **facts)


class ExpcacheError(Exception):
    """The base of every error of expcache."""

    def __init__(self, message: str, **facts: Any) -> None:
        """Keep the message and set each fact as an attribute."""
        super().__init__(message)
        self._facts = facts
        for name, fact in facts.items():
            setattr(self, name, fact)

    def __str__(self) -> str:
        """Return the message alone, whichever builtin error is a base too."""
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as class, message and facts, so that a worker's error arrives whole."""
        return _rebuild, (type(self), self.args[0], self._facts)


ExpcacheError.__module__ = "expcache.errors"  # where users find it, with all the others
