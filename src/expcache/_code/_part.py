"""What a fingerprint is made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from expcache._code._names import stem_of_namespace
from expcache._encode import digest, encode, text

__all__ = ["Code", "Part", "Value", "code_of", "readable"]

_SCHEME = 1
_TEXT = text("")[:4]
"""How the bytes of a text begin: a tag and eight bytes of length."""


class Part(NamedTuple):
    """One definition or constant that a result depends on; file and line are for people.

    Of a constant, the file is that of the module that uses it, and the line is 0.
    """

    name: str
    kind: str
    file: str
    line: int
    digest: str
    text: str
    names: Mapping[str, str] = {}
    """What names in it stand for, where they do not say it themselves; for people too."""


class Code(NamedTuple):
    """The fingerprint of an experiment's code, with its parts and what could not be followed."""

    digest: str
    parts: tuple[Part, ...]
    unseen: tuple[str, ...] = ()


class Value(NamedTuple):
    """A constant that waits until all functions are known."""

    value: object
    place: tuple[int, str] | None
    label: str
    namespace: dict[str, Any]
    kind: str

    @property
    def name(self) -> str:
        """The label with its module, for people."""
        return f"{stem_of_namespace(self.namespace)}.{self.label}"

    @property
    def file(self) -> str:
        """The file of the module that the name is used in; empty without one."""
        return str(self.namespace.get("__file__") or "")

    @property
    def home(self) -> str:
        """The directory of the module."""
        return os.path.dirname(str(self.namespace.get("__file__", "")))  # noqa: PTH120 - hot


def readable(target: bytes) -> str:
    """Return, for people, what the canonical bytes of a reference lead to."""
    found: list[str] = []
    start = 0
    while (start := target.find(_TEXT, start)) >= 0:
        start += 9
        end = start + int.from_bytes(target[start - 8 : start], "big")
        found.append(target[start:end].decode("utf-8", "replace"))
        start = end
    return found[0] if len(found) == 1 else f"{found[0]}({', '.join(found[1:])})" if found else ""


def code_of(roots: list[bytes], labelled: dict[str, Part], unseen: list[str]) -> Code:
    """Return the fingerprint over parts, given by labels that are free of module names."""
    facts = sorted((label, part.kind, part.digest) for label, part in labelled.items())
    parts = tuple(sorted(labelled.values(), key=lambda part: (part.name, part.kind, part.digest)))
    return Code(digest(encode(("code", _SCHEME, roots, facts))), parts, tuple(sorted(set(unseen))))
