"""Which statement of a definition has changed, and how much else has."""

from __future__ import annotations

import pytest

from expcache._code import Part
from expcache._explain._parts import part_differences, parts_of

OLD = """def fit(x):
    a = x + 1
    b = a * 2
    c = b - 3
    return c
"""

BUILDER = """class Builder:
    def start(self):
        return 1

    def build(self, rows):
        total = sum(rows)
        return total
"""


def told(old: str, new: str, *, kind: str = "function", name: str = "study.fit") -> list[str]:
    """Return what is said of an edit."""
    codes = [
        parts_of((Part(name, kind, "study.py", 1, digest, text),))
        for digest, text in (("1", old), ("2", new))
    ]
    return [str(one) for one in part_differences(*codes)]


MORE = "; .diff() shows them"


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([("a = x + 1", "a = x + 5")], "(study.py:2): a = x + 1 -> a = x + 5"),
        (
            [("a = x + 1", "a = x + 5"), ("b - 3", "b - 4")],
            f"(study.py:2): a = x + 1 -> a = x + 5, and 1 more line{MORE}",
        ),
        (
            [("a = x + 1", "a = x + 5"), ("a * 2", "a * 3"), ("b - 3", "b - 4")],
            f"(study.py:2): a = x + 1 -> a = x + 5, and 2 more lines{MORE}",
        ),
        (
            [("    a = x + 1\n", ""), ("b = a * 2", "b = x * 2")],
            f"(study.py:2): was a = x + 1, and 1 more line{MORE}",
        ),
        (
            [("    b = a * 2\n", ""), ("c = b - 3", "c = b - 33")],
            f"(study.py:3): was b = a * 2, and 1 more line{MORE}",
        ),
        (
            [("    c = b - 3\n", "    print(a)\n    c = b - 33\n")],
            f"(study.py:4): print(a), and 1 more line{MORE}",
        ),
        ([("    return c\n", "")], "(study.py:4): was return c"),
    ],
)
def test_changed_lines_are_paired_and_counted(edits: list[tuple[str, str]], expected: str) -> None:
    """A line is paired with what it was, and what else has changed is counted."""
    new = OLD
    for before, after in edits:
        assert before in new
        new = new.replace(before, after)
    assert told(OLD, new) == [f"function study.fit changed {expected}"]


def test_a_method_is_named() -> None:
    """What changed in a class is told with the method it is in."""
    new = BUILDER.replace("total", "count")
    assert told(BUILDER, new, kind="class", name="study.Builder") == [
        (
            "class study.Builder changed in build (study.py:6): "
            f"total = sum(rows) -> count = sum(rows), and 1 more line{MORE}"
        )
    ]


def test_a_renamed_method_is_shown() -> None:
    """A method of another name is told as it was and as it is."""
    new = BUILDER.replace("build", "make")
    assert told(BUILDER, new, kind="class", name="study.Builder") == [
        (
            "class study.Builder changed in make (study.py:5): "
            "def build(self, rows): -> def make(self, rows):"
        )
    ]


def test_long_lines_are_cut_where_they_differ() -> None:
    """Of two long lines that begin alike, the part is shown in which they differ."""
    begin = "    a = " + " + ".join(f"x{n}" for n in range(30))
    old, new = (OLD.replace("    a = x + 1", f"{begin} + {last}") for last in ("one", "two"))
    (line,) = told(old, new)
    assert line.endswith(": ...+ x27 + x28 + x29 + one -> ...+ x27 + x28 + x29 + two")


def test_lambdas_are_paired_and_counted() -> None:
    """What is no statement is compared by its lines."""
    old = "lambda x: [\n    x,\n    x + 1,\n    x + 2,\n]),"
    new = "lambda x: [\n    x + 1,\n    x + 5,\n]),"
    assert told(old, new) == [
        f"function study.fit changed (study.py:2): was x,, and 1 more line{MORE}"
    ]
