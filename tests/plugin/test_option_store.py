"""``--sweep-store`` and where results are kept without it."""

from __future__ import annotations

import pytest

import expcache
from plugin_project import STUDY, Project


def test_the_store_is_in_the_root_directory(project: Project) -> None:
    """Wherever pytest is started, results are in ``.expcache`` of the root directory."""
    project.path.joinpath("below").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.path / "below")
        project.path.joinpath("below/failing.txt").touch()
        project.run("..").assert_outcomes(passed=3)
    assert project.path.joinpath(".expcache").is_dir()
    assert not project.path.joinpath("below/.expcache").exists()


@pytest.mark.parametrize("options", [(), ("-p", "no:cacheprovider")])
def test_the_option(project: Project, options: tuple[str, ...]) -> None:
    """The option names another directory, relative to where pytest was started."""
    result = project.run("--sweep-store=elsewhere", *options)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines("expcache: store elsewhere")
    assert project.path.joinpath("elsewhere").is_dir()
    assert not project.path.joinpath(".expcache").exists()


def test_the_ini_name(project: Project) -> None:
    """The ini file may name it, relative to itself; the option wins."""
    project.path.joinpath("pyproject.toml").write_text(
        "[tool.pytest.ini_options]\nsweep_store = 'kept'\n"
    )
    project.run().stdout.fnmatch_lines("expcache: store kept")
    project.run("--sweep-store=mine").stdout.fnmatch_lines("expcache: store mine")


def test_the_environment_variable(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """``EXPCACHE_STORE`` is heard, and shown in full where it lies outside."""
    monkeypatch.setenv("EXPCACHE_STORE", str(project.path.parent / "outside"))
    project.run().stdout.fnmatch_lines(f"expcache: store {project.path.parent / 'outside'}")


def test_a_store_in_memory(project: Project) -> None:
    """``:memory:`` keeps nothing."""
    project.run("--sweep-store=:memory:").assert_outcomes(passed=3)
    assert not list(project.path.glob("*memory*"))


def test_what_a_conftest_chose_stays(project: Project) -> None:
    """A conftest file that calls ``use`` has chosen; the option still wins."""
    project.write(
        "import expcache\nchosen = expcache.use('chosen')\n"
        "def pytest_unconfigure():\n    chosen.__exit__(None, None, None)\n",
        "conftest.py",
    )
    project.run().stdout.fnmatch_lines("expcache: store chosen")
    project.run("--sweep-store=mine").stdout.fnmatch_lines("expcache: store mine")


def test_a_session_leaves_no_trace(project: Project) -> None:
    """The store that was in use before a session is in use after it."""
    with expcache.use(":memory:") as store:
        project.run("--sweep-store=elsewhere").assert_outcomes(passed=3)
        with expcache.use(None):
            pass
        assert expcache.use(store).__enter__() is store


def test_an_empty_name_is_refused(project: Project) -> None:
    """A store without a name is a usage error."""
    result = project.run("--sweep-store=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: cannot use '' as --sweep-store: it names no directory. Give a path, or leave the"
        " option out."
    )


@pytest.mark.parametrize("options", [(), ("-q",), ("-p", "no:cacheprovider")])
def test_a_store_that_cannot_be_made(checked: Project, options: tuple[str, ...]) -> None:
    """A session whose results could not be kept ends before it computes the first."""
    result = checked.run("--sweep-store=failing.txt/below", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.assert_outcomes()
    output = str(result.stdout)
    assert "cannot create the store" in output
    assert "Use a directory that you can write to: expcache.use(path)" in output
    result.stdout.fnmatch_lines("*3 of 3 selected points still lack a result")
    assert checked.computed() == []


def test_a_variable_that_names_no_store(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same holds wherever the store is named."""
    monkeypatch.setenv("EXPCACHE_STORE", str(project.path / "failing.txt" / "below"))
    assert project.run().ret == pytest.ExitCode.USAGE_ERROR
    assert project.run("--sweep-refresh").ret == pytest.ExitCode.USAGE_ERROR
    assert project.computed() == []


@pytest.mark.parametrize("option", ["--collect-only", "--sweep-status", "--setup-plan"])
def test_what_computes_nothing_needs_no_store(project: Project, option: str) -> None:
    """Looking needs no store, and makes none."""
    result = project.run("--sweep-store=failing.txt/below", option)
    assert result.ret == pytest.ExitCode.OK
    project.run("--sweep-store=new", option)
    assert not project.path.joinpath("new").exists()


def test_a_store_that_workers_cannot_make(project: Project) -> None:
    """Under xdist each worker fails one test with the reason, and the session is over."""
    pytest.importorskip("xdist")
    project.write(STUDY.replace("[1, 2, 3]", "range(40)"))
    result = project.run_apart("-n2", "--sweep-store=failing.txt/below")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["cannot create the store *", "*xdist.dsession.Interrupted: cannot create the store *"]
    )
    result.stdout.no_fnmatch_line("*crashed*")
    assert project.computed() == []


def test_a_file_is_no_store(project: Project) -> None:
    """A path that cannot be a store is an error of collection, before anything runs."""
    result = project.run("--sweep-store=failing.txt")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("cannot use '*failing.txt' as a store: it is a file.*")
    assert project.computed() == []
