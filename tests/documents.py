"""Runs the fenced blocks of a Markdown page in order, in a directory of their own.

A block whose first line is `# name.py` (or another file name) is written to that file; one whose
first line is `# from name.py` must be part of that file. A `console` block is typed into a shell,
command by command, and what it prints is compared where the page shows it. Any other `python` block
is a script that must succeed. In expected output, `...` stands for anything, and durations and the
lengths of rules are not compared. A line `^C` is where the reader presses Ctrl-C: when the line
before it appears.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SHOWN_ONLY = {"text", "ini", ""}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUOTATION = re.compile(r"^# from ([\w./-]+)\n")
FILE_NAME = re.compile(r"^# ([\w./-]+\.(?:py|toml|json|yaml))\b.*\n")
SETUP = ("python3 -m venv", "git ")
FAILURE = re.compile(r"failed|Error|\^C|error")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text and the line where it begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    text = page.read_text("utf-8")
    return [
        Block(match[1], match[2], text.count("\n", 0, match.start()) + 1)
        for match in FENCE.finditer(text)
    ]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Split a console block into commands and what each prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def environment() -> dict[str, str]:
    """Return the variables of a reader's fresh terminal, with this interpreter first."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "EXPCACHE", "COV"))}
    kept.pop("PYTHONDEVMODE", None)
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return kept | {"PATH": path, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUTF8": "1"}


def plain(output: str) -> str:
    """Take out what differs from one machine and one second to the next."""
    lines = "\n".join(line.rstrip() for line in output.strip().splitlines())
    lines = re.sub(r"\b\d+(?:\.\d+)? ?(?:ms|s|min|seconds)\b", "<time>", lines)
    lines = re.sub(r" +\d+\.\d\d +\d+\.\d\d$", " <time>", lines, flags=re.MULTILINE)
    return re.sub(r"([=_!-])\1{3,}", r"\1\1\1", lines)


def fits(expected: str, actual: str) -> bool:
    """Tell whether output is as expected, where `...` stands for anything."""
    parts = (re.escape(part) for part in plain(expected).split("..."))
    return re.fullmatch(r"[\s\S]*?".join(parts), plain(actual)) is not None


def shell(command: str, place: Path, until: str | None = None) -> tuple[int, str]:
    """Run a command; with `until`, interrupt it when it has printed this line."""
    process = subprocess.Popen(
        command,
        shell=True,
        cwd=place,
        env=environment(),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    output = ""
    with process, process.stdout as stream:
        for line in stream:
            output += line
            if until is not None and fits(until, line):
                os.killpg(process.pid, signal.SIGINT)
                until = None
    return process.returncode, output


def run_command(command: str, expected: str, place: Path) -> None:
    """Run one command of a console block and compare what it prints."""
    before, pressed, after = expected.partition("^C\n")
    until = before.splitlines()[-1] if pressed else None
    status, output = shell(command, place, until)
    wanted, typed = before + after, f"$ {command}\n{output}"
    shown = not wanted or fits(wanted, output)
    assert shown, f"{typed}\n--- but the page says ---\n{wanted}"
    assert status == 0 or FAILURE.search(expected), f"{typed}\nexit status {status}"


def run_block(block: Block, place: Path) -> None:
    """Do with one block what its language and first line ask for."""
    if quoted := QUOTATION.match(block.text):
        source = (place / quoted[1]).read_text("utf-8")
        assert block.text[quoted.end() :] in source, f"{quoted[1]} has changed"
    elif written := FILE_NAME.match(block.text):
        path = place / written[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
    elif block.language == "console":
        for command, expected in commands(block.text):
            if not command.startswith(SETUP):
                run_command(command, expected, place)
    elif block.language == "python":
        name = f"line_{block.line}.py"
        (place / name).write_text(block.text, "utf-8")
        status, output = shell(f"python -W error {name}", place)
        assert status == 0, output
    else:
        assert block.language in SHOWN_ONLY, f"nothing runs a block of {block.language!r}"


def run_page(page: Path, place: Path) -> None:
    """Run every block of a page, in order."""
    for block in blocks(page):
        try:
            run_block(block, place)
        except AssertionError as error:
            error.add_note(f"in {page.name}, line {block.line}")
            raise
