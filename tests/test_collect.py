"""Results of rendered directories that were computed elsewhere come back into the store."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import expcache
from expcache import Rendered, Store, Sweep, collect, experiment, grid, load, render
from rendered import Cluster

pytestmark = [
    pytest.mark.usefixtures("isolated"),
    pytest.mark.skipif(os.name != "posix", reason="the scripts are for a POSIX shell"),
]
pytest.importorskip("jinja2")

DOUBLE = """echo '{"twice": {{ 2 * a }}}' > result.json; echo "for {{ a }}\""""
CALLS: list[Any] = []


@experiment(name="collected.calc")
def calc(a: Any) -> dict[str, Any]:
    """Be computed by commands."""
    CALLS.append(a)
    return {"twice": 2 * a}


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """A machine with batch systems."""
    CALLS.clear()
    return Cluster(tmp_path / "cluster")


def rendered(tmp_path: Path, command: str | None, values: list[Any], **options: Any) -> Rendered:
    """Render a sweep of commands."""
    return render(calc.sweep(grid(a=values)), None, tmp_path / "jobs", command=command, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scheduler": "slurm"}, ["sbatch --array=1-3", "sbatch --mem=1G"]),
        ({"scheduler": "pbs"}, ["qsub -J 1-3", "qsub -v EXPCACHE_OFFSET=0", "qsub --mem=1G x"]),
        ({"submit": "sbatch"}, ["sbatch --mem=1G"] * 3),
    ],
)
def test_results_come_back_from_a_batch_system(
    tmp_path: Path, cluster: Cluster, options: dict[str, Any], words: list[str]
) -> None:
    """What was rendered, moved and submitted is served from the store once it is collected."""
    made = rendered(tmp_path, DOUBLE, [1, 2, 3], **options)
    there = cluster.fetch(made.directory)
    assert str(collect(there)) == "collected: 3 unfinished"
    own = ["--mem=1G"] if options != {"scheduler": "pbs"} else ["--mem=1G", "x"]
    assert cluster.submit(there, *own) == 0
    assert cluster.submitted.read_text().splitlines() == words
    assert collect(there).done == tuple(sorted(made.ids))
    assert [calc(a) for a in (1, 2, 3)] == [{"twice": 2}, {"twice": 4}, {"twice": 6}]
    assert not CALLS
    run = load(made.ids[1])
    assert (run.params, run.output, run.host) == ({"a": 2}, "for 2\n", os.uname().nodename)
    assert 0 <= run.runtime < 60


def test_one_element_of_pbs_is_no_array(tmp_path: Path, cluster: Cluster) -> None:
    """A single run is submitted to PBS without an array, which needs two."""
    made = rendered(tmp_path, DOUBLE, [1], scheduler="pbs")
    assert cluster.submit(cluster.fetch(made.directory)) == 0
    assert collect(cluster.place / "jobs").done == made.ids


def test_arrays_begin_where_the_one_before_ended(tmp_path: Path, cluster: Cluster) -> None:
    """An element of a later array finds its own run."""
    made = rendered(tmp_path, DOUBLE, [1, 2, 3], scheduler="slurm")
    there = cluster.fetch(made.directory)
    environ = cluster.environ | {"SLURM_ARRAY_TASK_ID": "1"}
    subprocess.run(["bash", "array-1.sh", "2"], cwd=there, env=environ, check=True)
    assert collect(there).done == made.ids[2:]


def test_collecting_again_changes_nothing(tmp_path: Path, cluster: Cluster) -> None:
    """Collecting can be repeated, while runs go on and after."""
    made = rendered(tmp_path, DOUBLE, [1, 2])
    there = cluster.fetch(made.directory)
    subprocess.run(["sh", str(there / made.ids[1] / "expcache.sh")], check=True)
    first = collect(there)
    assert (first.done, first.unfinished) == (made.ids[1:], made.ids[:1])
    assert cluster.submit(there) == 0
    second = collect(there)
    assert (second.done, second.stored) == (made.ids[:1], made.ids[1:])
    assert str(collect(there)) == "collected: 2 stored before"


