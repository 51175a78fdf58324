"""How sweeps and their checks become tests."""

from __future__ import annotations

import pytest

from plugin_project import CHECK, STUDY, Project


def listed(result: pytest.RunResult) -> list[str]:
    """Return the node ids that ``--collect-only -q`` prints."""
    return [line for line in result.outlines if "::" in line]


def test_a_sweep_is_a_test_for_every_point(project: Project) -> None:
    """A sweep is collected whatever its name, one test a point, and nothing runs by it."""
    result = project.run("--collect-only", "-q")
    assert listed(result) == [f"test_study.py::sweep_fit[C:{C}]" for C in (1, 2, 3)]
    assert project.computed() == []
    assert not project.path.joinpath(".expcache").exists()


def test_a_check_is_a_test_for_every_point(checked: Project) -> None:
    """A check has the same ids as its sweep."""
    result = checked.run("--collect-only", "-q", "-k", "test_accuracy")
    assert listed(result) == [f"test_study.py::test_accuracy[C:{C}]" for C in (1, 2, 3)]


def test_a_check_takes_fixtures_and_parameters(project: Project) -> None:
    """A check is an ordinary test: fixtures, parametrize and classes work with it."""
    project.write(
        STUDY
        + """
import pytest

class TestFit:
    @pytest.mark.parametrize("bound", [0, -1])
    @sweep_fit.check
    def test_bound(self, run, bound, tmp_path):
        assert run.result["accuracy"] > bound
        assert tmp_path.is_dir()
"""
    )
    project.run("-k", "bound").assert_outcomes(passed=6, deselected=3)
    assert project.computed() == [1, 2, 3]


def test_a_sweep_named_on_the_command_line(project: Project) -> None:
    """The node ids of all points, and of one, are what pytest's users expect."""
    project.run("test_study.py::sweep_fit").assert_outcomes(passed=3)
    project.run("test_study.py::sweep_fit[C:2]").assert_outcomes(passed=1)


def test_a_sweep_imported_into_a_test_file_is_collected(project: Project) -> None:
    """A library's sweep becomes tests where it is imported."""
    project.write(STUDY, "library.py")
    project.write("from library import sweep_fit\n")
    project.run().assert_outcomes(passed=3)


def test_a_sweep_may_be_kept_from_pytest(project: Project) -> None:
    """``__test__ = False`` is pytest's own way to say so."""
    project.write(STUDY + "\nsweep_fit.__test__ = False\n")
    project.run().assert_outcomes()


def test_marks_on_a_sweep(project: Project) -> None:
    """A mark around a sweep, or in its ``pytestmark``, is a mark of all of its tests."""
    project.write(STUDY + "\nimport pytest\npytest.mark.skip(reason='later')(sweep_fit)\n")
    project.run().assert_outcomes(skipped=3)


def test_an_empty_sweep_is_skipped(project: Project) -> None:
    """A sweep without points is told of as pytest tells of any empty parameter set."""
    project.write(STUDY.replace("[1, 2, 3])", "[1]).filter(lambda C: C > 1)"))
    project.run().assert_outcomes(skipped=1)


def test_a_sweep_in_a_class_is_refused(project: Project) -> None:
    """A sweep in a class body would get the instance as its run: an error says what to do."""
    project.write(STUDY + "\nclass TestFit:\n    sweep = fit.sweep(grid(C=[1]))\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        "cannot collect sweep 'sweep' in class TestFit: pytest would pass the instance as its"
        " first argument. Define it at module level."
    )


def test_a_check_without_run_is_refused(project: Project) -> None:
    """A check that takes no run says so when it is collected."""
    project.write(STUDY + "\n@sweep_fit.check\ndef test_it():\n    pass\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        "cannot check a sweep with 'test_it': it takes no argument 'run'. Add it: def test_it(run)."
    )


