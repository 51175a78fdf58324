"""The points of batchpy's first example, as an experiment and a sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from expcache import experiment, grid, points


@experiment
def evaluate(
    A: float = 0, B: Sequence[float] = (1, 2, 3), operator: Callable[..., Any] = max
) -> dict:
    """Multiply a number with what an operator makes of some others."""
    return {"val": A * operator(B)}


first = points([{"A": 10, "B": [3, 2, 4, 3, 8]}])
many = grid(A=[1, 2, 3, 4, 5], B=[[1, 2, 3], [2, 5, 8], [0, 4]], operator=[min, max, sum, len])
sweep_batch = evaluate.sweep(first + many)


@sweep_batch.check
def test_has_a_value(run: Any) -> None:
    """Every run gives a number."""
    assert isinstance(run.result["val"], int)
