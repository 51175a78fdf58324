"""Which parts of the plugin a session needs. Imported when there is a sweep, not before."""

from __future__ import annotations

import pytest

from pytest_expcache._launching import SharedLaunch, enter_launch
from pytest_expcache._options import options_of
from pytest_expcache._overview import Overview
from pytest_expcache._plans import Plans
from pytest_expcache._replay import Replay
from pytest_expcache._report import Report
from pytest_expcache._runs import Runs
from pytest_expcache._xdist import FromWorkers, ToController, is_worker

__all__ = ["begin", "begin_as_controller", "show"]

_plans = pytest.StashKey[Plans]()


def show(config: pytest.Config) -> None:
    """Register what shows instead of running; nothing may run then, whatever is collected."""
    overview = Overview(_plans_of(config), options_of(config))
    config.pluginmanager.register(overview, "expcache-overview")


def begin(config: pytest.Config) -> None:
    """Register what sweeps need, when the first one is collected."""
    manager, options, plans = config.pluginmanager, options_of(config), _plans_of(config)
    if options.shows or manager.hasplugin("expcache-runs"):
        return
    if options.accept:
        from pytest_expcache._accepting import Accepting  # noqa: PLC0415 - for this option alone

        manager.register(Accepting(plans, options.accept_reason), "expcache-accepting")
    enter_launch(config)
    runs, report = Runs(options, plans), _tell(config)
    manager.register(runs, "expcache-runs")
    if options.jobs.elsewhere:
        from pytest_expcache._loop import Loop  # noqa: PLC0415 - for sessions with jobs only

        manager.register(Loop(config, options, plans, runs, report), "expcache-loop")
    if options.audits:
        from pytest_expcache._auditor import Auditor  # noqa: PLC0415 - for audits only

        manager.register(Auditor(options.audits, plans, runs), "expcache-auditor")
    if is_worker(config):
        manager.register(ToController(report), "expcache-to-controller")
    if options.resume and not _shows_setup(config):
        manager.register(Replay(config, plans), "expcache-replay")


def begin_as_controller(config: pytest.Config) -> None:
    """Register what tells of the sweeps that the workers of pytest-xdist run."""
    config.pluginmanager.register(FromWorkers(_tell(config)), "expcache-from-workers")
    config.pluginmanager.register(SharedLaunch(), "expcache-shared-launch")


def _tell(config: pytest.Config) -> Report:
    report = Report(config, _plans_of(config))
    config.pluginmanager.register(report, "expcache-report")
    return report


def _plans_of(config: pytest.Config) -> Plans:
    return config.stash.setdefault(_plans, Plans())


def _shows_setup(config: pytest.Config) -> bool:
    return bool(config.getoption("setuponly") or config.getoption("setupshow"))