def test_an_ended_run_is_not_computed_again(tmp_path: Path, cluster: Cluster) -> None:
    """To submit once more computes only what has not ended."""
    made = rendered(tmp_path, "echo x >> calls; echo 1 > result.json; exit {{ a }}", [0, 3])
    there = cluster.fetch(made.directory)
    for _ in range(2):
        assert cluster.submit(there) == 123  # as xargs says that one failed
    assert [(there / one / "calls").read_text() for one in made.ids] == ["x\n", "x\n"]


def test_a_failed_command_is_a_failed_run(tmp_path: Path, cluster: Cluster) -> None:
    """Its error has the exit status, or the signal, and the last of what it wrote to stderr."""
    command = "echo no {{ a }} >&2; [ {{ a }} = 1 ] && exit 7; sh -c 'kill -9 $$'"
    made = rendered(tmp_path, command, [1, 2])
    there = cluster.fetch(made.directory)
    cluster.submit(there)
    assert collect(there).failed == tuple(sorted(made.ids))
    one, two = calc.sweep(grid(a=[1, 2]))
    assert one.error is not None
    assert one.error.type == "expcache.errors.CommandError"
    assert one.error.message == (
        f"cannot finish run {one.id} of 'collected.calc': it ended with exit status 7. To see it "
        "again, run this in its rendered directory:\n"
        "echo no 1 >&2; [ 1 = 1 ] && exit 7; sh -c 'kill -9 $$'\nIt said last:\nno 1"
    )
    assert one.error.traceback == f"expcache.errors.CommandError: {one.error.message}\n"
    assert "it ended with signal 9 (exit status 137)" in str(two.error)
    assert len(collect(there).stored) == 2
    assert len(one.attempts) == 1


def test_a_failed_run_can_be_rendered_again(tmp_path: Path, cluster: Cluster) -> None:
    """Once a failure is collected, its directory is replaced, and both attempts are told of."""
    made = rendered(tmp_path, "exit 7", [1])
    cluster.submit(made.directory)
    collect(made.directory)
    again = rendered(tmp_path, DOUBLE, [1])
    assert (again.ids, again.waiting) == (made.ids, ())
    cluster.submit(again.directory, number=2)
    assert collect(again.directory).done == made.ids
    assert [one["outcome"] for one in load(made.ids[0]).attempts] == ["failed", "done"]


def test_a_stored_result_is_never_replaced(tmp_path: Path, cluster: Cluster) -> None:
    """A result that was computed here meanwhile stays."""
    made = rendered(tmp_path, "echo 0 > result.json", [1])
    cluster.submit(made.directory)
    assert calc(1) == {"twice": 2}
    found = collect(made.directory)
    assert (found.done, found.stored) == ((), made.ids)
    assert calc(1) == {"twice": 2}


def changing(offset: int) -> Sweep[int]:
    """Return a sweep of an experiment with one of two codes."""

    @experiment(name="collected.changing")
    def plus(a: int) -> int:
        return a + 1

    @experiment(name="collected.changing")
    def minus(a: int) -> int:
        return a - 1

    return (plus if offset > 0 else minus).sweep(grid(a=[5]))


def test_results_belong_to_the_code_that_was_rendered(tmp_path: Path, cluster: Cluster) -> None:
    """A result counts for the code that its directory was rendered for, not for a later one."""
    made = render(changing(1), None, tmp_path / "jobs", command="echo 6 > result.json")
    cluster.submit(made.directory)
    assert collect(made.directory).done == made.ids
    assert changing(-1)[0].status == "stale"
    assert (changing(1)[0].status, changing(1)[0].result) == ("done", 6)


def test_what_is_not_what_was_rendered_is_refused(tmp_path: Path, cluster: Cluster) -> None:
    """Nothing is taken from a directory with other params, of another name, or changed."""
    made = rendered(tmp_path, DOUBLE, [1, 2, 3, 4])
    cluster.submit(made.directory)
    (made.directory / made.ids[0] / "params.json").write_text('{"a": 9}')
    (made.directory / made.ids[1]).rename(made.directory / "copy")
    manifest = made.directory / made.ids[2] / "expcache.json"
    manifest.write_text(manifest.read_text().replace('"a": 3', '"a": 4'))
    found = collect(made.directory)
    assert found.done == made.ids[3:]
    reasons = {Path(one.directory).name: one.reason for one in found.refused}
    assert "its params.json is not what was rendered" in reasons[made.ids[0]]
    assert f"it was rendered as {made.ids[1]!r}" in reasons["copy"]
    assert "it was changed since it was rendered" in reasons[made.ids[2]]
    assert str(found).count("cannot") == 3


