"""Workers that share nothing with the sender but the network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import expcache
from executor_cells import until
from islands import HUB, Island, archipelago, missing

pytest.importorskip("distributed")

PATIENCE = 120.0
NAMES = ["near", "far"]
SOURCE = Path(expcache.__file__).parents[1]
PROJECT = {
    "parts.py": """
class Grain:
    def __init__(self, grams):
        self.grams = grams


def scale(x):
    return Grain(10 * x)
""",
    "layers/__init__.py": "",
    "layers/deep.py": """
def deep(x):
    return 100 * x
""",
    "study.py": """
import importlib.util
import os

import parts
from expcache import experiment


@experiment
def seen(x, places):
    from layers.deep import deep

    return {
        "value": parts.scale(x).grams + deep(x),
        "finds": [name for name in ("parts", "study") if importlib.util.find_spec(name)],
        "there": [place for place in places if os.path.exists(place)],
        "network": os.readlink("/proc/self/ns/net"),
    }
""",
    "program.py": """
import json
import sys

import expcache
from distributed import Client
from study import seen

address, places, names = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:]
with Client(address, set_as_default=False) as client:
    client.wait_for_workers(len(names), timeout=100)
for x, name in enumerate(names):
    with expcache.executor("dask:" + address, **{name: 1}) as executor:
        seen.sweep(expcache.grid(x=[x], places=[places])).run(executor=executor)
sweep = seen.sweep(expcache.grid(x=range(8), places=[places]))
print(json.dumps([sweep.status()["done"], sweep.run(executor="dask:" + address).ids]))
""",
}


class Site:
    """A sender and a scheduler on one island, and a worker on each of the others."""

    def __init__(self, islands: list[Island], project: Path, abroad: Path) -> None:
        """Start the scheduler and the workers.

        Args:
            islands: the first is the sender's.
            project: the directory of the sender.
            abroad: that of each worker, which is empty.
        """
        self.project = project
        self.home, *others = islands
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log, file = project / "log", project / "scheduler.json"
        options = ["--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        self.start(self.home, project, "dask_scheduler", "--host", HUB, *options)
        told = re.compile(r'"address": "(.*?)"')
        assert until(lambda: self.ended() or (file.exists() and told.search(file.read_text())))
        assert not self.ended(), self.log.read_text()
        self.address = told.findall(file.read_text())[0]
        for island in others:
            words = ["--nthreads", "1", "--no-dashboard", "--resources", f"{island.name}=1"]
            self.start(island, abroad, "dask_worker", self.address, *words)

    def start(self, island: Island, place: Path, module: str, *words: str) -> None:
        """Start a part of Dask in a directory of an island."""
        command = [sys.executable, "-m", f"distributed.cli.{module}", *words]
        with self.log.open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    island.within(place, *command),
                    env={**self.environment, "PYTHONWARNINGS": "ignore"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )

    def ended(self) -> bool:
        """Tell whether a part of Dask has ended."""
        return any(process.poll() is not None for process in self.processes)

    @property
    def environment(self) -> dict[str, str]:
        """What programs are started with: they find expcache, and no file of the tests."""
        return {**os.environ, "PYTHONPATH": str(SOURCE), "EXPCACHE_STORE": str(self.store)}

    @property
    def store(self) -> Path:
        """The sender's."""
        return self.project / "store"

    def compute(self, places: list[Path]) -> tuple[int, list[str]]:
        """Compute the sweep; return what each worker alone has done of it, and the ids."""
        words = [self.address, json.dumps([str(place) for place in places]), *NAMES]
        told = subprocess.run(
            self.home.within(self.project, sys.executable, "program.py", *words),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert told.returncode == 0, told.stderr + self.log.read_text()
        done, ids = json.loads(told.stdout.splitlines()[-1])
        return done, ids


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A project on an island, and workers on others, which have no directory of the tests."""
    if reason := missing():
        pytest.skip(reason)
    project = tmp_path_factory.mktemp("project")
    for name, text in PROJECT.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    hidden = [Path(__file__).parent, tmp_path_factory.getbasetemp()]
    with archipelago("home", *NAMES, hidden=hidden) as islands:
        made = Site(islands, project, hidden[1])
        yield made
    for process in made.processes:
        process.wait(PATIENCE)


def test_workers_need_nothing_but_the_network(site: Site) -> None:
    """Code goes there and results come back, though no file is seen on both sides."""
    places = [site.project, site.store, Path(__file__), *Path(__file__).parent.glob("*.py")]
    done, ids = site.compute(places)
    runs = expcache.load(ids, store=site.store)
    assert [run.error for run in runs] == [None] * 8
    assert done == len(NAMES)
    assert [run.result["value"] for run in runs] == [110 * x for x in range(8)]
    assert [run.host for run in runs[: len(NAMES)]] == NAMES
    assert {run.host for run in runs} <= {*NAMES}
    for run in runs:
        assert run.result["finds"] == run.result["there"] == []
    networks = {run.result["network"] for run in runs} | {str(Path("/proc/self/ns/net").readlink())}
    assert len(networks) == len(NAMES) + 1
