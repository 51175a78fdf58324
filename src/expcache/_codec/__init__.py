"""Results and parameters as JSON and buffers, without pickle wherever that is exact."""

from expcache._codec import _builtin, _column, _frame, _instant, _named, _numpy, _time
from expcache._codec._describe import describe, restore
from expcache._codec._known import KnownClasses
from expcache._codec._named import Named
from expcache._codec._opaque import Opaque
from expcache._codec._plain import is_plain
from expcache._codec._tree import Buffer, to_json
from expcache._codec._value import Encoded, decode_value, encode_value

__all__ = [
    "Buffer",
    "Encoded",
    "KnownClasses",
    "Named",
    "Opaque",
    "decode_value",
    "describe",
    "encode_value",
    "is_plain",
    "restore",
    "to_json",
]

# Importing them is what fills the tables of kinds.
_KINDS = (_builtin, _column, _frame, _instant, _named, _numpy, _time)
