"""Give the runs of an experiment: from the store where they are kept, else by computing them."""

from __future__ import annotations

from expcache._perform._claiming import claimed, claimed_async
from expcache._perform._pending import Pending
from expcache._perform._performer import Performer
from expcache._perform._sound import sound

__all__ = ["Pending", "Performer", "claimed", "claimed_async", "sound"]
