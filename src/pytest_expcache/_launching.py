"""A session is one launch, also where the workers of pytest-xdist share it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_expcache._options import options_of

__all__ = ["SharedLaunch", "check_git", "enter_launch", "leave_launch"]

_SHARED = "expcache_launch"
_entered = pytest.StashKey[Any]()


class SharedLaunch:
    """Runs in the controller, which needs nothing of expcache: names the launch of its workers."""

    def __init__(self) -> None:
        """Name a launch that begins now."""
        self._id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.urandom(4).hex()}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker."""
        node.workerinput[_SHARED] = self._id


def check_git(config: pytest.Config, sweep: Any) -> None:
    """Refuse a sweep whose code is not committed, where that is required.

    Raises:
        pytest.Collector.CollectError: it says what has changed.
    """
    from expcache import errors  # noqa: PLC0415 - as below

    options = options_of(config)
    try:
        if not options.shows:
            sweep.check_git(required=options.clean_git)
    except (errors.UncommittedError, errors.StoreError) as error:
        raise pytest.Collector.CollectError(str(error)) from error


def enter_launch(config: pytest.Config) -> None:
    """Let what the session computes be one launch."""
    if _entered not in config.stash:
        from expcache import launch  # noqa: PLC0415 - for sessions with sweeps

        shared: str | None = getattr(config, "workerinput", {}).get(_SHARED)
        config.stash[_entered] = launch(tags=options_of(config).tags, id=shared).__enter__()


def leave_launch(config: pytest.Config) -> None:
    """Go back to the launch before the session."""
    if _entered in config.stash:
        config.stash[_entered].__exit__(None, None, None)
        del config.stash[_entered]
