"""An experiment that runs a program: its words, its files, its result, its failures."""

from __future__ import annotations

import os
import pickle
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from expcache import (
    CurrentRun,
    File,
    LocalExecutor,
    Store,
    command,
    current_run,
    errors,
    experiment,
    grid,
    load,
)
from expcache._directory import handed_on

pytestmark = [
    pytest.mark.usefixtures("isolated", "here"),
    pytest.mark.skipif(os.name != "posix", reason="needs a shell"),
]
SHOW = "import sys; print(sys.argv[1:])"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a directory of the test's own."""
    monkeypatch.chdir(tmp_path)


def script(name: str, text: str) -> Path:
    """Write a program for the shell."""
    path = Path(name)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_program_runs_once_for_each_point(jobs: int) -> None:
    """Every point starts the program with its own words; a stored one starts nothing."""
    script("note", 'echo "$1" >> "$2"; echo "x is $1"')
    log = Path("calls").absolute()
    note = command(["./note", "{x}", str(log)])
    for _ in range(2):
        runs = note.sweep(grid(x=[1, 2, 3])).run(jobs=jobs)
        assert [run.result["stdout"] for run in runs] == ["x is 1\n", "x is 2\n", "x is 3\n"]
    assert sorted(log.read_text().split()) == ["1", "2", "3"]


AWKWARD = ["two words", "", "$(ls)", "a'b\"c", "*", "-n", "x;y", "\n", "ü", "{x}"]


@pytest.mark.parametrize("value", AWKWARD)
def test_a_value_is_one_word(value: str) -> None:
    """Whatever is in a value, it stays one word, with and without a shell."""
    words = command([sys.executable, "-c", SHOW, "{x}", "<{x}>"], name="words")
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(SHOW)} {{x}} '<'{{x}}'>'"
    shell = command(line, shell=True, name="shell")
    expected = f"{[value, f'<{value}>']}\n"
    assert words(value)["stdout"] == expected
    assert shell(value)["stdout"] == expected


def test_formats_and_braces_are_those_of_python() -> None:
    """``{x:.2f}`` formats, ``{{`` is a brace, numbers are written as Python writes them."""
    echo = command(["echo", "{x:.2f}", "{x}", "{{{n:03d}}}"])
    assert echo(x=0.1, n=7)["stdout"] == "0.10 0.1 {007}\n"


@pytest.mark.parametrize(
    "word", ["{}", "{0}", "{a.b}", "{a[0]}", "{print $1}", "{a!r}", "{a", "{if}"]
)
def test_a_word_that_is_no_template_is_refused(word: str) -> None:
    """Braces hold the name of a parameter, and nothing else."""
    message = r"cannot read the word .* of the command 'echo': .* Write {name} or {name:format}"
    with pytest.raises(errors.ParameterError, match=message):
        command(["echo", word])


@pytest.mark.parametrize("value", [None, [1], (), {"a": 1}, b"x", "a\0b"])
def test_what_is_no_word_is_refused(value: object) -> None:
    """None and containers are refused before anything is computed, and never dropped."""
    echo = command(["echo", "{x}"])
    with pytest.raises(errors.ParameterError, match=r"cannot put x=.* into the command 'echo': "):
        echo.id(value)


@pytest.mark.parametrize("given", ["echo {x}", [], "", [1]])
def test_what_is_no_command_is_refused(given: Any) -> None:
    """Words are a list of texts; one text is for a shell."""
    with pytest.raises(errors.ParameterError, match="cannot make a command "):
        command(given)


def test_parameters_are_those_of_words_variables_inputs_and_defaults() -> None:
    """They are known by name, in this order; those with a default come last."""
    Path("mesh").write_text("m")
    made = command(
        "echo {a} $B; cat mesh; cat params.json", shell=True, name="all",
        env={"B": "<{b}>"}, inputs="{mesh}", defaults={"extra": None, "a": 1},
    )  # fmt: skip
    run = made.run(b=2, mesh="mesh")
    assert list(run.params) == ["b", "mesh", "a", "extra"]
    told = '{"b": 2, "mesh": "mesh", "a": 1, "extra": null}'
    assert run.result["stdout"] == f"1 <2>\nm{told}"
    with pytest.raises(errors.ParameterError, match="it has no parameter 'c'"):
        made.run(b=2, mesh="mesh", c=1)


