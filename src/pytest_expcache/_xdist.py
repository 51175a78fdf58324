"""Under ``pytest -n``: tell the controller, which collects nothing, what was selected."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_expcache._status import Tally

__all__ = ["FromWorkers", "ToController", "is_worker"]

_KEY = "expcache_selected"


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for another one."""
    return hasattr(config, "workerinput")


class ToController:
    """Runs in a worker: sends how many points of each sweep were selected."""

    def __init__(self, tally: Tally) -> None:
        """Send from a tally."""
        self._tally = tally

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put the counts where xdist sends them from."""
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[_KEY] = dict(self._tally.selected)


class FromWorkers:
    """Runs in the controller: receives the counts, which are the same from every worker."""

    def __init__(self, tally: Tally) -> None:
        """Receive into a tally."""
        self._tally = tally

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Read what a worker sent; one that crashed sent nothing."""
        self._tally.selected.update(getattr(node, "workeroutput", {}).get(_KEY, {}))
