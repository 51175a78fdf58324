"""Whether anybody but pytest and installed plugins takes part in the running of a test."""

from __future__ import annotations

from typing import Any

import pytest

__all__ = ["Unhooked"]

_HOOKS = (
    "pytest_fixture_setup",
    "pytest_pyfunc_call",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
)
_FIXTURES = {"run", "request"}


class Unhooked:
    """Knows which tests nothing of the project takes part in: no fixture and no hook."""

    def __init__(self, config: pytest.Config) -> None:
        """Tell apart whose plugins there are."""
        manager = config.pluginmanager
        self._installed = {id(plugin) for plugin, _ in manager.list_plugin_distinfo()}
        self._known: dict[Any, bool] = {}

    def __call__(self, item: pytest.Item) -> bool:
        """Whether a test could run without anything of the project but its experiment."""
        names = set(getattr(item, "fixturenames", ("?",)))
        if not names <= _FIXTURES:
            return False
        place = item.path
        if place not in self._known:
            self._known[place] = not any(map(self._is_foreign, _plugins(item)))
        return self._known[place]

    def _is_foreign(self, plugin: object) -> bool:
        name = getattr(plugin, "__name__", None) or type(plugin).__module__
        ours = name.partition(".")[0] in ("_pytest", "pytest_expcache")
        return not ours and id(plugin) not in self._installed


def _plugins(item: pytest.Item) -> list[object]:
    """Return the plugins that have a say in the running of a test."""
    callers = (getattr(item.ihook, name) for name in _HOOKS)
    return [found.plugin for caller in callers for found in caller.get_hookimpls()]
