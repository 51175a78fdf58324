"""Collect sweeps from files in YAML and TOML: those that are named, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

__all__ = ["SweepFile", "add_files_option", "collect_file"]

_FORMS = (".toml", ".yaml", ".yml")
_KEYS = re.compile(rb"""^\s*["']?(?:experiment|command|shell|program)\b""", re.MULTILINE)


def add_files_option(parser: pytest.Parser) -> None:
    """Add the ini name of the files that are collected without being named."""
    parser.addini(
        "sweep_files",
        type="args",
        default=[],
        help="patterns of YAML and TOML files to collect sweeps from, such as sweep_*.yaml",
    )


def collect_file(path: Path, parent: pytest.Collector) -> SweepFile | None:
    """Return the collector of a file that the ini file names, or the command line.

    Other plugins collect YAML files as well: one that is named is ours if it says what to run.
    """
    if path.suffix.lower() not in _FORMS:
        return None
    patterns = parent.config.getini("sweep_files")
    ours = any(path.match(one) for one in patterns)
    if not ours and parent.session.isinitpath(path):
        ours = _KEYS.search(path.read_bytes()) is not None
    return SweepFile.from_parent(parent, path=path) if ours else None


class SweepFile(pytest.Module):
    """A file that describes a sweep, as a module that holds it."""

    def _getobj(self) -> ModuleType:
        """Read the sweep where a module would be imported."""
        from expcache import specification  # noqa: PLC0415 - for sessions with such files only
        from expcache.errors import ExpcacheError  # noqa: PLC0415 - as above

        try:
            sweep = specification(self.path)
        except ExpcacheError as error:
            raise self.CollectError(str(error)) from error
        except ModuleNotFoundError as error:
            if error.name != "yaml":  # the study's own: with its traceback
                raise
            raise self.CollectError(str(error)) from error
        module = ModuleType(self.path.stem)
        module.__file__ = str(self.path)
        setattr(module, sweep.name, sweep)
        return module
