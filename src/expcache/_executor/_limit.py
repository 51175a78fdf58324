"""How much more memory a run may use than its worker has when it begins."""

from __future__ import annotations

import os
import re
import sys
from typing import Final

__all__ = ["MemoryLimit", "size_of"]

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_PAGES_OF_DATA: Final = 5  # the sixth number in statm


def size_of(memory: int | str | None) -> int | None:
    """Read a number of bytes, which may be written like "500M" or "2G".

    Raises:
        ValueError: it is not a size.
    """
    if memory is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", str(memory), re.IGNORECASE)
    if isinstance(memory, bool) or found is None or not (size := _bytes(*found.groups())):
        raise ValueError(
            f"cannot limit memory to {memory!r}: it is not a size. "
            'Give a number of bytes, or a text like "500M" or "2G".'
        )
    return size


def _bytes(number: str, unit: str, binary: str) -> int:
    factor = _UNITS[unit.upper()]
    if binary and unit:
        factor = 1 << (10 * (list(_UNITS).index(unit.upper())))
    return int(float(number) * factor)


class MemoryLimit:
    """Limits the memory of this process while a run lasts."""

    def __init__(self, memory: int) -> None:
        """Remember how much more than now a run may use."""
        import resource  # noqa: PLC0415 - POSIX only

        self._memory = memory
        self._linux = sys.platform.startswith("linux")
        self._kind = resource.RLIMIT_DATA if self._linux else resource.RLIMIT_AS
        self._usual = resource.getrlimit(self._kind)
        self._set = resource.setrlimit
        self._infinite = resource.RLIM_INFINITY

    def begin(self) -> None:
        """Set the limit; beyond it, allocating raises MemoryError."""
        limit = self._present() + self._memory
        ceilings = [each for each in self._usual if each != self._infinite]
        self._set(self._kind, (min([limit, *ceilings]), self._usual[1]))

    def end(self) -> None:
        """Take the limit back."""
        self._set(self._kind, self._usual)

    def _present(self) -> int:
        if not self._linux:
            return 0
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - for each run: be quick
            return int(file.read().split()[_PAGES_OF_DATA]) * os.sysconf("SC_PAGESIZE")
