"""``--sweep-audit``: compute stored points once more, and compare."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from expcache._audit._sample import sample
from plugin_project import CHECK, STUDY, Project
from pytest_expcache._sample import Sample

SHIFTED = STUDY.replace(
    'return {"accuracy": C / 10}',
    'shift = Path("shift.txt").read_text().split()\n'
    '    return {"accuracy": C / 10 + (str(C) in shift)}',
)


def shift(project: Project, *points: int) -> None:
    """Say which points come out differently from now on."""
    (project.path / "shift.txt").write_text(" ".join(map(str, points)))


def content(project: Project) -> list[tuple[object, ...]]:
    """Return all that is stored."""
    (database,) = project.path.glob(".expcache/**/cache.db")
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT key, value FROM Cache ORDER BY key").fetchall()


@pytest.fixture
def stored(project: Project) -> Project:
    """A project whose three points are stored, and whose results can be made to change."""
    project.write(SHIFTED + CHECK)
    shift(project)
    project.run().assert_outcomes(passed=6)
    project.computed()
    return project


MODES = [(), ("--sweep-jobs=2",), ("--sweep-resume",), ("--sweep-resume", "--sweep-jobs=2")]


@pytest.mark.parametrize("options", MODES, ids=" ".join)
def test_a_sample_is_computed_once_more(stored: Project, options: tuple[str, ...]) -> None:
    """The sample is computed and compared once, whatever else the session does; all is the same."""
    before = content(stored)
    result = stored.run("--sweep-audit=2", "-v", *options)
    result.assert_outcomes(passed=6)
    assert len(stored.computed()) == 2
    words = [line for line in result.outlines if "sweep_fit[" in line]
    assert sum("AUDITED" in line for line in words) == 2
    assert sum("CACHED" in line for line in words) == 1
    result.stdout.fnmatch_lines(
        [
            "sweep_fit       3         0       3       0        0 *",
            "audit: 2 stored points computed once more, none differ",
            "0 of 3 selected points still lack a result",
        ]
    )
    assert content(stored) == before


@pytest.mark.parametrize("options", MODES, ids=" ".join)
def test_a_difference_fails(stored: Project, options: tuple[str, ...]) -> None:
    """A point that comes out differently fails with the difference alone; nothing is written."""
    shift(stored, 2)
    before = content(stored)
    result = stored.run("--sweep-audit=100%", *options)
    result.assert_outcomes(passed=5, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*_ sweep_fit?C:2? _*",
            "not as stored: result?'accuracy'?: 0.2 -> 1.2 (difference 1, relative 5)",
            "run ????????????????????????????????, computed on * at ????-??-?? ??:??",
            "audit: 3 stored points computed once more, 1 differs",
            "  either the runs are not deterministic: make the seed a parameter;",
            "  or they depend on what is not seen: name it in depends=.",
            "  --sweep-refresh stores the new results.",
            "0 of 3 selected points still lack a result",
            "FAILED test_study.py::sweep_fit?C:2? - audit: result?'accuracy'? 0.2 -> 1.2",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "hidden" not in result.stdout.str()
    assert "_auditor.py" not in result.stdout.str()
    assert sorted(stored.computed()) == [1, 2, 3]
    assert content(stored) == before
    stored.run().assert_outcomes(passed=6)


@pytest.mark.parametrize("options", [(), ("--sweep-jobs=2",)], ids=" ".join)
def test_a_run_that_fails_now_fails(stored: Project, options: tuple[str, ...]) -> None:
    """A stored point that raises when it is computed once more fails with what it raised."""
    stored.failing(3)
    result = stored.run("--sweep-audit=1.0", *options)
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(
        [
            "not as stored: the run fails with ZeroDivisionError: no fit at 3",
            '*raise ZeroDivisionError(f"no fit at {C}")',
            "FAILED *sweep_fit?C:3? - audit: the run fails with ZeroDiv*",
        ]
    )
    stored.run("--sweep-status").stdout.fnmatch_lines("sweep_fit       3     3 *")


def test_only_what_is_stored_is_audited(stored: Project) -> None:
    """Points without a result are computed as ever, and not a second time."""
    stored.write(SHIFTED.replace("[1, 2, 3]", "[1, 2, 3, 4]"))
    result = stored.run("--sweep-audit=0.99", "-v")
    result.assert_outcomes(passed=4)
    assert sorted(stored.computed()) == [1, 2, 3, 4]
    result.stdout.fnmatch_lines("*sweep_fit?C:4? PASSED*")


def test_a_check_alone_audits_too(stored: Project) -> None:
    """Where only checks are selected, the first one of a point audits it."""
    shift(stored, 1)
    result = stored.run("--sweep-audit=3", "-k", "test_accuracy")
    result.assert_outcomes(passed=2, failed=1, deselected=3)
    assert sorted(stored.computed()) == [1, 2, 3]


def test_accepted_points_are_audited(stored: Project) -> None:
    """Results of older code that count, even since this session, are audited like any other."""
    stored.write((SHIFTED + CHECK).replace("C / 10 +", "C / 10 + 0 +"))
    shift(stored, 2)
    for options in (("--sweep-accept",), ()):
        result = stored.run("--sweep-audit=100%", *options)
        result.assert_outcomes(passed=5, failed=1)
        result.stdout.fnmatch_lines(
            [
                "accepted by * at ????-??-?? ??:??*: run.acceptance.undo() takes that back",
                "audit: 3 stored points computed once more, 1 differs",
            ]
        )
        assert stored.computed() == [1, 2, 3]


@pytest.mark.parametrize("options", [(), ("-q",), ("--sweep-jobs=2",)], ids=" ".join)
def test_an_audit_of_nothing_says_so(project: Project, options: tuple[str, ...]) -> None:
    """A session that was to audit and could not says why, in every verbosity."""
    project.write(STUDY)
    result = project.run("--sweep-audit=100%", *options)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines("*audit: no stored points to audit (3 missing)")
    project.write(STUDY.replace("C / 10", "C / 11").replace("3]", "3, 4]"))
    result = project.run("--sweep-audit=1", *options)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines("*audit: no stored points to audit (3 stale, 1 missing)")
    project.run(*options).stdout.no_fnmatch_line("*audit: *")


def test_an_audit_is_told_in_few_words_too(stored: Project) -> None:
    """With ``-q``, the line of the audit is printed as well."""
    shift(stored, 2)
    result = stored.run("--sweep-audit=100%", "-q")
    result.stdout.fnmatch_lines("audit: 3 stored points computed once more, 1 differs")


def test_what_could_not_be_audited(stored: Project) -> None:
    """Points that were chosen and not audited, as their tests did not run, are no success."""
    stored.write("import pytest\n" + SHIFTED + "\n\n@sweep_fit.check\ndef test_it(run): pass\n")
    (stored.path / "test_a.py").write_text("def test_a(): assert False\n")
    result = stored.run("--sweep-audit=2", "-x")
    result.stdout.fnmatch_lines("audit: none of 3 stored points computed once more")


def test_selection_narrows_the_sample(stored: Project) -> None:
    """Only selected points are audited."""
    stored.run("--sweep-audit=100%", "-k", "C:2").assert_outcomes(passed=2, deselected=4)
    assert stored.computed() == [2]


def test_a_rerun_audits_again(stored: Project) -> None:
    """A test that failed for a difference is audited again when it is run again."""
    pytest.importorskip("pytest_rerunfailures")
    shift(stored, 2)
    stored.run("--sweep-audit=100%", "--reruns=1", "-k", "sweep_fit and C:2 and not accuracy")
    assert stored.computed() == [2, 2]


def test_expected_differences(stored: Project) -> None:
    """A mark for an expected failure covers a difference too."""
    shift(stored, 2)
    study = SHIFTED.replace("fit.sweep(", "pytest.mark.xfail(fit.sweep(").replace("3]))", "3])))")
    stored.write(f"import pytest\n{study}")
    result = stored.run("--sweep-audit=100%")
    result.assert_outcomes(xfailed=1, xpassed=2)


@pytest.mark.parametrize("options", [(), ("--sweep-jobs=2",)], ids=" ".join)
def test_damaged_records_are_computed_as_ever(stored: Project, options: tuple[str, ...]) -> None:
    """A point whose record is damaged is computed and stored anew: there is nothing to compare."""
    stored.damage()
    result = stored.run("--sweep-audit=100%", "-v", *options)
    assert result.parseoutcomes()["passed"] == 6
    result.stdout.no_fnmatch_line("*AUDITED*")
    stored.run("--sweep-status").stdout.fnmatch_lines("sweep_fit       3     3 *")


def test_xdist(stored: Project) -> None:
    """Under ``-n``, the workers audit the same sample, and the table tells of it."""
    pytest.importorskip("xdist")
    shift(stored, 2)
    result = stored.run("--sweep-audit=100%", "-n", "2")
    result.assert_outcomes(passed=5, failed=1)
    assert sorted(stored.computed()) == [1, 2, 3]
    result.stdout.fnmatch_lines(["audit: 3 stored points computed once more, 1 differs"])
    stored.write((SHIFTED + CHECK).replace("C / 10 +", "C / 11 +"))
    result = stored.run("--sweep-audit=100%", "-n", "2")
    result.stdout.fnmatch_lines(["audit: no stored points to audit (3 stale)"])


def test_the_ini_name(stored: Project) -> None:
    """The ini name says what the option says, which has the last word."""
    ini = stored.path / "pyproject.toml"
    ini.write_text('[tool.pytest.ini_options]\nsweep_audit = "34%"\n')
    stored.run().assert_outcomes(passed=6)
    assert len(stored.computed()) == 2
    stored.run("--sweep-audit=0").assert_outcomes(passed=6)
    assert stored.computed() == []


def test_nothing_runs_where_nothing_shall_run(stored: Project) -> None:
    """Looking at the status, or collecting only, audits nothing."""
    stored.run("--sweep-audit=100%", "--sweep-status")
    stored.run("--sweep-audit=100%", "--collect-only")
    stored.run("--sweep-audit=100%", "--setup-plan")
    assert stored.computed() == []


@pytest.mark.parametrize("text", ["many", "1.1", "101%", "-1", "-0.1", "nan", "%"])
def test_what_is_no_sample(project: Project, text: str) -> None:
    """What is neither a share nor a number of points is a usage error."""
    result = project.run(f"--sweep-audit={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"ERROR: cannot use '{text}' as --sweep-audit: it is neither a share nor a number of"
        " points. Give one such as 10%, 0.1 or 5."
    )


def test_audit_and_refresh_contradict_each_other(project: Project) -> None:
    """The two together are a usage error that says why."""
    result = project.run("--sweep-audit=1", "--sweep-refresh")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: cannot combine --sweep-audit with --sweep-refresh: one compares what is stored,"
        " the other replaces it. Leave one of them out."
    )


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_sample_is_that_of_the_library(share: float, seed: int) -> None:
    """The option takes the points that ``Sweep.audit`` takes for the same share and seed."""
    ids = [f"{i:032x}" for i in range(100)]
    assert Sample(share, 0, str(seed), 0.0, 0.0).choose(ids) == sample(ids, share, seed)