@pytest.mark.parametrize(
    ("content", "error"), [("{", "JSONDecodeError"), ("\udcff", "UnicodeDecodeError")]
)
def test_a_result_that_cannot_be_read_is_a_failure(
    tmp_path: Path, cluster: Cluster, content: str, error: str
) -> None:
    """A program that wrote half a result has failed."""
    made = rendered(tmp_path, "true", [1])
    cluster.submit(made.directory)
    result = made.directory / made.ids[0] / "result.json"
    result.write_bytes(content.encode(errors="surrogateescape"))
    assert collect(made.directory).failed == made.ids
    assert f"cannot read the result: {error}" in str(load(made.ids[0]).error)


@pytest.mark.parametrize("name", ["result.json", "stdout.txt", "stderr.txt"])
def test_a_copy_that_is_not_whole_is_refused(tmp_path: Path, cluster: Cluster, name: str) -> None:
    """What a broken copy cut short, or left out, is never taken for what the run wrote."""
    made = rendered(tmp_path, f"{DOUBLE}; echo warns >&2", [1, 12])
    cluster.submit(made.directory)
    short, lacking = (made.directory / one / name for one in made.ids)
    whole = [path.read_bytes() for path in (short, lacking)]
    short.write_bytes(whole[0][:-1])
    if name == "result.json":
        lacking.unlink()
    else:
        lacking.write_bytes(b"")
    found = collect(made.directory)
    size = len(whole[0])
    message = (
        f"its {name} has {size - 1} bytes of the {size} that the run wrote. Copy the directory"
    )
    assert message in str(found)
    assert (len(found.refused), found.done, found.failed) == (2, (), ())
    short.write_bytes(whole[0])
    lacking.write_bytes(whole[1])
    assert len(collect(made.directory).done) == 2
    assert calc(12) == {"twice": 24}


def test_a_result_that_leads_nowhere_is_a_failure(tmp_path: Path, cluster: Cluster) -> None:
    """A link to a file that is not there is no reason to take what was printed instead."""
    made = rendered(tmp_path, "ln -s gone result.json; echo 7", [1])
    cluster.submit(made.directory)
    assert collect(made.directory).failed == made.ids
    assert "cannot read the result: FileNotFoundError" in str(load(made.ids[0]).error)


def test_one_broken_directory_does_not_keep_the_others(tmp_path: Path, cluster: Cluster) -> None:
    """Whatever lies in place of its files, it is refused by itself."""
    made = rendered(tmp_path, DOUBLE, [1, 2, 3])
    cluster.submit(made.directory)
    params = made.directory / made.ids[0] / "params.json"
    params.unlink()
    params.mkdir()
    (made.directory / made.ids[1] / "expcache.json").write_text("[" * 100_000)
    found = collect(made.directory)
    assert found.done == made.ids[2:]
    assert "Is a directory. Copy the directory whole" in str(found)
    assert "it cannot be read (RecursionError" in str(found)


def test_pipes_are_left_where_they_are(tmp_path: Path, cluster: Cluster) -> None:
    """What a copy cannot have does not keep a result from being collected."""
    made = rendered(tmp_path, f"mkfifo pipe; {DOUBLE}", [1])
    cluster.submit(made.directory)
    assert collect(made.directory).done == made.ids
    assert sorted(load(made.ids[0]).files) == [
        "params.json",
        "result.json",
        "stderr.txt",
        "stdout.txt",
    ]


def test_results_in_other_forms(tmp_path: Path, cluster: Cluster) -> None:
    """An array comes back as .npy; without any file, the status and what was printed count."""
    made = rendered(tmp_path, "echo out; echo err >&2", [1, 2])
    cluster.submit(made.directory)
    np.save(made.directory / made.ids[0] / "result.npy", np.arange(3.0))
    collect(made.directory)
    assert load(made.ids[0]).result.tolist() == [0.0, 1.0, 2.0]
    assert load(made.ids[1]).result == {"status": 0, "stdout": "out\n"}
    assert load(made.ids[1]).output == "out\nerr\n"


