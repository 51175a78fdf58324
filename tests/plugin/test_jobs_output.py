"""What is shown of points that other processes compute."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from plugin_project import CHECK, STUDY, Project


def telling(project: Project, statement: str, check: str = CHECK) -> None:
    """Make the project's experiment tell something."""
    project.write(STUDY.replace("    with open", f"    {statement}\n    with open") + check)


def test_the_output_of_a_failed_run_is_shown(project: Project) -> None:
    """What it printed, children included, is captured as that of any test; once."""
    telling(project, "print('fitting', C); __import__('os').system('echo child')")
    project.failing(2)
    result = project.run("--sweep-jobs=2", "-k", "sweep_fit and not accuracy")
    result.stdout.fnmatch_lines(["*- Captured stdout call -*", "fitting 2", "child"])
    for other in ("fitting 1", "fitting 3"):
        result.stdout.no_fnmatch_line(other)
    assert result.stdout.str().count("fitting 2") == 1


def test_output_that_is_not_captured(project: Project) -> None:
    """With ``-s`` it goes where the test's own would go."""
    telling(project, "print('fitting', C)")
    result = project.run("--sweep-jobs=2", "-s")
    result.stdout.fnmatch_lines_random(["*fitting 1", "*fitting 2", "*fitting 3"])


def test_output_of_any_characters(project: Project) -> None:
    """What a terminal cannot show does not fail a test."""
    telling(project, "print('caf\\u00e9 \\udcff', C)")
    project.run("--sweep-jobs=2").assert_outcomes(passed=6)


def test_what_a_worker_prints_does_not_reach_the_terminal(project: Project) -> None:
    """Nothing is shown of runs whose tests pass."""
    telling(project, "print('fitting', C); __import__('os').write(2, b'raw')")
    result = project.run_apart("--sweep-jobs=2")
    result.assert_outcomes(passed=6)
    assert "fitting" not in result.stdout.str()
    assert "raw" not in result.stdout.str() + result.stderr.str()


def test_warnings_are_those_of_the_test(project: Project) -> None:
    """They are in the summary, under the test that had the point computed."""
    telling(project, "import warnings; warnings.warn(f'odd {C}', FutureWarning)")
    result = project.run("--sweep-jobs=2")
    result.assert_outcomes(passed=6, warnings=3)
    result.stdout.fnmatch_lines(
        ["test_study.py::sweep_fit?C:1?", "*test_study.py:7: FutureWarning: odd 1"]
    )


def test_a_warning_that_is_an_error_fails_its_test(project: Project) -> None:
    """Filters of pytest apply to what workers warn of; the result is kept."""
    telling(project, "import warnings; warnings.warn(f'odd {C}', FutureWarning) if C == 2 else 0")
    result = project.run("--sweep-jobs=2", "-Werror")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["odd 2", "FAILED *sweep_fit?C:2? - FutureWarning: odd 2"])
    result.stdout.no_fnmatch_line("*_relay.py*")
    mark = "import pytest\npytestmark = pytest.mark.filterwarnings('ignore')\n"
    path = project.path / "test_study.py"
    path.write_text(mark + path.read_text())
    project.run("--sweep-jobs=2", "--sweep-refresh", "-Werror").assert_outcomes(passed=6)


def test_log_records_are_those_of_the_test(project: Project) -> None:
    """They are shown with a failed test, and ``caplog`` sees them."""
    telling(project, "import logging; logging.getLogger('fit').warning('at %s', C)")
    project.failing(2)
    result = project.run("--sweep-jobs=2", "-k", "not accuracy")
    result.stdout.fnmatch_lines(["*- Captured log call -*", "WARNING  fit:test_study.py:7 at 2"])
    check = "\n@sweep_fit.check\ndef test_log(run, caplog):\n    assert 'at' in caplog.text\n"
    project.failing()
    telling(project, "import logging; logging.getLogger('fit').warning('at %s', C)", check)
    project.run("--sweep-jobs=2", "--sweep-refresh", "-k", "test_log").assert_outcomes(
        passed=3, deselected=3
    )


def test_output_of_stored_runs_is_not_shown_again(project: Project) -> None:
    """What was told once, when it was computed, is not told of a stored result."""
    telling(project, "import warnings; warnings.warn(f'odd {C}')")
    project.run("--sweep-jobs=2").assert_outcomes(passed=6, warnings=3)
    project.run("--sweep-jobs=2").assert_outcomes(passed=6, warnings=0)


def test_the_duration_is_the_run_s_own(project: Project) -> None:
    """Reports tell how long the run took, wherever it was computed; checks do not."""
    telling(project, "__import__('time').sleep(0.3)")
    result = project.run("--sweep-jobs=2", "--durations=0", "--junitxml=junit.xml", "-vv")
    found = re.findall(r"([\d.]+)s call +\S*::(\w+)\[", result.stdout.str())
    seconds = {name: [float(text) for text, one in found if one == name] for _, name in found}
    assert min(seconds["sweep_fit"]) >= 0.3
    assert max(seconds["test_accuracy"]) < 0.3
    times = [
        float(case.attrib["time"])
        for case in ET.parse(project.path / "junit.xml").iter("testcase")
        if case.attrib["name"].startswith("sweep_fit")
    ]
    assert min(times) >= 0.3


def test_properties_tell_the_same_as_without_jobs(checked: Project) -> None:
    """Reports carry the same properties, whoever computed."""
    told = []
    for jobs in ("--sweep-jobs=0", "--sweep-jobs=2"):
        checked.failing(2)
        checked.run(jobs, "--sweep-refresh", "--junitxml=junit.xml")
        told.append(
            sorted(
                (case.attrib["name"], one.attrib["name"], one.attrib["value"])
                for case in ET.parse(checked.path / "junit.xml").iter("testcase")
                for one in case.iter("property")
                if one.attrib["name"] != "expcache.seconds"
            )
        )
    assert told[0] == told[1] != []


def test_the_line_tells_all_that_is_limited(project: Project) -> None:
    """One line before the tests names jobs, way of starting, and limits."""
    result = project.run(
        "--sweep-jobs=2", "--sweep-start-method=spawn", "--sweep-timeout=60", "--sweep-memory=1G"
    )
    result.stdout.fnmatch_lines(
        "expcache: jobs 2 (spawn), at most 60 s a point, 1G of memory a point"
    )


@pytest.mark.parametrize("option", ["-q", "-p no:terminal"])
def test_nothing_more_is_shown_than_was_asked_for(project: Project, option: str) -> None:
    """Quiet sessions stay quiet."""
    result = project.run("--sweep-jobs=2", *option.split())
    result.stdout.no_fnmatch_line("expcache: *")


def test_stop_at_the_first_failure(project: Project) -> None:
    """``-x`` reports no test after a failure; what was computed until then is counted."""
    project.failing(1, 2, 3)
    result = project.run("--sweep-jobs=1", "-x")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("3 of 3 selected points still lack a result")
