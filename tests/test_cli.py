"""The command as a whole: help, endings, colours, widths."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import expcache
from expcache.cli import cli
from expcache.cli._table import Column, layout

Call = Callable[..., Any]
NAMES = cli.list_commands(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_an_example(call: Call, name: str) -> None:
    """The help of each command fits 80 columns, and has an example of it and the common options."""
    told = call(name, "--help")
    assert f"expcache {name}" in told.out.partition("Example")[2]
    assert {"--store", "--json", "--no-color"} <= set(told.out.split())
    assert max(map(len, told.out.splitlines())) <= 80
    assert told.status == 0


def test_help_lists_every_command(call: Call) -> None:
    """Help is shown on request, and in place of a command that is not given."""
    told = call("--help")
    assert all(f"\n  {name} " in told.out for name in NAMES)
    assert (told.status, call().status, call().err.strip()) == (0, 2, told.out.strip())


def test_an_unknown_command(call: Call) -> None:
    """The nearest one is named."""
    told = call("lst")
    assert told.err == (
        "cannot run 'expcache': there is no command 'lst'. Did you mean 'list'? "
        "Type 'expcache --help' to see how it is used.\n"
    )
    assert told.status == 2


def test_help_is_not_cut(call: Call) -> None:
    """The line of a command in the list of all of them is a whole sentence."""
    assert "..." not in call("--help").out.partition("\n\n")[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gc", "--keep-code"], "cannot run 'expcache gc': option '--keep-code' requires an arg"),
        (["completion"], "cannot run 'expcache completion': missing argument 'SHELL'. Choose from"),
        (["list", "--sor"], "cannot run 'expcache list': no such option '--sor'. Did you mean "),
        (["run", "--tim"], "cannot run 'expcache run': no such option '--tim'. Did you mean "),
    ],
)
def test_wrong_words_are_told_in_one_line(call: Call, words: list[str], message: str) -> None:
    """The command is named, and the hint is a sentence."""
    told = call(*words)
    assert told.err.startswith(message)
    assert told.err.endswith(f". Type 'expcache {words[0]} --help' to see how it is used.\n") or (
        told.err.endswith(f"? Type 'expcache {words[0]} --help' to see how it is used.\n")
    )
    assert (told.status, told.err.count("\n"), "(" in told.err) == (2, 1, False)


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize("words", ["status", "list --json", "ids", "run study.py:length text=word"])
def test_a_closed_output_is_no_error(study: Path, words: str) -> None:
    """Where nobody wants to read, a command does what it does without a word."""
    line = f"{shlex.quote(sys.executable)} -m expcache {words} >&-"
    done = subprocess.run(line, shell=True, cwd=study, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


def test_version(call: Call) -> None:
    """The version is that of the package."""
    pytest.importorskip("importlib.metadata").version("expcache")
    assert call("--version").out.startswith("expcache 0.")


def test_without_a_store(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing store is told, never made, and gives the exit status 3."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EXPCACHE_STORE", raising=False)
    for name in ("status", "list"):
        told = call(name)
        assert told.err == (
            f"cannot open the store '{tmp_path / '.expcache'}': there is none. "
            "Run an experiment first, or name another one: --store PATH.\n"
        )
        assert told.status == 3
    assert not (tmp_path / ".expcache").exists()
    monkeypatch.setenv("EXPCACHE_STORE", ":memory:")
    told = call("status")
    assert told.err.startswith("cannot look into the store ':memory:': it is gone with its process")


def test_common_options_stand_anywhere(call: Call, study: Path, tmp_path: Path) -> None:
    """`--store` and `--json` are the same before and after the name of the command."""
    (study / ".expcache").rename(tmp_path / "moved")
    place = str(tmp_path / "moved")
    before = call("--store", place, "--json", "status").json
    assert before == call("status", "--json", "--store", place).json
    assert before["store"] == place


def test_a_store_that_lost_its_format(call: Call, study: Path) -> None:
    """What to do is told, in the words of the command line."""
    file = study / ".expcache" / "format.json"
    file.write_text('{"format": 9}', "utf-8")
    assert call("status").err.endswith("or use another store: --store PATH.\n")
    file.unlink()
    told = call("status")
    assert "its file 'format.json' is gone. Copy that file from another store" in told.err
    assert told.status == 1


def test_a_store_that_is_none(call: Call, tmp_path: Path) -> None:
    """A directory of other things is refused in a sentence, and so is a store of the future."""
    (tmp_path / "note.txt").touch()
    told = call("--store", str(tmp_path), "status")
    assert told.err.startswith(f"cannot use '{tmp_path}' as a store: it holds other things")
    assert told.status == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes")
def test_a_store_that_may_only_be_read(process: Call, study: Path) -> None:
    """A read-only store is listed like any other."""
    store = study / ".expcache"
    places = [store, *store.rglob("*")]
    for path in places:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        told = process("list")
    finally:
        for path in places:
            path.chmod(0o700 if path.is_dir() else 0o600)
    assert len(told.out.splitlines()) == 9
    assert (told.err, told.status) == ("", 0)


@pytest.mark.usefixtures("study")
def test_a_store_of_which_no_claim_can_be_read(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written no claim can be read either, and nobody is warned of that."""
    with expcache.use(".expcache") as store:
        monkeypatch.setattr(type(store), "writable", False)
        monkeypatch.setattr("expcache._store._desk.claims", lambda _: pytest.fail("looked"))
        told = call("status")
    assert (told.err, told.status) == ("", 0)


