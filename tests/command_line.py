"""What the tests of the command share: a store with runs of three experiments."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from expcache import use
from expcache.cli import cli

STUDY = """
import logging
import warnings

from expcache import experiment, grid


@experiment(tags="demo")
def fit(C: float, gamma: float = 0.001, label: str = "a b") -> dict:
    print("fitting", C)
    logging.getLogger("fitting").warning("careful with %s", C)
    warnings.warn(f"C is {C}, gamma {gamma}", stacklevel=1)
    if C * gamma > 9:
        raise ValueError("does not converge")
    return {"accuracy": C * gamma}


@experiment
def length(text: str) -> int:
    return len(text)


class Model:
    def __init__(self) -> None:
        self.depth = 3
        open("unpickled", "a").close()

    def __setstate__(self, state: dict) -> None:
        open("unpickled", "w").close()


@experiment
def train(kind: str) -> Model:
    return Model()


sweep = fit.sweep(grid(C=[1, 10, 100], gamma=[0.001, 0.1]))

if __name__ == "__main__":
    sweep.run()
    length("word")
    train("tree")
"""


@dataclass
class Told:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON that was printed."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose study has run, to be copied."""
    place = tmp_path_factory.mktemp("made")
    (place / "pyproject.toml").touch()
    (place / "study.py").write_text(STUDY, "utf-8")
    subprocess.run([sys.executable, "study.py"], cwd=place, check=True, capture_output=True)
    (place / "unpickled").unlink()
    return place


@pytest.fixture
def study(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The project, as the working directory."""
    place = tmp_path / "project"
    shutil.copytree(made, place)
    monkeypatch.chdir(place)
    monkeypatch.delenv("EXPCACHE_STORE", raising=False)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    path, before = list(sys.path), {*sys.modules}
    yield place
    sys.path[:] = path
    for name in {*sys.modules} - before:  # what a command imported is this project's alone
        if str(place) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]
    if (place / ".expcache" / "format.json").exists():
        with use(place / ".expcache") as store:
            store.close()


@pytest.fixture
def call() -> Callable[..., Told]:
    """Run the command within this process."""

    def run(*words: str, typed: str | None = None) -> Told:
        done = CliRunner().invoke(cli, list(words), input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Told(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def process(study: Path) -> Callable[..., Told]:
    """Run the command in a process of its own."""

    def run(*words: str, **variables: str) -> Told:
        done = subprocess.run(
            [sys.executable, "-m", "expcache", *words],
            cwd=study,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return Told(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def terminal(study: Path) -> Callable[..., Told]:
    """Run the command on a terminal."""

    def run(*words: str, typed: str = "", columns: int = 80) -> Told:
        import fcntl  # noqa: PLC0415 - as above
        import pty  # noqa: PLC0415 - not on Windows
        import struct  # noqa: PLC0415 - as above
        import termios  # noqa: PLC0415 - as above

        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        variables = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        with subprocess.Popen(
            [sys.executable, "-m", "expcache", "--no-color", *words],
            cwd=study, stdin=theirs, stdout=theirs, stderr=theirs, env=variables,
        ) as process:  # fmt: skip
            os.close(theirs)
            os.write(ours, typed.encode())
            shown = b""
            while chunk := _read(ours):
                shown += chunk
        os.close(ours)
        return Told(process.returncode, shown.decode(), "")

    return run


def _read(terminal: int) -> bytes:
    """Read what was printed on a terminal; nothing once its programs are gone."""
    try:
        return os.read(terminal, 1000)
    except OSError:
        return b""
