"""``--sweep-store`` and where results are kept without it."""

from __future__ import annotations

import pytest

import expcache
from plugin_project import Project


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


def test_a_file_is_no_store(project: Project) -> None:
    """A path that cannot be a store is an error of collection, before anything runs."""
    result = project.run("--sweep-store=failing.txt")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("cannot use '*failing.txt' as a store: it is a file.*")
    assert project.computed() == []
