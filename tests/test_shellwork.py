"""Commands that files describe: specifications of programs, files of batchrun, runfiles."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from expcache import Run, Store, runfile, specification
from expcache.errors import SpecificationError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shell commands need /bin/sh")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated: Store) -> Path:
    """The working directory, with a store of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(run: Run[object]) -> str:
    """Return what a program printed."""
    assert isinstance(run.result, dict)
    return str(run.result["stdout"])


def test_each_line_of_a_runfile_is_a_run(place: Path) -> None:
    """Lines go to the shell as they are, where they were launched; a broken one fails alone."""
    (place / "some.runfile").write_text(
        "echo 'a  b' \"$((1 + 1))\" > out; cat out\n"
        "echo 'broken\n"
        "# no\n"
        "exit 3\n"
        "pwd\n"
        "echo 'a  b' \"$((1 + 1))\" > out; cat out\n"
    )
    sweep = runfile("some.runfile")
    done, broken, three, where = sweep.run()
    assert sweep.name == "some"
    assert printed(done) == "a  b 2\n"
    assert printed(where) == f"{place}\n"
    assert [run.status for run in (broken, three)] == ["failed", "failed"]
    assert "ended with exit status 3" in str(three.error)
    assert (place / "out").read_text() == "a  b 2\n"