@dataclass
class Answer:
    """A result that only pickle keeps."""

    value: object


def answer(a: int) -> Answer:
    """Return an object that takes pickling."""
    if a < 0:
        raise ValueError("below zero")
    print("computing", a)  # noqa: T201 - to be captured
    return Answer(lambda: a)


def answers_of(values: list[int]) -> Sweep[Answer]:
    """Return a sweep of a Python function."""
    return experiment(name="collected.answer")(answer).sweep(grid(a=values))


@pytest.fixture
def answers() -> Sweep[Answer]:
    """A sweep of which one run fails."""
    return answers_of([-1, 1])


def test_functions_are_computed_elsewhere(
    tmp_path: Path, cluster: Cluster, answers: Sweep[Answer]
) -> None:
    """A function travels with its params; its prints, failures and environment come back."""
    made = render(answers, None, tmp_path / "jobs", scheduler="slurm")
    there = cluster.fetch(made.directory)
    cluster.submit(there)
    found = collect(there)
    assert (found.failed, found.done) == (made.ids[:1], ())
    assert "use trust=True" in found.refused[0].reason
    assert collect(there, trust=True).done == made.ids[1:]
    failed, done = answers
    assert str(failed.error) == "ValueError: below zero"
    assert failed.error is not None
    assert 'raise ValueError("below zero")' in failed.error.traceback
    assert done.output == "computing 1\n"
    assert done.environment["python"]
    assert (there / made.ids[1] / "stdout.txt").read_text() == "computing 1\n"


def test_a_record_of_another_run_is_refused(
    tmp_path: Path, cluster: Cluster, answers: Sweep[Answer], isolated: Store
) -> None:
    """A record counts only in the directory that it was made in, and only whole."""
    made = render(answers, None, tmp_path / "jobs")
    cluster.submit(made.directory)
    one, two = (made.directory / run / "record" for run in made.ids)
    two.write_bytes(one.read_bytes())
    one.write_bytes(one.read_bytes()[:-1])
    found = collect(made.directory, trust=True)
    assert "truncated" in found.refused[0].reason or "truncated" in found.refused[1].reason
    assert len(found.refused) == 2
    assert not isolated.keys("collected.answer")


def test_a_function_that_left_no_record_failed(
    tmp_path: Path, cluster: Cluster, answers: Sweep[Answer]
) -> None:
    """A Python that cannot compute it there says why in the failed run."""
    made = render(answers, None, tmp_path / "jobs")
    for run in made.ids:
        (made.directory / run / "payload").write_bytes(b"nothing")
    cluster.submit(made.directory)
    assert collect(made.directory).failed == tuple(sorted(made.ids))
    error = answers[1].error
    assert error is not None
    assert "the cells cannot be read" in error.traceback


def test_files_travel_with_a_function(tmp_path: Path, cluster: Cluster) -> None:
    """A File among the params is in the directory, and its run is still the one of its content."""
    (tmp_path / "mesh.txt").write_text("1 2 3")

    @experiment(name="collected.meshed")
    def size(mesh: expcache.File) -> int:
        return len(Path(mesh).read_text().split())

    sweep = size.sweep([{"mesh": expcache.File(tmp_path / "mesh.txt")}])
    made = render(sweep, None, tmp_path / "jobs")
    there = cluster.fetch(made.directory)
    (tmp_path / "mesh.txt").rename(tmp_path / "moved.txt")
    cluster.submit(there)
    assert collect(there).done == made.ids
    (tmp_path / "moved.txt").rename(tmp_path / "mesh.txt")
    run = sweep[0]
    assert (run.done, run.result) == (True, 3)


