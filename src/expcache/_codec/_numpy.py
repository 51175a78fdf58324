"""The trees of numpy's arrays, scalars and dtypes.

numpy is used only when a value of it was met, so that this package never imports it first.
"""

from __future__ import annotations

import functools
import importlib
import math
import sys
from typing import TYPE_CHECKING, Any

from expcache._codec._tree import DECODERS, FINDERS, UnsupportedError

if TYPE_CHECKING:
    from expcache._codec._tree import Encoder, Reader, Writer

_BUILTIN = "biufcMmSU"
"""The kinds whose dtypes are told in full by `dtype.str`."""

_DOUBLE = 8
"""Numbers of up to this many bytes are exact as Python numbers."""


@functools.cache
def numpy() -> Any:
    """Return the numpy module."""
    return importlib.import_module("numpy")


def write_dtype(dtype: Any) -> object:
    """Return the tree of a dtype that raw bytes can have."""
    if dtype.isbuiltin == 1 and dtype.kind in _BUILTIN and dtype.metadata is None:
        return dtype.str
    tree = _dtype_tree(dtype)
    try:
        is_exact = dtype.metadata is None and read_dtype(tree) == dtype
    except TypeError:
        is_exact = False
    if not is_exact:
        raise UnsupportedError(f"the dtype {dtype} has no form of its own")
    return tree


def _dtype_tree(dtype: Any) -> object:
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return {"base": _dtype_tree(base), "shape": list(shape)}
    if dtype.names is None:
        return dtype.str
    fields = [dtype.fields[name] for name in dtype.names]
    return {
        "names": list(dtype.names),
        "formats": [_dtype_tree(field[0]) for field in fields],
        "offsets": [field[1] for field in fields],
        "titles": [field[2] if len(field) > 2 else None for field in fields],  # noqa: PLR2004
        "itemsize": dtype.itemsize,
        "aligned": dtype.isalignedstruct,
    }


def read_dtype(tree: Any) -> Any:
    """Return the dtype of a tree."""
    np = numpy()
    if isinstance(tree, str):
        dtype = np.dtype(tree)
        if dtype.hasobject:
            # Bytes from outside must never be taken for pointers.
            raise TypeError("objects have no raw bytes")
        return dtype
    if "base" in tree:
        return np.dtype((read_dtype(tree["base"]), tuple(tree["shape"])))
    layout = {name: tree[name] for name in ("names", "offsets", "itemsize")}
    layout["formats"] = [read_dtype(item) for item in tree["formats"]]
    if any(title is not None for title in tree["titles"]):
        layout["titles"] = tree["titles"]
    return np.dtype(layout, align=tree["aligned"])


def write_array(writer: Writer, value: Any) -> object:
    """Return the tree of an array, whose bytes become a part without a copy if contiguous."""
    tree: dict[str, object] = {"shape": list(value.shape)}
    is_fortran = value.flags.f_contiguous and not value.flags.c_contiguous
    if is_fortran:
        tree["order"] = "F"
    if value.dtype == object:
        flat = value.ravel(order="F" if is_fortran else "C")
        tree["items"] = writer.write_all(value, flat.tolist())
        return {"~array": tree}
    tree["dtype"] = write_dtype(value.dtype)
    if value.nbytes:
        tree["part"] = writer.part(value, raw_bytes(value))
    return {"~array": tree}


def raw_bytes(value: Any) -> memoryview:
    """Return the bytes of an array in memory order: a view, or a copy if there are gaps."""
    np = numpy()
    is_fortran = value.flags.f_contiguous and not value.flags.c_contiguous
    plain = value.T if is_fortran else np.ascontiguousarray(value)
    raw: memoryview = plain.reshape(-1).view(np.uint8).data
    return raw


def _read_array(reader: Reader, tree: Any) -> object:
    np = numpy()
    shape, order = tuple(tree["shape"]), tree.get("order", "C")
    if "items" in tree:
        flat = np.empty(len(tree["items"]), dtype=object)
        for position, item in enumerate(tree["items"]):
            flat[position] = reader.read(item)
        return flat.reshape(shape, order=order)
    dtype = read_dtype(tree["dtype"])
    if "part" not in tree:
        return np.empty(shape, dtype, order=order)
    return np.ndarray(shape, dtype, buffer=reader.part(tree["part"]), order=order)


def _write_scalar(writer: Writer, value: Any) -> object:
    dtype = value.dtype
    if dtype.kind in "biuf" and dtype.itemsize <= _DOUBLE:
        number = value.item()
        # The bits of a NaN would not all survive as a Python number.
        if math.isfinite(number):
            return {"~scalar": [type(value).__name__, number]}
    if dtype.kind == "U":
        return {"~scalar": ["str", writer.write(str(value))]}
    if dtype.kind == "S":
        return {"~scalar": ["bytes", writer.write(bytes(value))]}
    if dtype.hasobject:
        raise UnsupportedError("a numpy scalar that holds objects")
    return {"~scalar": [write_dtype(dtype), writer.write(value.tobytes())]}


def _read_scalar(reader: Reader, payload: Any) -> object:
    np = numpy()
    dtype, content = payload[0], reader.read(payload[1])
    if dtype in ("str", "bytes"):
        return np.str_(content) if dtype == "str" else np.bytes_(content)
    if isinstance(content, bytes):
        # A copy, since a structured scalar is a view of the array it was taken from.
        return np.frombuffer(bytearray(content), read_dtype(dtype))[0]
    return np.dtype(dtype).type(content)


def _find(kind: type) -> Encoder | None:
    np = sys.modules.get("numpy")
    if np is None:
        return None
    if kind is np.ndarray:
        return write_array
    is_own = issubclass(kind, np.generic) and kind.__module__ == "numpy"
    return _write_scalar if is_own else None


def _write_numpy_dtype(_: Writer, value: Any) -> object:
    return {"~dtype": write_dtype(value)}


def _find_dtype(kind: type) -> Encoder | None:
    np = sys.modules.get("numpy")
    return _write_numpy_dtype if np is not None and issubclass(kind, np.dtype) else None


FINDERS.extend((_find, _find_dtype))
DECODERS.update(
    {
        "~array": _read_array,
        "~scalar": _read_scalar,
        "~dtype": lambda _, tree: read_dtype(tree),
    }
)