def test_a_point_that_does_not_fit_is_an_error_of_collection(project: Project) -> None:
    """A misspelt parameter is told by its message alone, before anything runs."""
    project.write(STUDY.replace("grid(C=", "grid(c="))
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("sweep_fit: cannot *")
    result.stdout.no_fnmatch_line("*_collect.py*")
    assert project.computed() == []


def test_a_value_without_identity_is_an_error_of_collection(project: Project) -> None:
    """A value that cannot be identified is told by its message alone."""
    project.write(STUDY.replace("[1, 2, 3]", "[object()]"))
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("sweep_fit: cannot *")


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_every_import_mode_agrees(project: Project, mode: str) -> None:
    """A result is found again whichever way pytest imports the file."""
    project.run()
    assert project.computed() == [1, 2, 3]
    project.run(f"--import-mode={mode}", "--strict-markers", "--strict-config").assert_outcomes(
        passed=3
    )
    assert project.computed() == []


def test_setup_plan_computes_nothing(checked: Project) -> None:
    """``--setup-plan`` and ``--setup-only`` show what would be set up, and run nothing."""
    result = checked.run("--setup-plan")
    result.stdout.fnmatch_lines("*SETUP*F run?sweep_fit?0??")
    checked.run("--setup-only", "--sweep-resume")
    assert checked.computed() == []


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("sweep_fit", 6),
        ("test_accuracy", 3),
        ("C:2", 2),
        ("sweep_fit and not test_accuracy and C:3", 1),
    ],
)
def test_keywords(checked: Project, expression: str, selected: int) -> None:
    """``-k`` selects by the sweep's name, in checks too, and by parameters."""
    checked.run("-k", expression).assert_outcomes(passed=selected, deselected=6 - selected)


def test_a_run_id_is_a_keyword(checked: Project) -> None:
    """The id that a record carries selects its tests, and so does its beginning."""
    checked.write(STUDY + CHECK + "\nprint('id', sweep_fit.ids[1])\n")
    result = checked.run("-s", "--collect-only", "-q")
    run_id = next(line.split()[1] for line in result.outlines if line.startswith("id "))
    for keyword in (run_id, run_id[:10]):
        result = checked.run("--collect-only", "-q", "-k", keyword)
        assert listed(result) == [
            "test_study.py::sweep_fit[C:2]",
            "test_study.py::test_accuracy[C:2]",
        ]


def test_the_sweep_mark(checked: Project) -> None:
    """``-m sweep`` selects all tests of points, and no other test."""
    checked.write(STUDY + CHECK + "\ndef test_other():\n    pass\n")
    checked.run("-m", "not sweep").assert_outcomes(passed=1, deselected=6)


@pytest.mark.skipif(pytest.version_tuple < (8, 3), reason="-m takes arguments since pytest 8.3")
@pytest.mark.parametrize(
    ("expression", "selected"),
    [("point(C=2)", 1), ("point(x='0.5')", 2), ("sweep(name='sweep_fit')", 4), ("point(C=9)", 0)],
)
def test_the_point_mark(project: Project, expression: str, selected: int) -> None:
    """``-m`` selects by exact values, floats as texts."""
    project.write(
        STUDY.replace("fit(C)", "fit(C, x)").replace("C=[1, 2, 3]", "C=[1, 2], x=[0.5, 1.5]")
    )
    if selected == 1:
        expression += " and point(x='1.5')"
    result = project.run("--strict-markers", "--collect-only", "-q", "-m", expression)
    assert len(listed(result)) == selected


def test_a_method_of_a_dataclass_is_swept(project: Project) -> None:
    """The instance is a parameter that is not in the point."""
    project.write(
        """
from dataclasses import dataclass
from expcache import experiment, grid

@dataclass(frozen=True)
class Model:
    size: int

    @experiment
    def fit(self, C):
        return self.size * C

sweep_model = Model(2).fit.sweep(grid(C=[1, 2]))

@sweep_model.check
def test_size(run):
    assert run.result == 2 * run.params["C"]
"""
    )
    project.run().assert_outcomes(passed=4)
