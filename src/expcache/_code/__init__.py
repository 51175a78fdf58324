"""The fingerprint of an experiment's code: its function, and all of the project that it reaches."""

from __future__ import annotations

from expcache._code._block import chain_of
from expcache._code._kinds import add_encoders, followed
from expcache._code._names import file_of, name_of, stem_of
from expcache._code._normal import fields as normal_fields
from expcache._code._part import Code, Part
from expcache._code._tracker import Pinned, Tracker
from expcache._code._wrapped import is_code

__all__ = [
    "Code",
    "Part",
    "Pinned",
    "Tracker",
    "chain_of",
    "file_of",
    "followed",
    "is_code",
    "name_of",
    "normal_fields",
    "stem_of",
]

add_encoders()
