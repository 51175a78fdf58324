"""What differs between the stored code of a record and the code as it is now."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from expcache._code import Part, chain_of
from expcache._explain._change import count_changed, first_change, lines_of, method_at
from expcache._explain._spot import spot_of, spot_of_default
from expcache._explain._within import narrowed
from expcache._explanation import VALUES, Difference, decorators_of, read

__all__ = ["Parts", "differing", "part_differences", "parts_of"]

Parts = Mapping[tuple[str, str, str], Part]
"""The parts of a code by kind, name, and for packages by package."""

_SAID = ("default", "ignore=")
_MEANT = "changed: "
_WRITTEN = ("class", "constant", "function")


def parts_of(parts: Iterable[Part]) -> Parts:
    """Return parts by what they are of."""
    return {(part.kind, part.name, _package(part)[0]): part for part in parts}


def differing(old: Parts, new: Parts) -> int:
    """Return in how many parts two codes differ."""
    return sum(
        key not in old or key not in new or old[key].digest != new[key].digest
        for key in old.keys() | new.keys()
    )


def part_differences(old: Parts, new: Parts) -> list[Difference]:
    """Return what differs: what changed, then what is reached only now, then what no longer is."""
    changed: list[Difference] = []
    for key in old.keys() & new.keys():
        if old[key].digest != new[key].digest:
            changed += _changed(old[key], new[key], new)
    changed = _without_doubles(_without_consequences(sorted(changed, key=_order)))
    come = [_come(new[key], new) for key in new.keys() - old.keys()]
    gone = [_gone(old[key]) for key in old.keys() - new.keys()]
    return [*changed, *sorted(come, key=_order), *sorted(gone, key=_order)]


def _order(one: Difference) -> tuple[bool, str, int, str]:
    return one.kind == "code", one.file, one.line, one.name


def _without_consequences(found: list[Difference]) -> list[Difference]:
    """Leave out where a name leads to something else by its decorator: that is said already."""
    decorated = {one.name.rpartition(".")[2] for one in found if one.kind == "decorator"}
    return [one for one in found if _meant(one) not in decorated]


def _meant(one: Difference) -> str:
    """Return the name of a function that stands for something else in a difference."""
    name = one.words.removeprefix(_MEANT).partition(" ")[0] if _MEANT in one.words else ""
    return name.rpartition(".")[2]


def _without_doubles(found: list[Difference]) -> list[Difference]:
    """Say each line once: by the value that it gives, else by the outermost definition."""
    ranked = sorted(found, key=lambda one: one.kind != "constant")
    lines: dict[object, Difference] = {}
    for one in ranked:
        place = (one.file, one.line) if one.kind in _WRITTEN and one.line else one
        lines.setdefault(place, one)
    return [one for one in found if one in lines.values()]


def _changed(old: Part, new: Part, parts: Parts) -> Iterator[Difference]:
    if new.kind in VALUES:
        yield _value(new, parts, *narrowed(_shown(old), _shown(new)))
        return
    methods = not new.name.endswith(".<body>")
    before, now = read(old.text, methods=methods), read(new.text, methods=methods)
    base = Difference(new.kind, _name(new), file=new.file, line=new.line)
    if before is None or now is None:
        yield _textual(old, new, base)
        return
    begin = 0 if new.kind == "module" else new.line - now[0].lineno
    decorated = _decorated(before, now)
    if decorated is not None:
        yield decorated._replace(name=_name(new), file=new.file, line=begin + decorated.line)
    change = first_change(before, now)
    if change is not None:
        method = method_at(now, change.line) if new.kind == "class" else ""
        words = f"changed in {method}" if method else base.words
        more = max(count_changed(lines_of(before), lines_of(now)) - 1, 0)
        line = begin + change.line
        yield base._replace(line=line, old=change.old, new=change.new, words=words, more=more)
    elif decorated is None:
        yield _renamed(old, new, now, base, begin)


def _renamed(old: Part, new: Part, now: list[ast.stmt], base: Difference, begin: int) -> Difference:
    """Tell which name in an equal text stands for something else, and where it is used first."""
    names = sorted(old.names.keys() | new.names.keys())
    for name in names:
        was, meant = (one.names.get(name, name) for one in (old, new))
        if was != meant:
            used = [
                one
                for body in now
                for one in ast.walk(body)
                if chain_of(one) == tuple(name.split("."))
            ]
            line = begin + used[0].lineno if used else base.line  # type: ignore[attr-defined]
            words = f"{_MEANT}{name} stands for something else"
            return base._replace(line=line, old=was, new=meant, words=words)
    return base._replace(words=f"{_MEANT}a name in it stands for something else")


def _decorated(before: list[ast.stmt], now: list[ast.stmt]) -> Difference | None:
    old, new = decorators_of(before), decorators_of(now)
    shown = [[f"@{ast.unparse(one)}" for one in each] for each in (old, new)]
    if shown[0] == shown[1]:
        return None
    lines = [one.lineno for one, text in zip(new, shown[1], strict=True) if text not in shown[0]]
    line = lines[0] if lines else now[0].lineno
    was, is_ = (" ".join(each) or "none" for each in shown)
    return Difference("decorator", "", was, is_, line=line, words="changed")


def _textual(old: Part, new: Part, base: Difference) -> Difference:
    """Compare line by line what is no statement of its own, such as a lambda."""
    if not old.text or not new.text or new.kind == "module":
        return base
    before, now = ([one.strip() for one in part.text.splitlines()] for part in (old, new))
    matcher = SequenceMatcher(None, before, now, autojunk=False)
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag != "equal":
            was, is_ = before[i] if i < i_end else None, now[j] if j < j_end else None
            more = count_changed(before, now) - 1
            return base._replace(line=new.line + j, old=was, new=is_, more=more)
    return base


def _come(part: Part, parts: Parts) -> Difference:
    base = _placed(part, parts) if part.kind in VALUES else _whole(part)
    new = _shown(part) if part.kind in VALUES else None
    words = "is new" if part.kind in _SAID else "is reached only now"
    return base._replace(new=new, words=words)


def _gone(part: Part) -> Difference:
    base = _placed(part, {}) if part.kind in VALUES else _whole(part)
    old = _shown(part) if part.kind in VALUES else None
    words = "is gone" if part.kind in _SAID else "is no longer reached"
    return base._replace(old=old, file="", line=0, words=words)


def _whole(part: Part) -> Difference:
    return Difference(part.kind, _name(part), file=part.file, line=part.line)


def _name(part: Part) -> str:
    return part.name.removesuffix(".<body>")


def _value(
    part: Part, parts: Parts, within: str = "", old: str | None = None, new: str | None = None
) -> Difference:
    """Return a difference that tells where a value is written, and what of it differs."""
    found = _placed(part, parts)
    return found._replace(name=found.name + within, old=old, new=new)


def _placed(part: Part, parts: Parts) -> Difference:
    package, _ = _package(part)
    if package:
        return Difference("package" if _is_installed(package) else "depends", package)
    if part.kind == "depends":
        return Difference(
            "depends", f"value {part.name.rpartition('#')[2] if '#' in part.name else 1}"
        )
    if part.kind == "default":
        return _default(part, parts)
    name = part.name.partition(".")[2].partition("#")[0]
    file, line = spot_of(part.file, name) if part.file and part.kind == "constant" else ("", 0)
    return Difference(part.kind, part.name, file=file, line=line)


def _default(part: Part, parts: Parts) -> Difference:
    owner, _, parameter = part.name.rstrip(")").rpartition("(")
    shown = f"of {parameter} in {owner}"
    function = parts.get(("function", owner, ""))
    if function is None:
        return Difference("default", shown, file=part.file)
    line = spot_of_default(function.text, function.line, parameter)
    return Difference("default", shown, file=function.file, line=line)


def _package(part: Part) -> tuple[str, str]:
    """Return name and version of an installed distribution in ``depends=``."""
    if part.kind != "depends" or not part.text.startswith("("):
        return "", ""
    try:
        value: Any = ast.literal_eval(part.text)
    except (SyntaxError, ValueError):
        return "", ""
    is_package = isinstance(value, tuple) and list(map(type, value)) == [str, str]
    return value if is_package else ("", "")


def _is_installed(name: str) -> bool:
    """Whether a pair of texts in ``depends=`` is of a distribution, and not the user's own."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        return bool(version(name))
    except (PackageNotFoundError, ValueError):
        return False


def _shown(part: Part) -> str:
    return _package(part)[1] or part.text
