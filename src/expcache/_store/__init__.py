"""Stores: where records are kept, on disk or in memory."""

from expcache._store._claim import Claim
from expcache._store._commit import Commit
from expcache._store._current import Use, current_store, open_store, use
from expcache._store._files import write_bytes
from expcache._store._memory import MemoryStore
from expcache._store._place import find_place
from expcache._store._protocol import DAY, Damage, Orphan, Removed, Report, Seal, Spill, Store
from expcache._store._spill import spill_into
from expcache._store._whereabouts import Held, Whereabouts

__all__ = [
    "DAY",
    "Claim",
    "Commit",
    "Damage",
    "Held",
    "MemoryStore",
    "Orphan",
    "Removed",
    "Report",
    "Seal",
    "Spill",
    "Store",
    "Use",
    "Whereabouts",
    "current_store",
    "find_place",
    "open_store",
    "spill_into",
    "use",
    "write_bytes",
]
