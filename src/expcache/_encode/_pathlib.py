"""Canonical bytes of paths; imported when one is met."""

from __future__ import annotations

from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath

from expcache._encode._builtin import encode_str
from expcache._encode._dispatch import ENCODERS, named


def _path(value: PurePath, _depth: int) -> bytes:
    return named("path", encode_str(value.as_posix(), 0))


def _windows_path(value: PureWindowsPath, _depth: int) -> bytes:
    return named("windows path", encode_str(value.as_posix(), 0))


ENCODERS.update(dict.fromkeys((PosixPath, PurePosixPath, WindowsPath), _path))
ENCODERS[PureWindowsPath] = _windows_path
