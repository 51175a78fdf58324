"""Under ``pytest -n``: tell the controller, which collects nothing, what was selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_expcache._store import store_line

if TYPE_CHECKING:
    from pytest_expcache._report import Report

__all__ = ["FromWorkers", "ToController", "is_worker"]

_SELECTED, _STORED, _STORE = "expcache_selected", "expcache_stored", "expcache_store"
_PLANNED = "expcache_planned"


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for another one."""
    return hasattr(config, "workerinput")


class ToController:
    """Runs in a worker: sends what was selected, what was stored, and where."""

    def __init__(self, report: Report) -> None:
        """Send what a report knows."""
        self._report = report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put it where xdist sends it from."""
        self._report.take_stock()
        tally = self._report.tally
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[_SELECTED] = dict(tally.selected)
        output[_STORED] = {name: list(ids) for name, ids in tally.stored.items()}
        output[_PLANNED] = None if tally.planned is None else dict(tally.planned)
        output[_STORE] = store_line(session.config)


class FromWorkers:
    """Runs in the controller: receives what workers sent; all selected the same."""

    def __init__(self, report: Report) -> None:
        """Receive into a report."""
        self._report = report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Read what a worker sent; one that crashed sent nothing."""
        output: dict[str, Any] = getattr(node, "workeroutput", {})
        if _SELECTED in output:
            tally = self._report.tally
            tally.selected.update(output[_SELECTED])
            tally.planned = output[_PLANNED]
            for name, ids in output[_STORED].items():
                tally.stored.setdefault(name, set()).update(ids)
            self._report.store = output[_STORE]
