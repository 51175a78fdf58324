"""YAML without its traps: what its readers disagree about is refused, never guessed.

Numbers are those of YAML 1.2, so that ``1e-3`` is a number. ``no``, ``on``, ``010`` and ``12:30``
mean one thing in YAML 1.1 and another in 1.2. In batchrun's own format everything is read as
batchrun reads it, by YAML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from expcache._specification._wrong import Key, wrong
from expcache.errors import SpecificationError

__all__ = ["BATCHRUN", "read_yaml"]

BATCHRUN = ("program", "parameters")
"""The keys that tell batchrun's format from our own."""

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OTHER_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_OTHER_INTEGER = re.compile(r"[-+]?0[0-9]+|0o[0-7]+")
_KINDS = ("null", "bool", "int", "float", "str", "timestamp")


def read_yaml(path: str, text: str) -> tuple[dict[str, Any], Callable[[Key], int | None]]:
    """Return the mapping that a text holds, and a function that gives the lines of its keys.

    Raises:
        SpecificationError: it is no YAML, no mapping, or means different things to its readers.
        ImportError: PyYAML is not installed.
    """
    yaml = _library(path)
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return _Reader(path, root).tree(), lambda key: _line_of(root, key)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        reason = f"it is no YAML: {getattr(error, 'problem', None) or error}"
        raise wrong(path, (), line, reason, "Correct it.") from error


def _library(path: str) -> Any:
    try:
        import yaml  # noqa: PLC0415 - an optional library
    except ModuleNotFoundError as error:
        message = f"cannot read {path!r}: PyYAML is not installed. Install expcache[yaml]."
        raise ModuleNotFoundError(message, name="yaml") from error
    return yaml


def _line_of(root: Any, key: Key) -> int | None:
    """Return the line of a key, or of the nearest above it that the file has."""
    node, line = root, root.start_mark.line + 1 if key else None
    for step in key:
        if isinstance(step, int):
            found = [(one, one) for one in node.value[step : step + 1]]
        else:
            pairs = node.value if node.id == "mapping" else ()
            found = [(name, value) for name, value in pairs if name.value == step]
        if not found:
            break
        (named, node) = found[0]
        line = named.start_mark.line + 1
    return line


class _Reader:
    """Makes values of the nodes of one file."""

    def __init__(self, path: str, root: Any) -> None:
        from yaml.constructor import SafeConstructor  # noqa: PLC0415 - an optional library

        self._path = path
        self._root = root
        self._maker = SafeConstructor()
        self._within: set[int] = set()
        names = [one.value for one, _ in root.value] if root and root.id == "mapping" else []
        self._plainly = any(name in BATCHRUN for name in names)

    def tree(self) -> dict[str, Any]:
        root = self._root
        if root is None or root.id != "mapping":
            reason = "it is empty" if root is None else f"it is a {root.id}, no mapping"
            remedy = "Write keys and values."
            raise wrong(self._path, (), None, reason, remedy)
        made: dict[str, Any] = self._make(root, ())
        return made

    def _error(self, node: Any, key: Key, reason: str, remedy: str) -> SpecificationError:
        return wrong(self._path, key, node.start_mark.line + 1, reason, remedy)

    def _make(self, node: Any, key: Key) -> Any:
        if node.id == "scalar":
            return self._scalar(node, key)
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            raise self._error(node, key, f"{node.tag} is no plain value", "Leave the tag out.")
        if id(node) in self._within:
            raise self._error(node, key, "it contains itself", "Leave out the alias.")
        self._within.add(id(node))
        try:
            if node.id == "sequence":
                return [self._make(one, (*key, at)) for at, one in enumerate(node.value)]
            return self._mapping(node, key)
        finally:
            self._within.discard(id(node))

    def _mapping(self, node: Any, key: Key) -> dict[str, Any]:
        seen: set[str] = set()
        for name, _ in node.value:
            text = name.value if name.id == "scalar" else None
            if name.tag != f"{_TAG}merge" and (text is None or name.tag != f"{_TAG}str"):
                reason = f"its key {text or 'that is no scalar'} is no text"
                raise self._error(name, key, reason, "Put it in quotes.")
            if text in seen:
                reason = "the key is there twice"
                raise self._error(name, (*key, str(text)), reason, "Keep one of them.")
            seen.add(str(text))
        self._maker.flatten_mapping(node)
        return {name.value: self._make(one, (*key, name.value)) for name, one in node.value}

    def _scalar(self, node: Any, key: Key) -> Any:
        text, kind = str(node.value), node.tag.removeprefix(_TAG)
        if kind not in _KINDS:
            raise self._error(node, key, f"{node.tag} is no plain value", "Leave the tag out.")
        if _is_plain(node):
            if not text:
                raise self._error(node, key, "nothing is written there", "Write null for None.")
            if not self._plainly:
                if _is_doubtful(kind, text):
                    reason = f"readers of YAML disagree about what {text} means"
                    remedy = "Put it in quotes for a text, or write the number, true or false."
                    raise self._error(node, key, reason, remedy)
                if kind == "str" and _NUMBER.fullmatch(text):
                    return float(text)
        if kind == "str":
            return text
        try:
            plainly = kind == "int" and text.isdecimal() and (text[0] != "0" or text == "0")
            return int(text) if plainly else self._maker.construct_object(node)
        except (ValueError, OverflowError, KeyError) as error:
            reason = f"{text} is no {kind} ({error})"
            raise self._error(node, key, reason, "Put it in quotes for a text.") from error


def _is_plain(node: Any) -> bool:
    """Whether a scalar has neither quotes nor a tag: then its marks enclose its text alone."""
    length = node.end_mark.index - node.start_mark.index
    return not node.style and ("\n" in node.value or length == len(node.value))


def _is_doubtful(kind: str, text: str) -> bool:
    match kind:
        case "bool":
            return text.lower() not in ("true", "false")
        case "int":
            return _INTEGER.fullmatch(text) is None
        case "float":
            return _NUMBER.fullmatch(text) is None and _OTHER_NUMBER.fullmatch(text) is None
        case _:
            return kind == "str" and _OTHER_INTEGER.fullmatch(text) is not None