def test_large_results_are_kept_whole(tmp_path: Path, cluster: Cluster) -> None:
    """A large array of a function comes back as the store keeps such, in a file."""

    @experiment(name="collected.large")
    def large(n: int) -> Any:
        import numpy  # noqa: ICN001, PLC0415 - for the other process

        return numpy.arange(n, dtype=float)

    made = render(large.sweep(grid(n=[300_000])), None, tmp_path / "jobs")
    cluster.submit(made.directory)
    assert collect(made.directory).done == made.ids
    assert load(made.ids[0]).result.sum() == sum(range(300_000))


def test_collected_runs_tell_of_their_directory(
    tmp_path: Path, cluster: Cluster, isolated: Store
) -> None:
    """A record says when it was rendered and collected, and the store keeps the code's text."""
    made = rendered(tmp_path, DOUBLE, [1])
    cluster.submit(made.directory)
    collect(made.directory)
    manifest = json.loads((made.directory / made.ids[0] / "expcache.json").read_text())["run"]
    run = load(made.ids[0])
    header = run._stored()
    assert (run.launch, run.number) == (manifest["launch"], 1)
    assert header.rendered["token"] == manifest["token"]
    assert header.rendered["when"] == manifest["rendered"]
    assert run.git == manifest["git"]
    assert f"code-{manifest['code']}" in isolated.keys("collected.calc")
    assert isolated.verify().sound


def test_files_of_a_command_stay_with_its_record(
    tmp_path: Path, cluster: Cluster, isolated: Store
) -> None:
    """What a command wrote is in the run's directory; what it was given by expcache is not."""
    (tmp_path / "mesh.txt").write_text("1 2 3")

    @experiment(name="collected.meshing")
    def meshing(mesh: expcache.File) -> None:
        """Be computed by a command."""

    sweep = meshing.sweep([{"mesh": expcache.File(tmp_path / "mesh.txt")}])
    command = "mkdir -p out; wc -w < {{ mesh }} > out/words; echo said"
    made = render(sweep, None, tmp_path / "jobs", command=command)
    cluster.submit(made.directory)
    collect(made.directory)
    (made.directory / made.ids[0] / "out" / "words").write_text("altered")
    run = load(made.ids[0])
    assert list(run.files) == ["out/words", "params.json", "stderr.txt", "stdout.txt"]
    assert run.files["out/words"].read_text().split() == ["3"]
    collect(made.directory)
    report = isolated.verify()
    assert (report.sound, report.orphans) == (True, ())


def test_files_of_a_failed_command_are_kept(tmp_path: Path, cluster: Cluster) -> None:
    """Each attempt keeps its own files, for a look."""
    made = rendered(tmp_path, "echo first > log; exit 1", [1])
    cluster.submit(made.directory)
    collect(made.directory)
    assert load(made.ids[0]).files["log"].read_text() == "first\n"
    rendered(tmp_path, "echo second > log; exit 1", [1])
    cluster.submit(made.directory, number=2)
    collect(made.directory)
    run = load(made.ids[0])
    assert run.files["log"].read_text() == "second\n"
    assert len({one["directory"] for one in run.attempts}) == 2


def test_files_of_a_function_travel(tmp_path: Path, cluster: Cluster) -> None:
    """The directory that a function asks for is the run's directory after collecting."""

    @experiment(name="collected.writing")
    def writing(a: int) -> int:
        (expcache.current_run().directory / "note.txt").write_text(f"a is {a}")
        return a

    made = render(writing.sweep(grid(a=[1])), None, tmp_path / "jobs")
    there = cluster.fetch(made.directory)
    cluster.submit(there)
    assert collect(there).done == made.ids
    run = load(made.ids[0])
    assert {name: path.read_text() for name, path in run.files.items()} == {"note.txt": "a is 1"}


