"""Canonical bytes of the standard library's dates, paths, patterns and collections."""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from collections.abc import ItemsView, KeysView, ValuesView
from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from types import MappingProxyType, SimpleNamespace
from typing import Any

from expcache._encode._builtin import encode_dict, encode_int, encode_str, members, pairs
from expcache._encode._dispatch import ENCODERS, child, each, named

LAZY_ROOTS = ("decimal", "fractions", "ipaddress", "uuid", "zoneinfo")


def _range(value: range, _depth: int) -> bytes:
    return named("range", *(encode_int(part, 0) for part in (value.start, value.stop, value.step)))


def _slice(value: slice, depth: int) -> bytes:
    return named(
        "slice",
        child(value.start, depth, ".start", value),
        child(value.stop, depth, ".stop", value),
        child(value.step, depth, ".step", value),
    )


def _clock(name: str, value: Any, depth: int) -> bytes:
    fields = value.replace(tzinfo=None, fold=0).isoformat()
    zone = child(value.tzinfo, depth, ".tzinfo", value)
    return named(name, encode_str(fields, 0), encode_int(value.fold, 0), zone)


def _datetime(value: dt.datetime, depth: int) -> bytes:
    return _clock("datetime", value, depth)


def _time(value: dt.time, depth: int) -> bytes:
    return _clock("time", value, depth)


def _date(value: dt.date, _depth: int) -> bytes:
    return named("date", encode_str(dt.date.isoformat(value), 0))


def _timedelta(value: dt.timedelta, _depth: int) -> bytes:
    parts = (value.days, value.seconds, value.microseconds)
    return named("timedelta", *(encode_int(part, 0) for part in parts))


def _timezone(value: dt.timezone, depth: int) -> bytes:
    offset = _timedelta(value.utcoffset(None), depth)
    return named("timezone", offset, encode_str(value.tzname(None), 0))


def _path(value: PurePath, _depth: int) -> bytes:
    return named("path", encode_str(value.as_posix(), 0))


def _windows_path(value: PureWindowsPath, _depth: int) -> bytes:
    return named("windows path", encode_str(value.as_posix(), 0))


def _pattern(value: re.Pattern[Any], depth: int) -> bytes:
    pattern = child(value.pattern, depth, ".pattern", value)
    return named("pattern", pattern, encode_int(int(value.flags), 0))


def _ordered(value: OrderedDict[Any, Any], depth: int) -> bytes:
    return named("OrderedDict", *pairs(value, depth))


def _defaultdict(value: defaultdict[Any, Any], depth: int) -> bytes:
    factory = child(value.default_factory, depth, ".default_factory", value)
    return named("defaultdict", factory, encode_dict(value, depth))


def _counter(value: Counter[Any], depth: int) -> bytes:
    return named("Counter", encode_dict(value, depth))


def _deque(value: deque[Any], depth: int) -> bytes:
    return named("deque", child(value.maxlen, depth, ".maxlen", value), *each(value, depth, value))


def _chain(value: ChainMap[Any, Any], depth: int) -> bytes:
    return named("ChainMap", *each(value.maps, depth, value))


def _proxy(value: MappingProxyType[Any, Any], depth: int) -> bytes:
    return named("mappingproxy", child(dict(value), depth, "", value))


def _keys(value: KeysView[Any], depth: int) -> bytes:
    return named("keys", *members(value, depth, value))


def _values(value: ValuesView[Any], depth: int) -> bytes:
    return named("values", *each(value, depth, value))


def _view_items(value: ItemsView[Any, Any], depth: int) -> bytes:
    return named("items", encode_dict(dict(value), depth))


def _namespace(value: SimpleNamespace, depth: int) -> bytes:
    return named("SimpleNamespace", child(vars(value), depth, "", value))


def _array(value: array[Any], depth: int) -> bytes:
    return named("array", encode_str(value.typecode, 0), *each(value, depth, value))


ENCODERS.update(
    {
        range: _range,
        slice: _slice,
        dt.datetime: _datetime,
        dt.time: _time,
        dt.date: _date,
        dt.timedelta: _timedelta,
        dt.timezone: _timezone,
        PosixPath: _path,
        PurePosixPath: _path,
        WindowsPath: _path,
        PureWindowsPath: _windows_path,
        re.Pattern: _pattern,
        OrderedDict: _ordered,
        defaultdict: _defaultdict,
        Counter: _counter,
        deque: _deque,
        ChainMap: _chain,
        MappingProxyType: _proxy,
        type({}.keys()): _keys,
        type({}.values()): _values,
        type({}.items()): _view_items,
        type(OrderedDict[Any, Any]().keys()): _keys,
        type(OrderedDict[Any, Any]().values()): _values,
        type(OrderedDict[Any, Any]().items()): _view_items,
        SimpleNamespace: _namespace,
        array: _array,
    },
)