def test_output_is_kept_in_files_and_told() -> None:
    """What a program prints is in two files, and the end of it in `Run.output`."""
    run = command("echo out; echo err >&2", shell=True, name="both").run()
    assert run.files["stdout.txt"].read_text() == "out\n"
    assert run.files["stderr.txt"].read_text() == "err\n"
    assert run.output == "out\nerr\n"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_program_without_output_leaves_no_directory(jobs: int, isolated: Store) -> None:
    """Its three files go with it, unless it printed or wrote something, or has failed."""
    line = (
        "case {x} in 1) echo x;; 2) echo x >&2;; 3) touch y;; 4) exit 1;; 5) rm stdout.txt;; esac"
    )
    runs = command(line, shell=True, name="quiet").sweep(grid(x=range(8))).run(jobs=jobs)
    three = ["params.json", "stderr.txt", "stdout.txt"]
    kept = [three, three, [*three, "y"], three, three[:2]]
    assert [list(run.files) for run in runs] == [[], *kept, [], []]
    assert [run.directory is None for run in runs] == [not run.files for run in runs]
    assert runs[0].result == {"status": 0, "stdout": ""}
    place = Path(isolated.files_directory("quiet") or "")
    assert len([path for path in place.iterdir() if path.name[0] != "."]) == len(kept)
    assert list((place / ".running").iterdir()) == []


