"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["usable_cpus"]

_CGROUPS = Path("/sys/fs/cgroup")


def usable_cpus() -> int:
    """Count the processors that this process may use, at least one.

    Processors that the affinity mask leaves out are not counted, nor more than a container's
    quota pays for.
    """
    quota = _quota(Path("/proc/self/cgroup"), _CGROUPS)
    count = _present()
    return max(1, count if quota is None else min(count, math.ceil(quota)))


def _present() -> int:
    if hasattr(os, "process_cpu_count"):  # 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota(membership: Path, root: Path) -> float | None:
    """Return how many processors' time the tightest enclosing control group grants."""
    try:
        lines = membership.read_text("utf-8").splitlines()
    except OSError:
        return None
    quotas = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            quotas += _walk(root, path, _unified)
        elif "cpu" in controllers.split(","):
            quotas += _walk(root / "cpu", path, _legacy)
    return min(quotas, default=None)


def _walk(root: Path, path: str, read: Callable[[Path], float | None]) -> list[float]:
    inside = root / path.lstrip("/")
    folders = [inside, *inside.parents]
    kept = [folder for folder in folders if folder == root or root in folder.parents]
    found = [read(folder) for folder in kept]
    return [each for each in found if each is not None]


def _unified(folder: Path) -> float | None:
    return _ratio(_text(folder / "cpu.max"))


def _legacy(folder: Path) -> float | None:
    quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
    return _ratio(f"{quota} {period}")


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""


def _ratio(text: str) -> float | None:
    parts = text.split()
    if len(parts) != 2 or not all(part.isdigit() for part in parts):  # noqa: PLR2004 - two numbers
        return None  # "max", -1, or nothing there: no limit
    return int(parts[0]) / int(parts[1]) if int(parts[1]) else None
