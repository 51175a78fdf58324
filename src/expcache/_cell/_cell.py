"""One run to compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expcache._key import Identity
from expcache._launch import Launch
from expcache._signature import Signature

__all__ = ["Cell"]


@dataclass(slots=True)
class Cell:
    """One run to compute: the function, its full params, and what identifies them."""

    experiment: str
    function: Callable[..., Any]
    signature: Signature
    params: Mapping[str, Any]
    identity: Identity
    code: str
    code_notes: Mapping[str, Any]
    version: str | None = None
    tags: tuple[str, ...] = ()
    earlier: Sequence[Mapping[str, Any]] = ()
    """The failed attempts that went before, as the last failed record tells them."""
    is_async: bool = False
    store: str = ""
    """Where the experiments that the function calls keep theirs; empty for no directory."""
    checked: str | None = None
    """The fingerprint that the function must have where it is imported anew; None for any."""
    depends: Sequence[object] = ()
    """What that fingerprint covers beside the function."""
    owner: str | None = None
    """Who claimed the run."""
    files: Callable[[], str | None] | str | None = None
    """Where the directories of the experiment's runs lie, or what tells it; None for nowhere."""
    generation: int | None = None
    """The number of the claim."""
    number: int | None = None
    """The number of the run in its experiment's store."""
    launch: Launch | None = None
    """The call that computes it."""

    @property
    def key(self) -> str:
        """The record key of the result."""
        return f"{self.identity.id}-{self.code}"
