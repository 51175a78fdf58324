"""The directories that runs write their files into: private while a run goes on, then for good."""

from __future__ import annotations

from expcache._directory._link import SHARED, place
from expcache._directory._listing import files_in, is_name, newest_change, no_files
from expcache._directory._private import (
    RUNNING,
    Private,
    copied,
    is_live,
    put_away,
    settle_left,
)
from expcache._directory._spare import handed_on

__all__ = [
    "RUNNING",
    "SHARED",
    "Private",
    "copied",
    "files_in",
    "handed_on",
    "is_live",
    "is_name",
    "newest_change",
    "no_files",
    "place",
    "put_away",
    "settle_left",
]
