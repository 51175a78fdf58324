"""The code that a run is computed with: what its function reaches, and its params' classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expcache._code import Part, followed

if TYPE_CHECKING:
    from expcache._definition import Definition

__all__ = ["code_text", "reached"]


def reached(definition: Definition, classes: tuple[type, ...] = ()) -> tuple[Part, ...]:
    """Return the parts of the code of a run as it is now.

    Args:
        definition: of the experiment.
        classes: the project classes among the params of the run; their methods belong to its code.
    """
    parts = {(one.name, one.kind): one for one in definition.parts}
    for kind in definition.strangers(classes):
        for one in followed(kind).parts:
            parts.setdefault((one.name, one.kind), one)
    return tuple(parts.values())


def code_text(definition: Definition, classes: tuple[type, ...] = ()) -> dict[str, Any]:
    """Return the code in full, kept once for each fingerprint: what it reaches, as written."""
    parts = [part._asdict() for part in reached(definition, classes)]
    return {**definition.code_notes, "parts": parts}
