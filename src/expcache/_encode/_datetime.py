"""Canonical bytes of dates and times; imported when one is met."""

from __future__ import annotations

import datetime as dt
from typing import Any

from expcache._encode._builtin import encode_int, encode_str
from expcache._encode._dispatch import ENCODERS, child, named


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


ENCODERS.update(
    {
        dt.datetime: _datetime,
        dt.time: _time,
        dt.date: _date,
        dt.timedelta: _timedelta,
        dt.timezone: _timezone,
    },
)