def test_a_warning_of_the_store_is_one_line(process: Call, study: Path) -> None:
    """A warning is told without the line of code that it points at."""
    (study / ".expcache").chmod(0o770)
    told = process("status")
    (study / ".expcache").chmod(0o700)
    assert told.err.startswith("warning: the store '")
    assert len(told.err.splitlines()) == 1


def test_colours_are_for_terminals(process: Call) -> None:
    """A pipe gets none; FORCE_COLOR asks for them, NO_COLOR and --no-color win."""
    plain = process("status").out
    assert "\x1b" not in plain
    assert "\x1b[1m" in process("status", FORCE_COLOR="1").out
    assert process("status", FORCE_COLOR="1", NO_COLOR="1").out == plain
    assert process("status", "--no-color", FORCE_COLOR="1").out == plain


def test_output_that_nobody_reads(study: Path) -> None:
    """A reader that goes away ends the command without a word."""
    script = (
        "import sys; from expcache.cli import cli; sys.stdout.reconfigure(line_buffering=True); "
        "sys.stdin.read(); cli(['list'], prog_name='expcache')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=study,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interruption(study: Path) -> None:
    """Ctrl-C ends the command with the status 130 and no traceback."""
    script = (
        "import os, signal; from expcache.cli import cli; import expcache.cli._stored as stored; "
        "stored.count = lambda *_: os.kill(os.getpid(), signal.SIGINT); "
        "cli(['status'], prog_name='expcache')"
    )
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=study, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_listing_imports_no_executor(process: Call, study: Path) -> None:
    """A look at the store costs no import of what computes."""
    heavy = (
        "numpy pandas pytest asyncio expcache._executor expcache._perform diskcache rich.console"
    )
    script = (
        "import sys; from expcache.cli import cli\n"
        "try: cli(['status'], prog_name='expcache')\n"
        f"except SystemExit: print([n for n in {heavy.split()} if n in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=study, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "[]"


COLUMNS = (Column("id"), Column("params", least=8), Column("n", right=True, rank=1))
ROWS: list[list[object]] = [["a1", "C=1, gamma=0.001", 1], ["b2", "C=10", None]]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (None, ["id  params            n", "a1  C=1, gamma=0.001  1", "b2  C=10"]),
        (23, ["id  params            n", "a1  C=1, gamma=0.001  1", "b2  C=10"]),
        (18, ["id  params       n", "a1  C=1, gamma…  1", "b2  C=10"]),
        (14, ["id  params", "a1  C=1, gamm…", "b2  C=10"]),
        (5, ["id  params", "a1  C=1, ga…", "b2  C=10"]),
    ],
)
def test_a_table_fits_its_width(width: int | None, lines: list[str]) -> None:
    """Texts are cut where they may be, then columns left out; without a width nothing is."""
    assert list(layout(COLUMNS, ROWS, width)) == lines


def test_a_table_counts_wide_characters() -> None:
    """A character that takes two columns is counted as two."""
    assert list(layout((Column("id"), Column("n")), [["日本", 1], ["a", 2]], 20)) == [
        "id    n",
        "日本  1",
        "a     2",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("words", [["list"], ["table"], ["status"], ["status", "study.py"]])
def test_a_listing_fits_the_terminal(terminal: Call, words: list[str], columns: int) -> None:
    """On a terminal no line is wider than it is."""
    told = terminal(*words, columns=columns)
    rows = [line for line in told.out.splitlines() if not line.startswith(("store", "Not shown"))]
    assert len(rows) > 1
    assert max(map(len, rows)) <= columns
    assert told.status == 0


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_columns_that_do_not_fit_are_named(terminal: Call) -> None:
    """A table says which columns it left out, and how to see them."""
    told = terminal("table", columns=40).out
    assert "Not shown: " in told
    assert "--columns chooses, a pipe gets all." in told
