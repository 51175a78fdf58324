"""Which executor a word, a configured name or an object stands for."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import expcache
import subjects
from expcache import LocalExecutor, grid
from expcache._executor import FuturesExecutor, executor_for
from expcache._executor._cpus import usable_cpus
from expcache.errors import ExecutorError


def told(raising: Callable[[], Any]) -> str:
    """Return what an ExecutorError says."""
    with pytest.raises(ExecutorError) as caught:
        raising()
    return str(caught.value)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without any configuration, where the test works."""
    (tmp_path / "pyproject.toml").write_text("[tool.expcache]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(home: Path, text: str) -> None:
    """Write the project's configuration."""
    (home / "pyproject.toml").write_text(text)


def offer(monkeypatch: pytest.MonkeyPatch, **made: Any) -> None:
    """Install a package that offers executors, as far as can be seen."""
    offers = [Offer(name, build) for name, build in made.items()]
    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda *, group: offers * (group == "expcache.executors"),
    )


class Offer:
    """An entry point."""

    def __init__(self, name: str, build: Any) -> None:
        """Name what is offered."""
        self.name, self.value, self.build = name, f"package:{name}", build

    def load(self) -> Any:
        """Return what makes the executor."""
        return self.build


@pytest.mark.usefixtures("home")
def test_a_word_makes_an_executor() -> None:
    """The word `local` stands for worker processes, as many as processors if nobody says more."""
    made = expcache.executor("local")
    assert isinstance(made, LocalExecutor)
    assert made.jobs == usable_cpus()
    assert expcache.executor("local", jobs=3).jobs == 3
    assert executor_for(1, "local").jobs == usable_cpus()
    assert executor_for(3, "local").jobs == 3


@pytest.mark.usefixtures("home", "isolated")
def test_a_sweep_is_computed_by_a_word() -> None:
    """`executor=` takes a word, and what was made for it ends with the call."""
    sweep = subjects.square.sweep(grid(x=range(5)))
    assert sweep.run(executor="local", jobs=2).results == [0, 1, 4, 9, 16]
    assert sweep.status()["done"] == 5


def test_a_project_names_executors(home: Path) -> None:
    """A name of the project stands for its kind and options, which a call may replace."""
    configure(home, '[tool.expcache.executors.big]\nkind = "local"\njobs = 5\n')
    assert expcache.executor("big").jobs == 5
    assert expcache.executor("big", jobs=2).jobs == 2
    (home / "deep").mkdir()
    assert expcache.executor("big", start=home / "deep").jobs == 5


def test_a_project_configures_a_word(home: Path) -> None:
    """A table without a kind configures the word that it is named like."""
    configure(home, "[tool.expcache.executors.local]\njobs = 7\n")
    assert expcache.executor("local").jobs == 7


def test_an_unknown_word_is_refused(home: Path) -> None:
    """A word that stands for nothing is refused, with the nearest and all that do."""
    configure(home, '[tool.expcache.executors.big]\nkind = "local"\n')
    assert told(lambda: expcache.executor("bigg")) == (
        "cannot compute with executor 'bigg': there is none of the name 'bigg'. "
        "Do you mean 'big'? There are 'local', 'dask', 'slurm', 'ray', 'mpi', 'big'."
    )
    assert told(lambda: expcache.executor("zzz:1")).startswith(
        "cannot compute with executor 'zzz:1': there is none of the name 'zzz'. There are 'local'"
    )


def test_an_unknown_option_is_refused(home: Path) -> None:
    """An option that the executor does not have is refused, with those that it has."""
    configure(home, '[tool.expcache.executors.big]\nkind = "local"\ncpus = 4\n')
    assert told(lambda: expcache.executor("big")) == (
        "cannot compute with executor 'big': local has no option 'cpus'. "
        "Its options are 'jobs', 'start_method', 'memory'."
    )
    assert "local has no option 'address'" in told(lambda: expcache.executor("local:host"))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[tool.expcache]\nexecutors = 3\n", "cannot use 3 as [tool.expcache.executors] in "),
        (
            "[tool.expcache.executors]\nbig = 'slurm'\n",
            "cannot use 'slurm' as [tool.expcache.executors.big] in ",
        ),
        (
            "[tool.expcache.executors.big]\nkind = 3\n",
            "cannot use {'kind': 3} as [tool.expcache.executors.big] in ",
        ),
    ],
)
def test_a_wrong_configuration_is_refused(home: Path, text: str, error: str) -> None:
    """What is no table of options is refused, with the file and how to write it."""
    configure(home, text)
    said = told(lambda: expcache.executor("big"))
    assert said.startswith(error + repr(str(home / "pyproject.toml")))
    assert said.endswith(
        'it is no table of options. Write kind = "slurm" and options below the name.'
    )


def test_an_unreadable_configuration_is_refused(home: Path) -> None:
    """A file that is no TOML is named."""
    configure(home, "[tool.expcache\n")
    said = told(lambda: expcache.executor("big"))
    assert said.startswith(
        f"cannot read which executors there are from {str(home / 'pyproject.toml')!r}:"
    )
    assert said.endswith("Correct the file.")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("word", "library"),
    [("dask", "distributed"), ("slurm", "submitit"), ("ray", "ray"), ("mpi", "mpi4py")],
)
def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, word: str, library: str
) -> None:
    """Without an engine's library, the extra that brings it is told."""
    if importlib.util.find_spec(f"expcache._executor._{word}") is None:
        pytest.skip("there is no adapter")
    monkeypatch.setitem(sys.modules, library, None)
    assert told(lambda: expcache.executor(word)) == (
        f"cannot compute with executor {word!r}: {library} is not installed. "
        f'Install "expcache[{word}]".'
    )


@pytest.mark.usefixtures("home", "isolated")
def test_packages_offer_executors(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package may offer a pool or an executor of ours, which gets the options."""
    pools: list[ThreadPoolExecutor] = []

    def threads(*, jobs: int = 1, **options: Any) -> ThreadPoolExecutor:
        assert options == {"address": "here:1"}
        pools.append(ThreadPoolExecutor(jobs))
        return pools[0]

    offer(monkeypatch, threads=threads, workers=lambda: LocalExecutor(4))
    assert expcache.executor("workers").jobs == 4
    sweep = subjects.square.sweep(grid(x=range(4)))
    assert sweep.run(executor="threads:here:1", jobs=2).results == [0, 1, 4, 9]
    with pytest.raises(RuntimeError, match="shutdown"):
        pools[0].submit(int)


@pytest.mark.usefixtures("home")
def test_a_package_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a package raises while it makes an executor is passed on."""
    offer(monkeypatch, broken=lambda: 1 / 0, wrong=lambda: 3)
    assert told(lambda: expcache.executor("broken")) == (
        "cannot compute with executor 'broken': package:broken raised ZeroDivisionError: "
        "division by zero. See what its package says."
    )
    assert told(lambda: expcache.executor("wrong")).startswith("cannot compute with 3: it is no")


def test_pools_elsewhere_are_known_by_their_library() -> None:
    """The pool of a library that computes on other machines is sent code by value."""

    class Pool(ThreadPoolExecutor):
        """A pool of parsl, as far as can be seen."""

    Pool.__module__ = "parsl.concurrent"
    with Pool(1) as pool, ThreadPoolExecutor(1) as usual:
        far, near = executor_for(1, pool), executor_for(1, usual)
        assert isinstance(far, FuturesExecutor)
        assert isinstance(near, FuturesExecutor)
        assert ((far.elsewhere, far.apart), (near.elsewhere, near.apart)) == (
            (True,) * 2,
            (False,) * 2,
        )
