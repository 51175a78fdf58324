"""``--sweep-stale``: what becomes of points that are stored for other code only."""

from __future__ import annotations

import pytest

import expcache
from plugin_project import CHECK, STUDY, Project

EDITED = STUDY.replace("C / 10", "C / 10 + 0 * C")
MODES = [[], ["--sweep-jobs=2"], ["--sweep-resume"], ["--sweep-resume", "--sweep-jobs=2"]]


def edited(project: Project) -> Project:
    """Compute points 1 and 2, edit the experiment, and compute point 1 again."""
    project.write(STUDY + CHECK)
    project.run("-k", "C:1 or C:2")
    project.write(EDITED + CHECK)
    project.run("-k", "C:1")
    project.computed()
    return project


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_stale_points_are_reused(project: Project, mode: list[str]) -> None:
    """Their tests pass as STALE, their checks run, the table counts them; the rest is computed."""
    result = edited(project).run("--sweep-stale=reuse", "-v", *mode)
    result.assert_outcomes(passed=6)
    assert project.computed() == [3]
    result.stdout.fnmatch_lines_random(
        [
            "*::sweep_fit?C:1? CACHED*",
            "*::sweep_fit?C:2? STALE*",
            "*::sweep_fit?C:3? PASSED*",
            "*::test_accuracy?C:2? PASSED*",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "sweep      points  computed  cached  stale  failed  missing  *",
            "sweep_fit       3         1       1      1       0        0  *",
            "0 of 3 selected points still lack a result; 1 stale result reused",
        ]
    )


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_stale_points_are_errors(project: Project, mode: list[str]) -> None:
    """Each stale point and its checks fail with the reason alone; the others go on."""
    result = edited(project).run("--sweep-stale=error", *mode)
    result.assert_outcomes(passed=4, failed=2)
    assert project.computed() == [3]
    result.stdout.fnmatch_lines(
        [
            "*_ sweep_fit?C:2? _*",
            "cannot give the result of test_study.fit(C=2): it is stored for other code only: *",
            "sweep      points  computed  cached  stale  failed  missing  *",
            "sweep_fit       3         1       1      1       0        0  *",
            "1 of 3 selected points still lack a result",
            "FAILED *::sweep_fit?C:2? - stale: function test_study.fit *",
        ]
    )
    remedy = (
        "*(run ????????). Compute it with --sweep-stale=recompute, or take what is stored with"
        " --sweep-stale=reuse. If the change changes no result: --sweep-accept."
    )
    result.stdout.fnmatch_lines(remedy)
    for shown in ("Traceback", "_runs.py", "failed in this session already"):
        result.stdout.no_fnmatch_line(f"*{shown}*")


@pytest.mark.parametrize("stale", ["reuse", "error"])
def test_workers_of_xdist_follow_it(project: Project, stale: str) -> None:
    """Under ``pytest -n`` the outcome and the summary are the same."""
    pytest.importorskip("xdist")
    result = edited(project).run_apart(f"--sweep-stale={stale}", "-n2")
    assert project.computed() == [3]
    if stale == "reuse":
        result.assert_outcomes(passed=6)
        result.stdout.fnmatch_lines("*still lack a result; 1 stale result reused")
    else:
        result.assert_outcomes(passed=4, failed=2)
        result.stdout.fnmatch_lines("1 of 3 selected points still lack a result")


def test_stale_points_are_computed_by_default(project: Project) -> None:
    """Without the option, and with ``recompute``, they are computed; no column speaks of them."""
    edited(project).run("--sweep-stale=recompute", "-k", "C:2").assert_outcomes(
        passed=2, deselected=4
    )
    assert project.computed() == [2]
    result = project.run()
    assert project.computed() == [3]
    result.stdout.no_fnmatch_line("sweep *stale*")
    result.stdout.no_fnmatch_line("*reused*")


def test_the_letter(project: Project) -> None:
    """``S`` is a stale point that passed; ``-q`` tells their number."""
    result = edited(project).run("--sweep-stale=reuse", "-q", "-k", "C:1 or C:2")
    result.stdout.fnmatch_lines("cS..*")
    result.stdout.fnmatch_lines("sweeps: 0 of 2 selected points still*; 1 stale result reused")


def test_the_ini_name(project: Project) -> None:
    """``sweep_stale`` is the same, and the option goes before it."""
    edited(project).write("[tool.pytest.ini_options]\nsweep_stale = 'reuse'\n", "pyproject.toml")
    project.run("-k", "C:2").stdout.fnmatch_lines("*; 1 stale result reused")
    project.run("-k", "C:2", "--sweep-stale=error").assert_outcomes(failed=2, deselected=4)
    project.run("-k", "C:2", "--sweep-refresh").assert_outcomes(passed=2, deselected=4)
    assert project.computed() == [2]


def test_what_a_study_chose_holds_without_the_option(project: Project) -> None:
    """A session that says nothing does what ``use(stale=...)`` says; calls in checks do too."""
    edited(project).write("import expcache\nexpcache.use(stale='reuse')\n", "conftest.py")
    try:
        project.run("-k", "C:2").stdout.fnmatch_lines("*; 1 stale result reused")
        project.run("-k", "C:2", "--sweep-stale=error").assert_outcomes(failed=2, deselected=4)
    finally:
        expcache._stale.choose_stale(None)


def test_calls_in_tests_do_not_follow_the_option(project: Project) -> None:
    """What a check calls by itself is computed: the option speaks of points."""
    edited(project).write(
        EDITED + "@sweep_fit.check\ndef test_call(run):\n    fit(run.params['C'])\n"
    )
    project.run("-k", "C:2", "--sweep-stale=reuse").assert_outcomes(passed=2, deselected=4)
    assert project.computed() == [2]


def test_a_fixture_that_holds_the_run_sees_the_result(project: Project) -> None:
    """The handle that a fixture got before the call gives the reused result after it."""
    fixture = """
import pytest

@pytest.fixture(autouse=True)
def told(request):
    run = request.getfixturevalue("run")
    yield
    print("told", run.result["accuracy"], run.reused)
"""
    edited(project).write(EDITED + CHECK + fixture)
    result = project.run("-k", "C:2 and not accuracy", "--sweep-stale=reuse", "-s")
    result.stdout.fnmatch_lines("*told 0.2 True*")


def test_other_params_are_computed(project: Project) -> None:
    """A changed default is other params under the same id, which no stored result is of."""
    text = STUDY.replace("def fit(C)", "def fit(C, scale=10)").replace("C / 10", "C / scale")
    project.write(text)
    project.run()
    project.computed()
    project.write(text.replace("scale=10", "scale=20"))
    result = project.run("--sweep-stale=reuse")
    assert project.computed() == [1, 2, 3]
    result.stdout.no_fnmatch_line("*reused*")


def test_reusing_writes_nothing(project: Project) -> None:
    """A session that reuses all points leaves the store as it was."""
    project.run()
    project.write(EDITED)
    before = project.run("--sweep-status").outlines[-4:-1]
    project.run("--sweep-stale=reuse").assert_outcomes(passed=3)
    assert project.run("--sweep-status").outlines[-4:-1] == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--sweep-stale=never"],
            "cannot use 'never' as --sweep-stale: there is no such policy. Give one of *",
        ),
        (
            ["--sweep-refresh", "--sweep-stale=reuse"],
            "cannot combine --sweep-refresh with --sweep-stale: one computes every point, *",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    project: Project, arguments: list[str], message: str
) -> None:
    """An unknown word, and a contradiction, are usage errors that say what to do."""
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: {message}")
    assert project.computed() == []