def test_a_lost_race_leaves_no_files(
    tmp_path: Path, cluster: Cluster, isolated: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody stores the run between the look and the write, no copy of files remains."""
    made = rendered(tmp_path, DOUBLE, [1])
    cluster.submit(made.directory)
    monkeypatch.setattr("expcache._render._findings._is_stored", lambda *_: False)
    assert calc(1) == {"twice": 2}
    assert collect(made.directory).stored == made.ids
    assert load(made.ids[0]).directory is None
    assert not isolated.verify().orphans


def test_commands_are_computed_without_expcache(tmp_path: Path, cluster: Cluster) -> None:
    """The words of a command are its line, with values quoted, files by name and variables set."""
    (tmp_path / "count.sh").write_text("#!/bin/sh\nwc -w < $1; echo $KIND; echo $2; exit 3\n")
    (tmp_path / "count.sh").chmod(0o755)
    (tmp_path / "mesh.txt").write_text("1 2 3")
    count = expcache.command(
        [expcache.File(tmp_path / "count.sh"), "{mesh}", "a {text}!"],
        name="collected.count",
        env={"KIND": "x{kind}"},
        defaults={"kind": 7},
        ok=3,
    )
    mesh = expcache.File(tmp_path / "mesh.txt", rename="m.txt")
    sweep = count.sweep([{"mesh": mesh, "text": "b'; $HOME"}])
    made = render(sweep, None, tmp_path / "jobs", scheduler="slurm")
    there = cluster.fetch(made.directory)
    cluster.submit(there)
    assert collect(there).done == made.ids
    assert sweep[0].result == {"status": 3, "stdout": "3\nx7\na b'; $HOME!\n"}
    assert count(mesh=mesh, text="b'; $HOME") == sweep[0].result


def parsed(run: Any) -> list[str]:
    """Read what a command printed."""
    words: list[str] = (run.directory / "stdout.txt").read_text().split()
    return words


def test_commands_with_a_parser_take_expcache(tmp_path: Path, cluster: Cluster) -> None:
    """Where a function of Python reads what a program printed, Python computes the run there."""
    (tmp_path / "say.sh").write_text("echo said $1\n")
    (tmp_path / "mesh.txt").write_text("1 2 3")
    say = expcache.command(
        ["sh", expcache.File(tmp_path / "say.sh"), "{what}", "{mesh}"],
        name="collected.say",
        parse=parsed,
    )
    sweep = say.sweep([{"what": "it", "mesh": expcache.File(tmp_path / "mesh.txt")}])
    made = render(sweep, None, tmp_path / "jobs")
    there = cluster.fetch(made.directory)
    for name in ("say.sh", "mesh.txt"):
        (tmp_path / name).rename(tmp_path / f"moved-{name}")
    assert cluster.submit(there) == 0
    assert collect(there).done == made.ids
    run = load(made.ids[0])
    assert run.result == ["said", "it"]
    assert "stdout.txt" in run.files


def test_programs_post_their_results(tmp_path: Path, cluster: Cluster) -> None:
    """A program in Python reads its params and posts its result as under a command."""
    program = "import expcache as e; a = e.run_params()['a']; e.post_result({'a': a, 'b': (1,)})"
    made = rendered(tmp_path, f'$PYTHON -c "{program}"', [1])
    assert cluster.submit(made.directory) == 0
    assert "result.pickle" in collect(made.directory).refused[0].reason
    assert collect(made.directory, trust=True).done == made.ids
    assert load(made.ids[0]).result == {"a": 1, "b": (1,)}


def test_what_somebody_computes_now_is_left_to_him(
    tmp_path: Path, cluster: Cluster, isolated: Store
) -> None:
    """A run that is being computed here is not stored from a directory meanwhile."""
    made = rendered(tmp_path, DOUBLE, [1, 2])
    cluster.submit(made.directory)
    manifest = json.loads((made.directory / made.ids[0] / "expcache.json").read_text())["run"]
    claims = isolated.claim("collected.calc", [f"{made.ids[0]}-{manifest['code']}"])
    found = collect(made.directory)
    assert (found.done, found.unfinished) == (made.ids[1:], made.ids[:1])
    isolated.release("collected.calc", claims.values())
    assert collect(made.directory).done == made.ids[:1]
    assert not isolated.claims("collected.calc")


def test_one_call_of_render_is_one_launch(tmp_path: Path, cluster: Cluster) -> None:
    """Runs that were rendered together, commands or functions, are of one launch."""
    made = render(answers_of([1, 2]), None, tmp_path / "jobs")
    cluster.submit(made.directory)
    collect(made.directory, trust=True)
    one, two = map(load, made.ids)
    assert one.launch == two.launch != ""
    assert {one.number, two.number} == {1, 2}
