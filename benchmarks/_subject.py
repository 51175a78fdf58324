"""What is measured: one small function of three parameters, and points for it."""

from __future__ import annotations

from typing import Any

from expcache import Space, experiment, points

NAMES = ("adam", "sgd", "rmsprop", "lion")


def work(lr: float = 0.1, layers: int = 2, name: str = "adam") -> dict[str, Any]:
    """Return at once: all that is measured is what surrounds the call."""
    return {"loss": lr * layers, "acc": 1.0 - lr, "name": name, "n": layers}


kept = experiment(work)


def calls(count: int) -> list[dict[str, Any]]:
    """Return the keyword arguments of so many different calls."""
    return [{"lr": i / 7.0, "layers": i % 13, "name": NAMES[i % 4]} for i in range(count)]


def space(count: int) -> Space:
    """Return the same calls as a space."""
    return points(calls(count))
