"""What a run says beside its result: prints, warnings, log records; kept, and still shown."""

from __future__ import annotations

from expcache._capture._descriptors import Descriptors, read_output
from expcache._capture._notices import Notices, notice_logs, noticed
from expcache._capture._output import OUTPUT_LIMIT, Output
from expcache._capture._relay import relay
from expcache._capture._streams import captured

__all__ = [
    "OUTPUT_LIMIT",
    "Descriptors",
    "Notices",
    "Output",
    "captured",
    "notice_logs",
    "noticed",
    "read_output",
    "relay",
]
