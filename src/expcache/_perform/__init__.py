"""Give the runs of an experiment: from the store where they are kept, else by computing them."""

from __future__ import annotations

from expcache._perform._attempts import Attempts
from expcache._perform._claiming import claimed, claimed_async, held_up, may_wait_for_us
from expcache._perform._older import recall_older
from expcache._perform._pending import Pending
from expcache._perform._performer import Performer
from expcache._perform._reuse import policy_of, refuse_failed, refuse_stale, reuse
from expcache._perform._sound import sound
from expcache._perform._underway import underway

__all__ = [
    "Attempts",
    "Pending",
    "Performer",
    "claimed",
    "claimed_async",
    "held_up",
    "may_wait_for_us",
    "policy_of",
    "recall_older",
    "refuse_failed",
    "refuse_stale",
    "reuse",
    "sound",
    "underway",
]
