"""Directories for batch systems: what is made, what is left as it is, what is refused."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expcache import File, Sweep, collect, experiment, grid, render
from expcache._render._scripts import submit_array
from expcache.errors import ParameterError, RenderError

pytestmark = pytest.mark.usefixtures("isolated")
pytest.importorskip("jinja2")


def sweep_of(*, a: list[Any] | None = None) -> Sweep[Any]:
    """Return a sweep of an experiment that commands compute."""

    @experiment(name="rendered.calc")
    def calc(a: Any, b: str = "x y") -> dict[str, Any]:
        return {"here": a}

    return calc.sweep(grid(a=a or [1, 2]), name="sweep_calc")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A directory with one template."""
    root = tmp_path / "templates"
    root.mkdir()
    (root / "input.txt").write_text("a={{ a }}\nb={{ b | quote }}\n{{ run.id }}\n")
    return root


def test_every_run_without_a_result_gets_a_directory(tmp_path: Path, templates: Path) -> None:
    """A run that is stored needs no directory; each other has one, named by its id."""
    sweep = sweep_of(a=[1, 2, 3])
    sweep[1].compute()
    made = render(sweep, templates, tmp_path / "jobs", command="true")
    assert made.ids == (sweep[0].id, sweep[2].id)
    assert (made.stored, made.waiting) == (1, ())
    assert sorted(one.parent.name for one in tmp_path.glob("jobs/*/input.txt")) == sorted(made.ids)
    assert sweep.status()["missing"] == 2
    shown = f"sweep_calc: 2 runs rendered into {tmp_path / 'jobs'}, 1 need none"
    assert str(made) == f"{shown}\nsubmit them: sh {made.submit}"


def test_templates_have_the_values_of_the_params(tmp_path: Path, templates: Path) -> None:
    """Text is filled, other files are copied, modes and line ends stay, names are filled too."""
    (templates / "sub").mkdir()
    (templates / "sub" / "in-{{ a }}.sh").write_bytes(b"echo {{ a }}\r\n{{ b | json }}\r\n")
    (templates / "sub" / "in-{{ a }}.sh").chmod(0o750)
    (templates / "raw.bin").write_bytes(b"{{ a }}\0\xff")
    sweep = sweep_of(a=[1])
    render(sweep, templates, tmp_path / "jobs", command="true")
    made = tmp_path / "jobs" / sweep[0].id
    assert (made / "input.txt").read_text() == f"a=1\nb='x y'\n{sweep[0].id}\n"
    assert (made / "sub" / "in-1.sh").read_bytes() == b'echo 1\r\n"x y"\r\n'
    assert (made / "raw.bin").read_bytes() == b"{{ a }}\0\xff"
    if os.name == "posix":
        assert (made / "sub" / "in-1.sh").stat().st_mode & 0o777 == 0o750


