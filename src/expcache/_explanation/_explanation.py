"""Why a call is a hit or a miss, in words and as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import NamedTuple

from expcache._code import Part
from expcache._explanation._difference import Difference
from expcache._explanation._normal_form import unparsed
from expcache._query import Status

__all__ = ["VALUES", "Against", "Explanation"]

VALUES = ("command", "constant", "file", "default", "depends", "ignore=")
"""The kinds of code's parts that are values, not source."""

_ENVIRONMENT = 5
"""How many differences of the environment are shown."""


class Against(NamedTuple):
    """The stored record that a call is compared with."""

    id: str
    code: str
    finished: str
    host: str
    call: str = ""

    def __str__(self) -> str:
        """Return the call, when it was computed, and where."""
        return f"{self.call or self.id[:8]}, {self.computed}"

    @property
    def computed(self) -> str:
        """When it was computed, and where."""
        return f"computed {self.finished[:16].replace('T', ' ')} on {self.host}"


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """Why a call is a hit or a miss.

    Attributes:
        id: the id of the run.
        experiment: the name of its experiment.
        call: the call, as it is written.
        status: ``missing``, ``queued``, ``running``, ``done``, ``failed`` or ``stale``.
        hit: whether a call would be served from the store.
        cause: why, in one sentence.
        against: the nearest stored record, or None.
        differences: what differs between that record and the present, as far as it is the cause.
        environment: what differs in Python and its packages, which is no cause.
        unseen: what of the present code could not be followed.
        remedy: how what is stored can be kept, or an empty text.
    """

    id: str
    experiment: str
    call: str
    status: Status
    hit: bool
    cause: str
    against: Against | None = None
    differences: tuple[Difference, ...] = ()
    environment: tuple[Difference, ...] = ()
    unseen: tuple[str, ...] = ()
    remedy: str = ""
    _codes: tuple[tuple[Part, ...], tuple[Part, ...]] = field(default=((), ()))

    @property
    def reason(self) -> str:
        """The cause in a few words, such as ``function study.fit changed (study.py:12)``."""
        reasons = [one.reason for one in self.differences]
        if self.hit or not reasons:
            return self.cause.removeprefix("is ")
        more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
        return f"{reasons[0]}{more}"

    def __repr__(self) -> str:
        """Show the id, and why."""
        return f"<Explanation {self.id[:8]} {'hit' if self.hit else 'miss'}: {self.reason}>"

    def __str__(self) -> str:
        """Return the words for people: hit or miss and why, then a line for each difference."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{'hit' if self.hit else 'miss'}: {self.call} {self.cause}"
        if self.against is not None:
            yield f"  {self._compared(self.against)}"
        yield from (f"  {one}" for one in self.differences)
        shown = self.environment[:_ENVIRONMENT]
        more = len(self.environment) - len(shown)
        if shown:
            words = ", ".join(f"{one.name} {one.old} -> {one.new}" for one in shown)
            yield f"  environment: {words}{f' and {more} more' if more else ''}"
        yield from (f"  not followed: {one}" for one in self.unseen)
        if self.remedy:
            yield f"  {self.remedy}"

    def _compared(self, against: Against) -> str:
        """Tell which record it is that the differences are told of."""
        if against.id != self.id:
            return f"compared with {against}"
        if self.status in {"stale", "missing"} or self.differences:
            kind = "failure" if self.status == "missing" else "result"
            return f"compared with the {kind} of code {against.code[:8]}, {against.computed}"
        return against.computed

    def diff(self) -> str:
        """Return how the code differs, as a unified diff of its normal form.

        Comments, docstrings and layout are not in it. Empty without a difference.
        """
        old, new = ({(one.kind, one.name): one for one in code} for code in self._codes)
        return "".join(_diff(old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()))


def _diff(old: Part | None, new: Part | None) -> str:
    if old is not None and new is not None and old.digest == new.digest:
        return ""
    before, now = ([] if one is None else _text(one) for one in (old, new))
    name = (new or old or _NOTHING).name
    names = f"{name} (stored)", f"{name} (now)"
    return "".join(f"{line}\n" for line in unified_diff(before, now, *names, lineterm=""))


def _text(part: Part) -> list[str]:
    if part.kind in VALUES:
        return [f"{part.name} = {part.text}"]
    return unparsed(part.text, methods=not part.name.endswith(".<body>")).splitlines()


_NOTHING = Part("", "", "", 0, "", "")
