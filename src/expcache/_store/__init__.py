"""Stores: where records are kept, on disk or in memory."""

from expcache._store._claim import Claim
from expcache._store._commit import Commit
from expcache._store._current import Use, current_store, open_store, use
from expcache._store._memory import MemoryStore
from expcache._store._place import find_place
from expcache._store._protocol import DAY, Damage, Orphan, Removed, Report, Seal, Spill, Store
from expcache._store._spill import spill_into

__all__ = [
    "DAY",
    "Claim",
    "Commit",
    "Damage",
    "MemoryStore",
    "Orphan",
    "Removed",
    "Report",
    "Seal",
    "Spill",
    "Store",
    "Use",
    "current_store",
    "find_place",
    "open_store",
    "spill_into",
    "use",
]
