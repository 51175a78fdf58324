"""Runfiles: which lines are commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache._runfile import read_runfile
from expcache.errors import SpecificationError

LINES = {
    "one a line": ("echo a\necho b\n", ["echo a", "echo b"]),
    "no newline at the end": ("echo a", ["echo a"]),
    "blank lines and comments": ("\n# no\n  \n  # no\necho a # yes\n", ["echo a # yes"]),
    "identical lines once": ("echo a\necho b\n  echo a  \n", ["echo a", "echo b"]),
    "a backslash goes on": ("echo a \\\n  b\necho c", ["echo a   b", "echo c"]),
    "two backslashes do not": ("echo a\\\\\necho b", ["echo a\\\\", "echo b"]),
    "a comment does not go on": ("# no \\\necho a", ["echo a"]),
    "what goes on is no comment": ("echo a \\\n# b", ["echo a # b"]),
    "a backslash at the end": ("echo a \\", ["echo a"]),
    "broken quotes are for the shell": ("echo 'a\necho b", ["echo 'a", "echo b"]),
    "lines of Windows": ("\ufeffecho a\r\necho b\r\n", ["echo a", "echo b"]),
}


@pytest.mark.parametrize(("text", "commands"), LINES.values(), ids=LINES)
def test_each_line_is_a_command(tmp_path: Path, text: str, commands: list[str]) -> None:
    """Blank lines, comments and repetitions are not; a backslash joins two lines."""
    path = tmp_path / "some.runfile"
    path.write_bytes(text.encode())
    assert read_runfile(path) == commands


@given(st.lists(st.text("ab '\"#;$x\\"), max_size=8))
def test_lines_that_do_not_go_on_are_kept_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    """Any line that is no comment is a command, in order, once, whatever is in it."""
    lines = [line.rstrip("\\") for line in lines]
    expected = [one.strip() for one in lines if one.strip() and not one.strip().startswith("#")]
    path = tmp_path_factory.mktemp("runfiles") / "runfile"
    path.write_text("\n".join([*lines, "last"]))
    assert read_runfile(path) == list(dict.fromkeys([*expected, "last"]))


def test_what_is_no_runfile_is_refused(tmp_path: Path) -> None:
    """The message names the file, the reason and the remedy."""
    (empty := tmp_path / "empty").write_text("# nothing\n")
    (latin := tmp_path / "latin").write_bytes(b"echo \xe9")
    (null := tmp_path / "null").write_bytes(b"echo a\necho \0")
    for path, reason in {
        tmp_path / "none": ": No such file or directory. Check the path.",
        tmp_path / "spec.yml": ": it describes a sweep, and is no runfile. "
        "Use expcache sweep, or expcache.specification.",
        empty: ": it has no command. Write one shell command a line.",
        latin: ": it is not UTF-8. Save it so.",
        null: " (line 2): a command has no NUL character. Take it out.",
    }.items():
        with pytest.raises(SpecificationError) as caught:
            read_runfile(path)
        assert str(caught.value) == f"cannot read {str(path)!r}{reason}"
