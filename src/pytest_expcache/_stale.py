"""What becomes of points that are stored for other code only: ``--sweep-stale``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pytest

from pytest_expcache._options import Options

if TYPE_CHECKING:
    from expcache.errors import StaleError

__all__ = ["errors_of_stale", "leaves_stale", "policy_of", "refusal_of", "reuse_too"]

Stale: TypeAlias = Literal["recompute", "reuse", "error"]


def policy_of(options: Options) -> Stale:
    """Return what the options say, else what the study or the environment chose.

    Raises:
        pytest.UsageError: the environment says what is no policy.
    """
    if options.refresh:
        return "recompute"
    if options.stale is not None:
        return options.stale
    try:
        chosen: Stale = sys.modules["expcache"].use().stale
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    return chosen


def leaves_stale(options: Options, status: str, *, but: Stale = "recompute") -> bool:
    """Whether a point of this status is not computed, since it is stale."""
    return status == "stale" and policy_of(options) not in ("recompute", but)


def errors_of_stale() -> type[StaleError]:
    """Return the class of what is raised where a stale point is to be an error."""
    kind: type[StaleError] = sys.modules["expcache"].errors.StaleError
    return kind


def refusal_of(error: StaleError) -> StaleError:
    """Return an error of a stale point with the remedies that a session has."""
    message = f"cannot give the result of {error.call}: it is stored for other code only:"
    remedy = (
        "Compute it with --sweep-stale=recompute, or take what is stored with --sweep-stale=reuse."
        " If the change changes no result: --sweep-accept."
    )
    facts = {"id": error.id, "call": error.call, "reason": error.reason}
    text = f"{message} {error.reason} (run {error.id[:8]}). {remedy}"
    return errors_of_stale()(text, **facts, explanation=error.explanation)


def reuse_too(handle: Any, run: Any) -> None:
    """Let a handle that a fixture may hold show the result that serves, as the run does."""
    if run.reused and handle is not None and handle is not run:
        handle.compute(stale="reuse")
