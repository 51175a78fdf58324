"""What a program in Python that a command has started says to the run: its child's side."""

from __future__ import annotations

import os
from typing import Any

from expcache.errors import NoRunError

__all__ = ["post_result", "run_params"]

VARIABLE = "EXPCACHE_PARAMS"


def run_params() -> dict[str, Any]:
    """Return the parameters of the run that has started this program.

    They are what JSON can tell: arrays, tuples and sets are lists, paths and dates are text, a
    ``File`` is its name in the directory of the run.

    Raises:
        NoRunError: no command has started this program.
    """
    import json  # noqa: PLC0415 - only a child needs it

    with open(_path("read the parameters"), encoding="utf-8") as file:  # noqa: PTH123 - text
        params: dict[str, Any] = json.load(file)
    return params


def post_result(result: object) -> None:
    """Make this the result of the run that has started this program; the last one counts.

    An array goes into ``result.npy``, what JSON can tell exactly into ``result.json``, anything
    else is pickled into ``result.pickle``, all of them beside the parameters.

    Raises:
        NoRunError: no command has started this program.
    """
    place = os.path.dirname(_path("post a result"))  # noqa: PTH120 - text
    name, content = _written(result)
    path = f"{place}/{name}"
    with open(f"{path}.part", "wb") as file:  # noqa: PTH123 - text
        file.write(content)
    for other in ("result.pickle", "result.json", "result.npy"):
        if other != name and os.path.exists(f"{place}/{other}"):  # noqa: PTH110 - text
            os.unlink(f"{place}/{other}")  # noqa: PTH108 - text
    os.replace(f"{path}.part", path)  # noqa: PTH105 - text


def _path(what: str) -> str:
    path = os.environ.get(VARIABLE)
    if path is None:
        message = f"cannot {what}: this program was not started by a command of expcache."
        raise NoRunError(f"{message} Set {VARIABLE} to a JSON file of parameters to try it.")
    return path


def _written(result: object) -> tuple[str, bytes]:
    if type(result).__module__ == "numpy" and type(result).__name__ == "ndarray":
        return _array(result)
    if _is_plain(result):
        import json  # noqa: PLC0415 - as above

        return "result.json", json.dumps(result).encode()
    import pickle  # noqa: PLC0415 - as above

    return "result.pickle", pickle.dumps(result, protocol=5)


def _array(result: Any) -> tuple[str, bytes]:
    if result.dtype.hasobject:
        import pickle  # noqa: PLC0415 - as above

        return "result.pickle", pickle.dumps(result, protocol=5)
    import io  # noqa: PLC0415 - only for arrays

    import numpy as np  # noqa: PLC0415 - only for arrays

    buffer = io.BytesIO()
    np.save(buffer, result, allow_pickle=False)
    return "result.npy", buffer.getvalue()


def _is_plain(value: object) -> bool:
    if type(value) is dict:
        return all(type(key) is str for key in value) and all(map(_is_plain, value.values()))
    if type(value) is list:
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)
