"""Where a run is computed: Python, platform, packages, git commit, command line."""

from __future__ import annotations

import json
import os
import sys
import zlib
from functools import cache

from xxhash import xxh3_128_hexdigest

__all__ = [
    "current_environment",
    "environment_for",
    "git_says",
    "host",
    "installed_packages",
    "own_facts",
    "packed",
    "read_environment",
    "user",
]


@cache
def host() -> str:
    """Return this machine's name."""
    import platform  # noqa: PLC0415 - three milliseconds that a hit does not need

    return platform.node()


@cache
def user() -> str:
    """Return the name of the user who runs this process, or an empty text."""
    import getpass  # noqa: PLC0415 - not needed for a hit

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this uid, as in some containers
        return ""


@cache
def current_environment() -> tuple[str, dict[str, object]]:
    """Describe this process's environment as (digest, JSON-able mapping).

    Taken once per process, when the first run is computed: what is loaded stays loaded,
    whatever is installed or committed later.
    """
    return _described({"git": _git(), "argv": list(sys.argv)})


def own_facts() -> str:
    """Return, as text for `environment_for`, what other processes cannot find out for this one."""
    environment = current_environment()[1]
    return json.dumps({name: environment[name] for name in ("git", "argv")})


@cache
def environment_for(facts: str) -> tuple[str, dict[str, object]]:
    """Describe this process's environment, computing for the process that has these facts."""
    return _described(json.loads(facts))


def packed(environment: dict[str, object]) -> bytes:
    """Return an environment as bytes for `read_environment`."""
    return zlib.compress(json.dumps(environment, sort_keys=True).encode())


def read_environment(content: bytes) -> tuple[str, dict[str, object]]:
    """Return the digest of an environment and what it is, from another process."""
    text = zlib.decompress(content)
    environment: dict[str, object] = json.loads(text)
    return xxh3_128_hexdigest(text), environment


def _described(facts: dict[str, object]) -> tuple[str, dict[str, object]]:
    import platform  # noqa: PLC0415 - not needed for a hit

    environment: dict[str, object] = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "packages": dict(installed_packages()),
        **facts,
    }
    text = json.dumps(environment, sort_keys=True)
    return xxh3_128_hexdigest(text.encode()), environment


@cache
def installed_packages() -> dict[str, str]:
    """Return the version of every installed package by its name."""
    # Directory names tell name and version; reading every METADATA file costs 100 times more.
    found: dict[str, str] = {}
    for folder in sys.path:
        for entry in _listing(folder or os.curdir):
            stem, dot, suffix = entry.rpartition(".")
            if dot and suffix in ("dist-info", "egg-info"):
                name, _, version = stem.partition("-")
                found.setdefault(name.lower().replace("_", "-"), version)
    return dict(sorted(found.items()))


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return []


def _git() -> dict[str, object] | None:
    commit = git_says("rev-parse", "HEAD")
    if commit is None:
        return None
    status = git_says("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit.strip(), "dirty": bool(status and status.strip())}


def git_says(*words: str, seconds: float = 10) -> str | None:
    """Return what git prints, or None where it is not there, fails or takes too long."""
    import subprocess  # noqa: PLC0415 - eight milliseconds that a hit does not need

    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", *words],  # noqa: S607 - git is looked up on PATH like anybody does
            capture_output=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None