def test_dollar_templates(tmp_path: Path) -> None:
    """With style="dollar", $name stands for a value and $$ for a dollar; Jinja2 is not needed."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "in-$a").write_text("$a ${b} $$HOME $run_id {{ a }}")
    sweep = sweep_of(a=[1])
    render(sweep, tmp_path / "templates", tmp_path / "jobs", command="echo $a", style="dollar")
    made = tmp_path / "jobs" / sweep[0].id
    assert (made / "in-1").read_text() == f"1 x y $HOME {sweep[0].id} {{{{ a }}}}"
    assert "(\necho 1\n)" in (made / "expcache.sh").read_text()


@pytest.mark.parametrize(
    ("style", "text", "reason"),
    [
        ("jinja", "\n{{ alpha }}", "line 2: 'alpha' is undefined. Its names: a, b, run."),
        ("jinja", "\n\n{% if %}", "line 3: Expected an expression, got 'end of statement block'"),
        ("jinja", "{{ run.of }}", "line 1: 'dict object' has no attribute 'of'."),
        ("dollar", "\n$alpha", "line 2: there is no value for '$alpha'; write $$ for a dollar."),
        ("dollar", "100 $ ", "line 1: a lone '$'. Write $$ for a dollar."),
    ],
)
def test_a_name_without_a_value_is_refused(
    tmp_path: Path, templates: Path, style: Any, text: str, reason: str
) -> None:
    """A template that asks for what there is not is named with the line, and nothing is made."""
    (templates / "input.txt").unlink()
    (templates / "deck").write_text(text)
    with pytest.raises(RenderError) as caught:
        render(sweep_of(), templates, tmp_path / "jobs", command="true", style=style)
    assert str(caught.value).startswith(f"cannot render {str(templates / 'deck')!r}, {reason}")
    assert not list(tmp_path.glob("jobs/*"))


def test_jinja_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Jinja2, the message says what to install."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(RenderError) as caught:
        render(sweep_of(), None, tmp_path / "jobs")
    message = "cannot render Jinja2 templates: Jinja2 is not installed. Install expcache[render]"
    assert str(caught.value) == f"{message}, or use style='dollar'."


def test_other_programs_get_params_as_json(tmp_path: Path, templates: Path) -> None:
    """The params are beside the run as JSON, arrays as lists, files as copies by their names."""
    (tmp_path / "mesh.txt").write_text("1 2 3")
    given: list[Any] = [
        None,
        0,
        False,
        0.1,
        "two words",
        [],
        np.arange(3),
        {"mesh": File(tmp_path / "mesh.txt")},
    ]
    sweep = sweep_of(a=given)
    render(sweep, None, tmp_path / "jobs", command="true")
    found = []
    for run in sweep:
        text = (tmp_path / "jobs" / run.id / "params.json").read_text()
        found.append(json.loads(text)["a"])
    assert found == [None, 0, False, 0.1, "two words", [], [0, 1, 2], {"mesh": "mesh.txt"}]
    assert (tmp_path / "jobs" / sweep[7].id / "mesh.txt").read_text() == "1 2 3"


def test_a_value_without_json_is_refused(tmp_path: Path) -> None:
    """A command cannot be given what JSON has no form of."""
    sweep = sweep_of(a=[1j])
    with pytest.raises(ParameterError, match="cannot hand the parameter 'a' to the program"):
        render(sweep, None, tmp_path / "jobs", command="true")
    assert not list(tmp_path.glob("jobs/*"))


def test_files_come_as_they_are_told_to(tmp_path: Path) -> None:
    """A File is a copy, one copy that all directories share, or a link, under the name it asks."""
    (tmp_path / "mesh.txt").write_text("1 2 3")
    links: list[Any] = ["copy", "shared", "link"]
    files = [File(tmp_path / "mesh.txt", link=link, rename=f"{link}.txt") for link in links]
    sweep = sweep_of(a=[files, [*files, 2]])
    render(sweep, None, tmp_path / "jobs", command="cat {{ a[0] }}", scheduler="slurm")
    one, two = (tmp_path / "jobs" / run for run in sweep.ids)
    assert json.loads((one / "params.json").read_text())["a"] == [file.name for file in files]
    assert "cat copy.txt" in (one / "expcache.sh").read_text()
    assert (one / "link.txt").is_symlink()
    assert (one / "shared.txt").samefile(two / "shared.txt")
    assert not (one / "copy.txt").samefile(two / "copy.txt")
    assert [(one / file.name).read_text() for file in files] == ["1 2 3"] * 3


def test_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """Two files cannot have one name in a directory."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mesh.txt").write_text(folder)
    files = [File(tmp_path / folder / "mesh.txt") for folder in ("one", "two")]
    with pytest.raises(RenderError, match=r"both would be 'mesh.txt'\. Give one another"):
        render(sweep_of(a=[files]), None, tmp_path / "jobs", command="true")


def test_what_waits_is_left_alone(tmp_path: Path, templates: Path) -> None:
    """Rendering again makes only what is missing, under scripts of another number, and says so."""
    first = sweep_of(a=[1, 2])
    render(first, templates, tmp_path / "jobs", command="true")
    seen = (tmp_path / "jobs" / first[0].id / "expcache.json").read_text()
    made = render(sweep_of(a=[1, 2, 3]), templates, tmp_path / "jobs", command="true")
    assert made.waiting == (first[0].id, first[1].id)
    assert len(made.ids) == 1
    assert made.submit == tmp_path / "jobs" / "submit-2.sh"
    assert (tmp_path / "jobs" / "runs-2.txt").read_text().split() == list(made.ids)
    assert (tmp_path / "jobs" / first[0].id / "expcache.json").read_text() == seen
    assert "1 run rendered" in str(made)
    assert "2 waiting there" in str(made)
    again = render(first, templates, tmp_path / "jobs", command="true")
    assert (again.ids, again.submit) == ((), None)


def test_what_waits_for_something_else_is_refused(tmp_path: Path, templates: Path) -> None:
    """A directory that was rendered from other templates is replaced on request only."""
    sweep = sweep_of(a=[1])
    render(sweep, templates, tmp_path / "jobs", command="true")
    with pytest.raises(RenderError, match=r"and was rendered from other templates\. Collect it"):
        render(sweep, templates, tmp_path / "jobs", command="false")
    made = render(sweep, templates, tmp_path / "jobs", command="false", overwrite=True)
    assert made.ids == (sweep[0].id,)
    assert "\nfalse\n" in (tmp_path / "jobs" / sweep[0].id / "expcache.sh").read_text()
    assert not list(tmp_path.glob("jobs/.rendering*"))


def test_what_was_rendered_for_other_code_is_refused(tmp_path: Path) -> None:
    """A directory that waits with a result of older code is not taken for one of the present."""

    @experiment(name="rendered.changing")
    def before(a: int) -> int:
        return a

    @experiment(name="rendered.changing")
    def after(a: int) -> int:
        return a + 1

    render(before.sweep(grid(a=[1])), None, tmp_path / "jobs", command="true")
    with pytest.raises(RenderError, match="for its result, and was rendered for other code"):
        render(after.sweep(grid(a=[1])), None, tmp_path / "jobs", command="true")


