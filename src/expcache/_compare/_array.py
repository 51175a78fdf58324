"""How arrays differ: in shape, in dtype, in how many elements and by how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from expcache._compare._show import show
from expcache._compare._tolerance import Tolerance, Walking

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["compare_arrays", "elements_text"]

_NUMERIC, _INTEGERS = "biufc", "iu"


def compare_arrays(walk: Walking, path: str, old: Any, new: Any) -> None:
    """Note how two arrays, or tensors, differ."""
    import numpy as np  # noqa: PLC0415 - optional, and there if there is an array

    old, new = _as_array(old), _as_array(new)
    text = [f"dtype {old.dtype} -> {new.dtype}"] if old.dtype != new.dtype else []
    if old.shape != new.shape:
        text.append(f"shape {old.shape} -> {new.shape}")
    elif isinstance(old, np.ma.MaskedArray) and not old.dtype.names:
        walk.compare(f"{path}.mask", np.ma.getmaskarray(old), np.ma.getmaskarray(new))
        walk.compare(path, _unmasked(old), _unmasked(new))
    elif old.dtype.hasobject or new.dtype.hasobject or old.dtype.names or new.dtype.names:
        _compare_parts(walk, path, old, new)
    elif found := elements_text(old, new, walk.tolerance):
        text.append(found)
    if text:
        walk.note(path, old, new, "; ".join(text))


def _as_array(value: Any) -> Array:
    import numpy as np  # noqa: PLC0415 - as above

    if isinstance(value, np.ma.MaskedArray):
        return value
    if isinstance(value, (np.ndarray, np.void)):
        return np.asarray(value)  # a matrix has two dimensions however it is cut
    tensor = value.detach().cpu() if hasattr(value, "detach") else value
    try:
        return np.asarray(tensor)
    except TypeError:  # bfloat16
        return np.asarray(tensor.float())


def _unmasked(array: Any) -> Array:
    import numpy as np  # noqa: PLC0415 - as above

    content = np.ma.getdata(array).copy()
    content[np.ma.getmaskarray(array)] = np.zeros((), content.dtype)
    return content


def _compare_parts(walk: Walking, path: str, old: Array, new: Array) -> None:
    import numpy as np  # noqa: PLC0415 - as above

    if old.dtype.names and old.dtype.names == new.dtype.names:
        for name in old.dtype.names:
            walk.compare(f"{path}[{name!r}]", old[name], new[name])
    elif old.dtype == new.dtype:
        for index in np.ndindex(old.shape):
            walk.compare(f"{path}{list(index)}", old[index], new[index])


def elements_text(
    old: Array,
    new: Array,
    tolerance: Tolerance,
    *,
    unit: str = "elements",
    place: Callable[[int], str] | None = None,
) -> str:
    """Say how many elements of two arrays of one shape differ, and by how much; else nothing.

    Args:
        old: an array of numbers, times or texts.
        new: another one.
        tolerance: what counts as equal.
        unit: what the elements are called.
        place: how the element of an index is called; by default its index in brackets;
            with a space after it.
    """
    import numpy as np  # noqa: PLC0415 - as above

    numeric = old.dtype.kind in _NUMERIC and new.dtype.kind in _NUMERIC
    if not numeric and old.dtype.kind != new.dtype.kind:
        return ""
    with np.errstate(all="ignore"):
        where = np.flatnonzero(_unequal(old, new))
        before, now = old.reshape(-1)[where], new.reshape(-1)[where]
        gap = _gap(before, now) if numeric else None
        if gap is not None and tolerance and old.dtype.kind + new.dtype.kind != "bb":
            finite = np.isfinite(before) & np.isfinite(now)
            far = ~(finite & (gap <= tolerance.atol + tolerance.rtol * np.abs(_wide(before))))
            where, before, now, gap = where[far], before[far], now[far], gap[far]
        if not len(where):
            return ""
        told = f"{len(where)} of {old.size} {unit} differ"

        def at(i: int) -> str:
            index = place(int(where[i])) if place else _index(old, int(where[i]))
            return f"{index}({_shown(before[i])} -> {_shown(now[i])})"

        return f"{told}; {_largest(gap, before, at)}"


def _largest(gap: Array | None, before: Array, at: Callable[[int], str]) -> str:
    """Say where the largest differences are, else where the first is."""
    import numpy as np  # noqa: PLC0415 - as above

    finite = np.flatnonzero(np.isfinite(gap)) if gap is not None else np.array([], int)
    if gap is None or not len(finite):
        return f"first {at(0)}"
    i = int(finite[np.argmax(gap[finite])])
    text = f"largest difference {float(gap[i]):.3g} {at(i)}"
    relative = gap[finite] / np.abs(_wide(before[finite]))
    sized = np.flatnonzero(np.isfinite(relative))
    if not len(sized):
        return text
    j = int(finite[sized[np.argmax(relative[sized])]])
    share = f"{float(relative[sized].max()):.3g}"
    return f"{text}; largest relative {share} {at(j)}" if i != j else f"{text}, relative {share}"


def _unequal(old: Array, new: Array) -> Array:
    import numpy as np  # noqa: PLC0415 - as above

    if "c" in (old.dtype.kind, new.dtype.kind):
        return _unequal(np.real(old), np.real(new)) | _unequal(np.imag(old), np.imag(new))
    unequal = np.asarray(old != new)
    if {old.dtype.kind, new.dtype.kind} <= set("fmM") and unequal.any():
        unequal &= ~(np.isnat if old.dtype.kind in "mM" else np.isnan)(old) | ~(
            np.isnat if new.dtype.kind in "mM" else np.isnan
        )(new)
    return unequal


def _gap(old: Array, new: Array) -> Array:
    import numpy as np  # noqa: PLC0415 - as above

    if old.dtype == new.dtype and old.dtype.kind in _INTEGERS:
        # Modulo 2^64, the difference of larger and smaller is right though a sign may be lost.
        above, below = np.maximum(old, new), np.minimum(old, new)
        return above.astype(np.uint64) - below.astype(np.uint64)
    gap: Array = np.abs(_wide(new) - _wide(old))
    return gap


def _wide(array: Array) -> Array:
    """Return numbers with room for their differences."""
    import numpy as np  # noqa: PLC0415 - as above

    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    return array.astype(np.result_type(array.dtype, wide), copy=False)


def _shown(element: Any) -> str:
    return str(element) if element.dtype.kind in "mM" else show(element.item())


def _index(array: Array, position: int) -> str:
    import numpy as np  # noqa: PLC0415 - as above

    index = [int(one) for one in np.unravel_index(position, array.shape)]
    return f"at {index} " if index else ""
