"""Canonical bytes: equal for equal values, in every process and on every Python.

`encode` writes a value, `digest` shortens bytes to an id, `register` teaches a user's type. Every
form is described in `_dispatch`. The scheme's number is part of every id; it rises when the bytes
of any value change.
"""

from __future__ import annotations

from expcache._encode._dispatch import (
    ENCODERS,
    Encoder,
    Refusal,
    add_encoder,
    child,
    each,
    named,
    text,
)
from expcache._encode._encoding import SCHEME, digest, encode, encode_met
from expcache._encode._names import adopt_main, is_project, module_name, module_stem, type_name
from expcache._encode._registry import register

__all__ = [
    "ENCODERS",
    "SCHEME",
    "Encoder",
    "Refusal",
    "add_encoder",
    "adopt_main",
    "child",
    "digest",
    "each",
    "encode",
    "encode_met",
    "is_project",
    "module_name",
    "module_stem",
    "named",
    "register",
    "text",
    "type_name",
]
