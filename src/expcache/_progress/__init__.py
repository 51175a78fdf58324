"""What a sweep has done so far: counted, and shown to the person who waits."""

from __future__ import annotations

from expcache._progress._display import Display
from expcache._progress._option import Option, from_option
from expcache._progress._progress import Progress

__all__ = ["Display", "Option", "Progress", "from_option"]