SEES = r"""
test "$(ls | tr '\n' ' ')" = "params.json stderr.txt stdout.txt " || exit 1
test "$(cat params.json)" = "{\"x\": $1, \"long\": \"$2\"}" || exit 2
test "$PWD/params.json" = "$EXPCACHE_PARAMS" || exit 3
test ! -s stdout.txt -a ! -s stderr.txt || exit 4
case $1 in *5) touch made;; *7) echo said;; esac
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_program_finds_its_own_parameters_and_nothing_else(jobs: int) -> None:
    """However many ran before it in the same process, and whatever they wrote or left."""
    script("sees", SEES)
    points = [{"x": x, "long": "y" * (x % 4 * 10)} for x in range(60)]
    with handed_on():
        runs = command(["./sees", "{x}", "{long}"], name="sees").sweep(points).run(jobs=jobs)
    assert [run.status for run in runs] == ["done"] * 60
    assert [run.params["x"] % 10 for run in runs if run.files] == [5, 7] * 6
    assert all(("made" in run.files) == (run.params["x"] % 10 == 5) for run in runs)


def test_a_run_without_parameters_has_none_of_another() -> None:
    """What has no form in JSON leaves no file of parameters, whoever had the directory before."""
    plain = command(["true", "{x}"], name="plain", defaults={"more": None})
    with handed_on():
        runs = plain.sweep([{"x": 1}, {"x": 2, "more": 1j}]).run()
    assert [run.status for run in runs] == ["done", "failed"]
    assert "params.json" not in runs[1].files


def test_a_program_whose_worker_dies_keeps_what_it_printed(isolated: Store) -> None:
    """In the middle of a batch, too: its directory is its own, and the others are computed."""
    line = "test {x} = 30 || exit 0; echo said; kill -9 $PPID"
    with LocalExecutor(1) as executor:
        runs = (
            command(line, shell=True, name="kills").sweep(grid(x=range(40))).run(executor=executor)
        )
    assert [run.params["x"] for run in runs if run.status == "failed"] == [30]
    (failed,) = (run for run in runs if run.files)
    assert failed.files["stdout.txt"].read_text() == "said\n"
    assert failed.files["params.json"].read_text() == '{"x": 30}'
    assert isolated.verify().orphans == ()


def test_much_output_is_told_by_its_end() -> None:
    """The file has all of it; result and output hold the end."""
    run = command("seq 300000", shell=True, name="much").run()
    assert run.files["stdout.txt"].stat().st_size == 1988895
    assert len(run.result["stdout"]) == 1 << 20
    assert run.result["stdout"].endswith("299999\n300000\n")
    assert len(run.output) == 1 << 16


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failing_program_is_a_failed_run(jobs: int) -> None:
    """The error tells status, last words, and a line that does the same by hand."""
    script("fails", 'echo "no such mesh" >&2; exit 3')
    fails = command(["./fails", "{x}"], env={"MODE": "a b"})
    (run,) = fails.sweep([{"x": "a b"}]).run(jobs=jobs)
    assert run.status == "failed"
    assert run.files["stderr.txt"].read_text() == "no such mesh\n"
    error = run.error and run.error.exception
    assert isinstance(error, errors.CommandError)
    assert (error.status, error.signal) == (3, None)
    assert error.command == f"MODE='a b' {Path('fails').absolute()} 'a b'"
    assert str(error) == (
        f"cannot finish run {run.id} of 'fails': its program ended with exit status 3. "
        f"To see it again, run this in its directory ('expcache show' tells it):\n{error.command}\n"
        "It said last:\nno such mesh"
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_variables_are_those_of_the_run(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program finds its variables and those of the process, which stay as they are."""
    monkeypatch.setenv("KEPT", "kept")
    show = command("echo $KEPT $GIVEN", shell=True, name="show", env={"GIVEN": "{x}"})
    runs = show.sweep(grid(x=["a b", "c"])).run(jobs=jobs)
    assert [run.result["stdout"] for run in runs] == ["kept a b\n", "kept c\n"]
    assert not {"GIVEN", "EXPCACHE_PARAMS"} & os.environ.keys()


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_pool_of_this_machine_runs_programs(pool: Any) -> None:
    """Directories are made wherever the store can be reached."""
    with pool(2) as executor:
        runs = command(["echo", "{x}"]).sweep(grid(x=[1, 2])).run(executor=executor)
    assert [run.files["stdout.txt"].read_text() for run in runs] == ["1\n", "2\n"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_run_programs_however_they_are_started(method: Any) -> None:
    """A worker that was forked from a process with programs has its own watchdog."""
    echo = command(["echo", "{x}"])
    assert echo(0)["stdout"] == "0\n"
    with LocalExecutor(2, start_method=method) as executor:
        runs = echo.sweep(grid(x=[1, 2])).run(executor=executor)
    assert [run.result["stdout"] for run in runs] == ["1\n", "2\n"]


def test_programs_run_without_a_store() -> None:
    """Kept in memory, a run has its files as long as the program lasts."""
    for run in command(["echo", "{x}"], save=False).sweep(grid(x=[1, 2])).run(jobs=2):
        assert run.files["stdout.txt"].read_text() == f"{run.params['x']}\n"


def seen(run: CurrentRun) -> str | None:
    """Return what the process that computes has in its own environment."""
    return os.environ.get("EXPCACHE_PARAMS")


def test_a_worker_keeps_no_variable_of_a_program() -> None:
    """What a program was given is gone when it has ended."""
    assert command(["true"], parse=seen).sweep([{}]).run(jobs=2).results == [None]


def test_a_signal_is_told_by_name() -> None:
    """A program that was killed says by which signal."""
    error = command("kill -9 $$", shell=True, name="killed").run().error
    assert error is not None
    assert isinstance(error.exception, errors.CommandError)
    assert (error.exception.status, error.exception.signal) == (-9, "SIGKILL")
    assert "its program was ended by SIGKILL." in error.message


def test_other_statuses_can_be_fine() -> None:
    """`ok` says which exit statuses are no failure; the result tells which it was."""
    run = command("exit {x}", shell=True, name="exits", ok=(0, 1))
    assert [run.run(x).status for x in (0, 1, 2)] == ["done", "done", "failed"]
    assert run(1) == {"status": 1, "stdout": ""}


def test_a_missing_program_is_told_before_anything_is_computed(isolated: Store) -> None:
    """No run is begun when there is no program, or when it cannot be executed."""
    message = r"cannot run the command 'nope': .*: there is no such program. Build it, or correct"
    nope = command(["./nope", "{x}"])
    with pytest.raises(errors.CommandError, match=message):
        nope.sweep(grid(x=[1, 2])).run(jobs=2)
    Path("nope").write_text("")
    with pytest.raises(errors.CommandError, match=r"it cannot be executed\. chmod"):
        nope(1)
    assert isolated.keys("nope") == []


@pytest.mark.parametrize(
    ("wrote", "result"),
    [
        ("echo '[1, 2.5, null]' > result.json", [1, 2.5, None]),
        ("echo 1 > result.json; echo 2", 1),
    ],
)
def test_a_posted_result_is_the_result(wrote: str, result: object) -> None:
    """`result.json` comes before anything that was printed."""
    assert command(wrote, shell=True, name="posts")() == result


def test_an_array_can_be_posted() -> None:
    """`result.npy` is read without unpickling."""
    np = pytest.importorskip("numpy")
    program = "import numpy as np; np.save('result.npy', np.arange(3.0))"
    assert np.array_equal(command([sys.executable, "-c", program], name="array")(), np.arange(3.0))


def test_half_a_result_is_a_failure() -> None:
    """A result that cannot be read is not taken for something else."""
    run = command("echo '[1, ' > result.json", shell=True, name="half").run()
    assert run.status == "failed"
    assert run.error is not None
    assert run.error.message.startswith("cannot read the result.json that the program of 'half'")


def number(run: CurrentRun) -> float:
    """Read a number from what the program printed."""
    return float((run.directory / "stdout.txt").read_text())


def test_a_result_that_leads_nowhere_is_a_failure() -> None:
    """A link to a file that is gone does not make what was printed the result."""
    run = command("ln -s gone result.json; echo 7", shell=True, name="gone").run()
    assert run.error is not None
    assert "cannot read the result.json that the program of 'gone' has written" in str(run.error)


@pytest.mark.parametrize("jobs", [1, 2])
def test_parse_reads_the_result(jobs: int) -> None:
    """Without a posted result, `parse` is called with the current run."""
    double = command(["expr", "2", "*", "{x}"], parse=number, name="double")
    assert double.sweep(grid(x=[1, 2])).run(jobs=jobs).results == [2.0, 4.0]


CHILD = """
import expcache
params = expcache.run_params()
expcache.post_result("first")
expcache.post_result({POSTED})
"""


@pytest.mark.parametrize("posted", ["params", "(params['x'], {1})", "[1.5, None, 'a']", "1j"])
def test_a_program_in_python_reads_and_posts_objects(posted: str) -> None:
    """`run_params` and `post_result` hand over what JSON or pickle can, types included."""
    Path("child.py").write_text(CHILD.replace("{POSTED}", posted))
    child = command([sys.executable, File("child.py")], defaults={"x": 1, "xs": [1, 2]}, name="py")
    params = {"x": 3, "xs": [1, 2]}
    expected = eval(posted, {"params": params})
    found = child(x=3)
    assert (found, type(found)) == (expected, type(expected))


def test_numbers_of_numpy_reach_the_child() -> None:
    """Arrays are lists, and their scalars numbers, in words and in the JSON file."""
    np = pytest.importorskip("numpy")
    show = command("echo {x}; cat params.json", shell=True, defaults={"xs": None}, name="np")
    printed = show(x=np.float32(0.5), xs=np.arange(3))["stdout"]
    assert printed == '0.5\n{"x": 0.5, "xs": [0, 1, 2]}'


@pytest.mark.parametrize("value", [1j, b"x", {1: "a", "1": "b"}, [{True: 1, "true": 2}]])
def test_what_a_child_cannot_read_is_refused(value: object) -> None:
    """A parameter without a form in JSON is an error that names it."""
    run = command("true", shell=True, defaults={"x": 0}, name="refuses").run(x=value)
    assert run.error is not None
    assert run.error.message.startswith("cannot hand the parameter 'x' to the program of 'refuses'")


def test_only_a_child_has_parameters() -> None:
    """Elsewhere, `run_params` and `post_result` say what is wrong."""
    from expcache import post_result, run_params  # noqa: PLC0415 - the subject

    with pytest.raises(errors.NoRunError, match="cannot read the parameters: this program was not"):
        run_params()
    with pytest.raises(errors.NoRunError, match="cannot post a result: this program was not"):
        post_result(1)


def test_files_are_linked_as_they_say() -> None:
    """A copy is the run's own, a shared file is one copy for all, a link leads to the original."""
    for name in ("c.txt", "s.txt", "l.txt"):
        Path(name).write_text(name)
    inputs = [File("c.txt"), File("s.txt", link="shared", rename="t.txt"), File("l.txt", "link")]
    cat = command("cat c.txt t.txt l.txt; echo {x} >> c.txt", shell=True, inputs=inputs, name="cat")
    first, second = cat.sweep(grid(x=[1, 2])).run(jobs=2)
    assert first.result["stdout"] == "c.txts.txtl.txt"
    assert [run.files["c.txt"].read_text() for run in (first, second)] == ["c.txt1\n", "c.txt2\n"]
    assert first.files["t.txt"].samefile(second.files["t.txt"])
    assert not first.files["t.txt"].samefile("s.txt")
    assert not first.files["t.txt"].stat().st_mode & 0o222
    assert first.files["l.txt"].is_symlink()
    assert first.files["l.txt"].samefile("l.txt")


@pytest.mark.parametrize("link", ["copy", "shared", "link"])
def test_a_file_that_changes_on_its_way_fails_the_run(link: Any) -> None:
    """What is computed from other content than the id tells is never stored as a result."""

    @experiment
    def reads(table: File) -> str:
        Path("table.txt").write_text("other content")
        return current_run().place(table).read_text()

    Path("table.txt").write_text("content")
    (run,) = reads.sweep([{"table": File("table.txt", link)}]).run(jobs=2)
    assert run.status == "failed"
    assert str(run.error and run.error.exception) == (
        f"cannot place 'table.txt' for run {run.id}: its content has changed since the run was "
        "identified. Run it again."
    )


def test_a_fixed_file_is_checked_against_the_code_that_it_was_part_of() -> None:
    """The file that travels to a worker knows the content that the code of the run tells."""
    Path("table.txt").write_text("content")
    table = File("table.txt")
    reads = command("cat table.txt", shell=True, inputs=table, name="reads")
    before = reads.code
    Path("table.txt").write_text("other content")
    sent = pickle.loads(pickle.dumps(table))
    assert (table.has_changed, sent.has_changed) == (True, True)
    assert reads.code != before
    assert not table.has_changed


def test_a_shared_copy_that_was_written_to_is_made_anew() -> None:
    """A program that writes to it, as root can, spoils no other run."""
    Path("s.txt").write_text("content")
    made = command(
        "cat s.txt; chmod u+w s.txt; echo spoilt > s.txt; echo {x}",
        shell=True, inputs=File("s.txt", "shared"), name="spoils",
    )  # fmt: skip
    runs = made.sweep(grid(x=[1, 2])).run()
    assert [run.result["stdout"] for run in runs] == ["content1\n", "content2\n"]


def test_a_shared_copy_goes_with_its_last_user(isolated: Store) -> None:
    """`verify` finds the shared copies that no directory has any more."""
    Path("s.txt").write_text("s")
    run = command("cat s.txt", shell=True, inputs=File("s.txt", "shared"), name="shares").run()
    assert isolated.verify().orphans == ()
    isolated.delete("shares", f"{run.id}-{run.code}").wait()
    (orphan,) = isolated.verify().orphans
    assert Path(orphan.path).read_text() == "s"
    assert isolated.verify(remove_orphans=True, age=-1).removed == (orphan.path,)


def writes(run: Any) -> str:
    """Write a file into the directory of a run, after its program has ended."""
    (run.directory / "notes.txt").write_text(run.id)
    return "noted"


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_written_after_the_program_stays(jobs: int) -> None:
    """A silent program whose ``parse`` writes a file keeps its directory, with that file."""
    noted = command("true {x}", shell=True, parse=writes, name="noted")
    for run in noted.sweep(grid(x=range(4))).run(jobs=jobs):
        assert run.result == "noted"
        assert run.files["notes.txt"].read_text() == run.id


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_program_may_remove_its_directory(jobs: int) -> None:
    """It has a result all the same, and no files."""
    gone = command('rm -r "$PWD"; true {x}', shell=True, name="gone")
    for run in gone.sweep(grid(x=range(4))).run(jobs=jobs):
        assert run.result == {"status": 0, "stdout": ""}
        assert not run.files


def test_a_file_is_identified_by_content_however_it_is_linked() -> None:
    """Linkage and name are no part of the id; another content is another id."""
    Path("a.txt").write_text("a")
    cat = command(["cat", "{f}"])
    same = {cat.id(File("a.txt")), cat.id(File("a.txt", "link")), cat.id(File("a.txt", rename="b"))}
    assert len(same) == 1
    run = cat.run(File("a.txt", rename="b c"))
    assert run.result["stdout"] == "a"
    assert "b c" in run.files
    Path("a.txt").write_text("other")
    assert cat.id(File("a.txt")) not in same


def test_two_files_of_one_name_are_refused() -> None:
    """They would overwrite each other; the remedy is a name."""
    for place in ("one", "two"):
        Path(place).mkdir()
        Path(place, "x").write_text(place)
    run = command(["cat", "{a}", "{b}"], name="clash").run(File("one/x"), File("two/x"))
    assert run.error is not None
    assert "cannot place 'two/x' as 'x' for run" in run.error.message
    assert "rename=" in run.error.message
    run = command(["cat", "{a}"], name="taken").run(File("one/x", rename="stdout.txt"))
    assert run.error is not None
    assert "the run writes a file of this name. Give it another name" in run.error.message


@pytest.mark.parametrize(
    ("option", "value"), [("link", "soft"), ("rename", "a/b"), ("rename", "..")]
)
def test_a_file_refuses_what_it_cannot_be(option: str, value: str) -> None:
    """Unknown links, and names that lead elsewhere, are errors."""
    options: dict[str, Any] = {option: value}
    with pytest.raises(ValueError, match=f"cannot make a File with {option}="):
        File("a", **options)


@experiment(name="placed")
def placed(source: File) -> str:
    """Read a file in the directory of the run."""
    return current_run().place(source).read_text()


def test_an_experiment_can_place_a_file() -> None:
    """`current_run().place` brings a file into the directory, once."""
    Path("a.txt").write_text("a")
    run = placed.run(File("a.txt", "shared"))
    assert run.result == "a"
    assert list(run.files) == ["a.txt"]


def test_a_changed_input_is_other_code() -> None:
    """Files that are the same for all runs count by content, as does what the words are."""
    Path("in.txt").write_text("1")
    cat = command("cat in.txt", shell=True, inputs="in.txt", name="input")
    assert cat()["stdout"] == "1"
    Path("in.txt").write_text("22")
    assert cat.sweep([{}]).status()["stale"] == 1
    assert cat()["stdout"] == "22"
    assert command("cat  in.txt", shell=True, inputs="in.txt", name="input").code != cat.code


@pytest.mark.parametrize("content", [False, True])
def test_a_changed_program_is_other_code_if_it_is_to_be(content: bool) -> None:  # noqa: FBT001
    """With ``content=True``, the bytes of the program belong to the code."""
    script("prog", "echo 1")
    prog = command(["./prog"], content=content)
    assert prog()["stdout"] == "1\n"
    script("prog", "echo two")
    assert prog()["stdout"] == ("two\n" if content else "1\n")


def test_a_version_replaces_words_and_files() -> None:
    """With ``version=``, results hold until it changes."""
    codes = {command([word], name="v", version=1).code for word in ("true", "false")}
    assert len(codes) == 1
    assert (
        command(["true"], name="v", version=2).id() != command(["true"], name="v", version=1).id()
    )


def test_a_run_of_a_command_is_loaded_without_it(isolated: Store) -> None:
    """Result and files are read by id."""
    run = command(["echo", "{x}"]).run("hello")
    loaded = load(run.id, store=isolated.path)
    assert loaded.result == {"status": 0, "stdout": "hello\n"}
    assert loaded.files["stdout.txt"].read_text() == "hello\n"


def test_what_differs_is_explained() -> None:
    """`explain` shows the words that were, and those that are."""
    command(["echo", "{x}", "old"], name="told").run(1)
    text = str(command(["echo", "{x}", "new"], name="told").explain(1))
    assert "command told changed: echo '{x}' old -> " in text
    assert "echo '{x}' new" in text


def test_what_a_program_leaves_behind_ends_with_it() -> None:
    """A process in the background does not outlive the run that started it."""
    run = command("sleep 1000 & echo $!", shell=True, name="leaves").run()
    pid = int(run.result["stdout"])
    with pytest.raises(ProcessLookupError):
        _kill_nothing(pid)


def _kill_nothing(pid: int) -> None:
    for _ in range(1000):  # it is gone when its parent has seen to it
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            raise ProcessLookupError


INTEGRATE = Path(__file__).parents[1] / "examples" / "programs" / "integrate.c"


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_a_compiled_program_over_many_points_with_each_linkage(isolated: Store) -> None:
    """Two hundred runs of an integrator give the sums, each with its table linked as asked."""
    subprocess.run(["cc", "-o", "integrate", INTEGRATE], check=True)
    table = Path("table.txt")
    table.write_text("".join(f"{n / 10} {n / 10}\n" for n in range(501)))
    integrate = command(["./integrate", "{table}", "{x}"], parse=number, content=True)
    ends = [n / 10 for n in range(1, 201)]
    files = [File(table), File(table, "shared"), File(table, "link")]
    points = [{"x": x, "table": file} for x, file in zip(ends, cycle(files), strict=False)]
    runs = integrate.sweep(points).run(jobs=2)
    assert runs.results == pytest.approx([x * x / 2 for x in ends])
    for run, file in zip(runs, cycle(files), strict=False):
        assert run.files["table.txt"].is_symlink() == (file.link == "link")
        assert run.files["table.txt"].read_text() == table.read_text()
    assert len({run.directory for run in runs}) == 200
    assert len({run.files["table.txt"].stat().st_ino for run in runs[1::3]}) == 1
    assert isolated.verify().orphans == ()
    assert all(run.cached for run in integrate.sweep(points).run(jobs=2))
