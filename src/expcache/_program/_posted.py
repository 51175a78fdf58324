"""The result that a program has written into the directory of its run."""

from __future__ import annotations

import json
import os
import pickle
from typing import Any

from expcache.errors import ResultError

__all__ = ["read_posted"]


def read_posted(directory: str, owner: str) -> tuple[Any] | None:
    """Return the result of ``result.pickle``, ``result.json`` or ``result.npy``, or None.

    Raises:
        ResultError: it cannot be read.
    """
    for name, read in _READERS.items():
        if os.path.lexists(f"{directory}/{name}"):  # a link to nothing is no result
            try:
                return (read(f"{directory}/{name}"),)
            except Exception as error:
                message = f"cannot read the {name} that the program of {owner!r} has written:"
                remedy = "Let the program write it whole."
                raise ResultError(f"{message} {error}. {remedy}", kind=name) from error
    return None


def _json(path: str) -> Any:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - text
        return json.load(file)


def _npy(path: str) -> Any:
    import numpy as np  # noqa: PLC0415 - only for arrays

    return np.load(path, allow_pickle=False)


def _pickle(path: str) -> Any:
    with open(path, "rb") as file:  # noqa: PTH123 - text
        return pickle.load(file)  # noqa: S301 - written by the program that we have started


_READERS = {"result.pickle": _pickle, "result.json": _json, "result.npy": _npy}
