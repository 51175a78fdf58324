"""Canonical bytes of the standard library's patterns and collections."""

from __future__ import annotations

import re
from array import array
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from collections.abc import ItemsView, KeysView, ValuesView
from types import MappingProxyType, SimpleNamespace
from typing import Any

from expcache._encode._builtin import encode_dict, encode_int, encode_str, members, pairs
from expcache._encode._dispatch import ENCODERS, child, each, named


def _range(value: range, _depth: int) -> bytes:
    return named("range", *(encode_int(part, 0) for part in (value.start, value.stop, value.step)))


def _slice(value: slice, depth: int) -> bytes:
    return named(
        "slice",
        child(value.start, depth, ".start", value),
        child(value.stop, depth, ".stop", value),
        child(value.step, depth, ".step", value),
    )


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