def test_the_id_of_a_line_is_its_text(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever file or directory a line is in, it is the same run; a changed line is another."""
    (place / "one").write_text("echo a\necho b\n")
    first = runfile("one").run()
    (place / "sub").mkdir()
    monkeypatch.chdir(place / "sub")
    (place / "sub" / "two").write_text("echo b\necho  a\n")
    again = runfile("two").run()
    assert [run.cached for run in again] == [True, False]
    assert again[0].id == first[1].id
    assert again[0].id != again[1].id


def test_a_command_runs_in_a_directory_of_its_own(place: Path) -> None:
    """A value is one word, whatever is in it; every parameter is in the file of the run."""
    script = """
import json, sys
json.dump([sys.argv[1:], json.load(open("params.json"))], open("result.json", "w"))
"""
    words = [sys.executable, "-c", script, "{x}", "--n={n:03d}", "{here}/read.py"]
    axes = {"x": ["a b", "; echo $HOME"], "n": [7], "more": [[1, None]]}
    inputs = [{"path": "some.txt", "rename": "other.txt"}]
    said = {"command": words, "grid": axes, "inputs": inputs, "tags": ["told"]}
    pytest.importorskip("yaml")
    (place / "words.yaml").write_text(json.dumps(said, indent=1))
    (place / "some.txt").write_text("input")
    first, second = specification("words.yaml").run()
    rest = ["--n=007", f"{place}/read.py"]
    assert first.result[0] == ["a b", *rest]
    assert second.result[0] == ["; echo $HOME", *rest]
    assert first.result[1]["more"] == [1, None]
    assert first.tags == ("told",)
    assert first.experiment == "words"
    assert first.directory is not None
    assert (first.directory / "other.txt").read_text() == "input"


def test_a_relative_program_lies_beside_the_file(place: Path) -> None:
    """It is found from any directory."""
    (place / "sub").mkdir()
    program = place / "sub" / "prog"
    program.write_text('#!/bin/sh\necho "got $1"\n')
    program.chmod(0o755)
    (place / "sub" / "prog.toml").write_text('command = ["./prog", "{x}"]\ngrid.x = [0, false]\n')
    runs = specification("sub/prog.toml").run()
    assert [printed(run) for run in runs] == ["got 0\n", "got False\n"]


def test_a_project_can_be_moved(place: Path) -> None:
    """A program counts by its path in the project, and one built anew only if that is asked for."""
    (place / "one").mkdir()
    (place / "one" / "pyproject.toml").touch()
    program = place / "one" / "prog"
    program.write_text('#!/bin/sh\necho "got $1"\n')
    program.chmod(0o755)
    text = 'command = ["./prog", "{x}"]\ngrid.x = [0]\n'
    (place / "one" / "prog.toml").write_text(text)
    (place / "one" / "built.toml").write_text(f"content = true\n{text}")
    for name in ("prog", "built"):
        specification(f"one/{name}.toml").run()
    (place / "one").rename(place / "two")
    (place / "two" / "prog").write_text('#!/bin/sh\necho "had $1"\n')
    assert printed(specification("two/prog.toml").run()[0]) == "got 0\n"
    assert specification("two/built.toml").status()["stale"] == 1
    [group] = specification("two/built.toml").explain().groups
    assert group.reason == "file prog changed"
    assert printed(specification("two/built.toml").run()[0]) == "had 0\n"
    shutil.copytree(place / "two", place / "two" / "other")
    (place / "two" / "other" / "pyproject.toml").unlink()
    assert specification("two/other/prog.toml").status()["stale"] == 1


def test_files_that_are_parameters_lie_beside_the_file(place: Path) -> None:
    """They are brought into the directory of the run as asked, and count by their content."""
    (place / "sub").mkdir()
    for name in ("a.txt", "b.txt"):
        (place / "sub" / name).write_text(f"in {name}")
    text = 'shell = "cat one.txt {name}"\ninputs = [{path = "{file}", rename = "one.txt"}]\n'
    axes = 'zip.file = ["a.txt", "b.txt"]\nzip.name = ["-", "one.txt"]\n'
    (place / "sub" / "cat.toml").write_text(text + axes)
    sweep = specification("sub/cat.toml")
    assert [printed(run) for run in sweep.run()] == ["in a.txt", "in b.txtin b.txt"]
    (place / "sub" / "a.txt").write_text("changed")
    assert [run.status for run in specification("sub/cat.toml")] == ["missing", "done"]


def test_a_wrong_link_is_an_error_of_the_file(place: Path) -> None:
    """The message names the file and the links that there are."""
    inputs = 'inputs = [{path = "a.txt", link = "hard"}]'
    (place / "wrong.toml").write_text(f'shell = "cat a.txt"\n{inputs}\n')
    with pytest.raises(SpecificationError) as caught:
        specification("wrong.toml")
    assert str(caught.value) == (
        "cannot read 'inputs' in 'wrong.toml': cannot make a File with link='hard': no such link. "
        "Use 'copy', 'shared' or 'link'."
    )


def test_a_shell_line_quotes_its_values(place: Path) -> None:
    """Values with spaces, quotes and signs of the shell are one word of the line."""
    (place / "line.toml").write_text(
        "shell = \"printf '%s|' {x} | tr a-z A-Z\"\ngrid.x = ['a b', \"it's; $HOME\"]\n"
    )
    assert [printed(run) for run in specification("line.toml").run()] == ["A B|", "IT'S; $HOME|"]


def test_a_file_of_batchrun_runs_as_it_is(place: Path) -> None:
    """Program and parameters are a line for each point, run where it was launched."""
    pytest.importorskip("yaml")
    (place / "grid.yml").write_text(
        dedent(r"""
        program: >
          sh \
            show.sh
        parameters:
          learning-rate: {values: [1, 1e-3]}
          name: {value: a b; echo more}
        """)
    )
    (place / "show.sh").write_text('printf "%s|" "$@"\n')
    sweep = specification("grid.yml")
    assert [printed(run) for run in sweep.run()] == [
        "--learning-rate=1|--name=a b; echo more|",
        "--learning-rate=1e-3|--name=a b; echo more|",
    ]
    assert [run.params["learning_rate"] for run in sweep] == [1, "1e-3"]


def test_wrong_words_are_errors_of_the_file(place: Path) -> None:
    """The message names the file, the key, what is wrong and the remedy."""
    (place / "wrong.toml").write_text('command = ["x", "{a b}"]\n')
    with pytest.raises(SpecificationError) as caught:
        specification("wrong.toml")
    assert str(caught.value) == (
        "cannot read 'command' in 'wrong.toml': cannot read the word '{a b}' of the command "
        "'wrong': {a b} is no name of a parameter. "
        "Write {name} or {name:format} for a parameter, and {{ and }} for braces."
    )


@pytest.mark.parametrize("value", ["null", "[1]"])
def test_what_can_be_no_word_is_refused_before_anything_runs(place: Path, value: str) -> None:
    """None and lists are no words: they are never dropped, and never guessed."""
    pytest.importorskip("yaml")
    (place / "none.yaml").write_text(f"shell: echo {{x}} > out\npoints: [{{x: 1}}, {{x: {value}}}]")
    with pytest.raises(TypeError, match=r"cannot put x=.* into the command 'none'"):
        specification("none.yaml").run()
    assert not (place / "out").exists()
