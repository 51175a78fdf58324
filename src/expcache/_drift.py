"""What is different between the environment of a stored run and the present one."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from expcache._environment import installed_packages
from expcache.errors import StoreError

__all__ = ["Drift", "drift_between", "drift_of"]

Drift: TypeAlias = dict[str, tuple[str, str | None]]
"""By name: the version then and the version now, None for a package that is gone."""

_STACK: Final = ("numpy", "scipy", "pandas", "scikit-learn", "xarray", "polars", "torch", "jax")
"""The packages that are compared where the project chooses none."""

_known: Final[dict[tuple[str, tuple[str, ...]], Drift]] = {}


def drift_of(digest: str, read: Callable[[], Mapping[str, Any]], store: str) -> Drift:
    """Return how the environment of a digest differs from the present one; it is read once.

    Args:
        digest: what the environment is stored under: equal content has an equal digest.
        read: reads it, as it was described when the run was computed.
        store: the directory of the store.
    """
    names = chosen_packages(store)
    known = _known.get((digest, names))
    if known is None:
        known = _known[digest, names] = drift_between(read(), present(), names)
    return dict(known)


@cache
def present() -> dict[str, Any]:
    """Return what is compared of this process's environment."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": _implementation(),
        "packages": installed_packages(),
    }


def drift_between(then: Mapping[str, Any], now: Mapping[str, Any], names: Iterable[str]) -> Drift:
    """Return the Python and the named packages that have another version now.

    Of Python the minor version counts. A package that was not installed then had no part in the
    result, and is not told of.
    """
    drift: Drift = {}
    pythons = _pythons(then, now)
    if pythons is not None and pythons[0] != pythons[1]:
        drift["python"] = pythons
    before, after = _by_name(then), _by_name(now)
    for name in names:
        old, new = before.get(_plain(name)), after.get(_plain(name))
        if old is not None and old != new:
            drift[name] = old, new
    return drift


@cache
def chosen_packages(store: str) -> tuple[str, ...]:
    """Return the packages to compare: those of the project's ``[tool.expcache] packages``.

    The project is that of the working directory, else that in which the store lies.

    Raises:
        StoreError: the setting is no list of names.
    """
    for start in (_working_directory(), Path(store)):
        chosen = None if start is None else _configured(start)
        if chosen is not None:
            return chosen
    return _STACK


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # somebody removed it
        return None


def _configured(start: Path) -> tuple[str, ...] | None:
    files = (home / "pyproject.toml" for home in (start, *start.parents))
    file = next((file for file in files if file.is_file()), None)
    if file is None or b"expcache" not in (text := file.read_bytes()):
        return None
    import tomllib  # noqa: PLC0415 - read only by projects that configure something

    try:
        tool: Any = tomllib.loads(text.decode()).get("tool", {})
    except ValueError as error:
        reason = f"cannot read which packages count from {str(file)!r}: {error}."
        raise StoreError(f"{reason} Correct the file.", path=str(file)) from error
    names = tool.get("expcache", {}).get("packages")
    if names is not None and not _are_names(names):
        reason = f"cannot use {names!r} as [tool.expcache] packages in {str(file)!r}"
        remedy = 'Write packages = ["numpy"], or leave it out.'
        raise StoreError(f"{reason}: it is no list of names. {remedy}", path=str(file))
    return None if names is None else tuple(names)


def _are_names(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) and name for name in names)


def _pythons(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str] | None:
    versions = [_minor(str(one.get("python", ""))) for one in (then, now)]
    if not all(versions):
        return None
    kinds = [str(one.get("implementation", "")) for one in (then, now)]
    if kinds[0] != kinds[1]:
        versions = [f"{kinds[0]} {versions[0]}", f"{kinds[1]} {versions[1]}"]
    return versions[0], versions[1]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _by_name(environment: Mapping[str, Any]) -> dict[str, str]:
    packages = environment.get("packages") or {}
    return {_plain(name): version for name, version in packages.items()}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _implementation() -> str:
    import platform  # noqa: PLC0415 - three milliseconds that a hit does not need

    return platform.python_implementation()