def test_what_has_ended_is_not_overwritten(tmp_path: Path) -> None:
    """Not even overwrite=True throws away a run that has ended and is not collected."""
    sweep = sweep_of(a=[1])
    render(sweep, None, tmp_path / "jobs", command="true")
    (tmp_path / "jobs" / sweep[0].id / "status").write_text("0\n")
    with pytest.raises(RenderError, match=r"has ended there\. Collect it first"):
        render(sweep, None, tmp_path / "jobs", command="true", overwrite=True)


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    """A directory that expcache did not make is not touched."""
    sweep = sweep_of(a=[1])
    (tmp_path / "jobs" / sweep[0].id).mkdir(parents=True)
    with pytest.raises(RenderError, match="it was not made by expcache"):
        render(sweep, None, tmp_path / "jobs", command="true", overwrite=True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("status", "there is a 'status' already. Give the template another name."),
        ("x{{ b }}", "its name becomes 'x/../..'."),
    ],
)
def test_names_of_files_are_checked(
    tmp_path: Path, templates: Path, name: str, reason: str
) -> None:
    """A file of a template takes no name of expcache's, and lies inside of its directory."""

    @experiment(name="rendered.named")
    def named(b: str) -> None:
        pass

    (templates / "input.txt").rename(templates / name)
    (templates / name).write_text("")
    with pytest.raises(RenderError) as caught:
        render(named.sweep([{"b": "/../.."}]), templates, tmp_path / "jobs", command="true")
    assert reason in str(caught.value)


def test_a_parameter_named_run_is_refused(tmp_path: Path) -> None:
    """Templates know the run itself by the name run."""

    @experiment(name="rendered.run")
    def odd(run: int) -> None:
        pass

    with pytest.raises(RenderError, match="Give the parameter another name"):
        render(odd.sweep(grid(run=[1])), None, tmp_path / "jobs", command="true")


def test_a_machine_starts_the_run(tmp_path: Path, templates: Path) -> None:
    """The script of a machine is filled for each run, and must start it."""
    machine = tmp_path / "machine"
    machine.mkdir()
    (machine / "jobscript").write_text("#!/bin/bash\n#BSUB -J n{{ a }}\n./work\n")
    sweep = sweep_of(a=[1])
    with pytest.raises(RenderError, match=r"nothing would submit it\. Add scheduler= or submit="):
        render(sweep, None, tmp_path / "jobs", command="true", machine=machine)
    with pytest.raises(RenderError, match="it never starts the run"):
        render(sweep, None, tmp_path / "jobs", command="true", machine=machine, submit="bsub")
    (machine / "jobscript").write_text("#!/bin/bash\n#BSUB -J n{{ a }}\n{{ run.start }}\n")
    render(sweep, None, tmp_path / "jobs", command="true", machine=machine, submit="bsub")
    script = (tmp_path / "jobs" / sweep[0].id / "jobscript").read_text()
    assert script.startswith("#!/bin/bash\n#BSUB -J n1\ncd ")
    assert script.endswith("sh ./expcache.sh\n")


def test_an_array_has_one_script_for_all(tmp_path: Path, templates: Path) -> None:
    """The template of an array has no values of any run."""
    machine = tmp_path / "jobscript"
    machine.write_text("#!/bin/bash\n#SBATCH --mem={{ a }}\n{{ run.start }}\n")
    with pytest.raises(RenderError, match="line 2: 'a' is undefined"):
        render(sweep_of(), None, tmp_path / "jobs", machine=machine, scheduler="slurm")
    assert not list(tmp_path.glob("jobs/*/"))


def test_long_arrays_are_cut() -> None:
    """No array is longer than what most schedulers allow."""
    slurm = submit_array("slurm", "runs-1.txt", "array-1.sh", 2001)
    assert slurm.splitlines()[-3:] == [
        'sbatch --array=1-1000 "$@" array-1.sh 0 || exit 1',
        'sbatch --array=1-1000 "$@" array-1.sh 1000 || exit 1',
        'sbatch --array=1-1 "$@" array-1.sh 2000 || exit 1',
    ]
    pbs = submit_array("pbs", "runs-1.txt", "array-1.sh", 1001)
    assert pbs.splitlines()[-1] == 'qsub -v EXPCACHE_OFFSET=1000 "$@" array-1.sh || exit 1'


def test_unsaved_experiments_are_refused(tmp_path: Path) -> None:
    """There would be no store to collect into."""

    @experiment(name="rendered.unsaved", save=False)
    def unsaved(a: int) -> int:
        return a

    with pytest.raises(RenderError, match=r"keeps no results \(save=False\)"):
        render(unsaved.sweep(grid(a=[1])), None, tmp_path / "jobs")


def test_nothing_rendered_is_an_error(tmp_path: Path) -> None:
    """To collect from a directory that nothing was rendered into is a mistake."""
    with pytest.raises(RenderError, match=r"nothing was rendered there\. Give the directory"):
        collect(tmp_path)
