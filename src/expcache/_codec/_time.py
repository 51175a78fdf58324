"""The trees of dates, times and time zones."""

from __future__ import annotations

import datetime as dt
import importlib
from typing import TYPE_CHECKING, Any

from expcache._codec._tree import DECODERS, ENCODERS, FINDERS, UnsupportedError

if TYPE_CHECKING:
    from expcache._codec._tree import Encoder, Reader, Writer


def _write_delta(_: Writer, value: dt.timedelta) -> object:
    return {"~timedelta": [value.days, value.seconds, value.microseconds]}


def _write_clock(writer: Writer, value: dt.datetime | dt.time) -> object:
    text = value.replace(tzinfo=None).isoformat()
    return {f"~{type(value).__name__}": [text, value.fold, writer.write(value.tzinfo)]}


def _read_datetime(reader: Reader, payload: Any) -> dt.datetime:
    text, fold, zone = payload
    return dt.datetime.fromisoformat(text).replace(fold=fold, tzinfo=reader.read(zone))


def _read_time(reader: Reader, payload: Any) -> dt.time:
    text, fold, zone = payload
    return dt.time.fromisoformat(text).replace(fold=fold, tzinfo=reader.read(zone))


def _write_timezone(writer: Writer, value: dt.timezone) -> object:
    # The arguments it was made with: the name "UTC" given and the default name are not equal.
    arguments: Any = value.__reduce__()[1]
    return {"~timezone": writer.write_all(value, arguments)}


def _write_zone(_: Writer, value: Any) -> object:
    if value.key is None:
        raise UnsupportedError("a time zone without a key")
    return {"~zone": value.key}


def _read_zone(_: Reader, key: str) -> object:
    return importlib.import_module("zoneinfo").ZoneInfo(key)


def _find_zone(kind: type) -> Encoder | None:
    """Know `ZoneInfo` without importing it for programs that use no time zones."""
    is_zone = kind.__module__ == "zoneinfo" and kind.__name__ == "ZoneInfo"
    return _write_zone if is_zone else None


FINDERS.append(_find_zone)
ENCODERS.update(
    {
        dt.timedelta: _write_delta,
        dt.date: lambda _, value: {"~date": value.isoformat()},
        dt.datetime: _write_clock,
        dt.time: _write_clock,
        dt.timezone: _write_timezone,
    }
)
DECODERS.update(
    {
        "~timedelta": lambda _, counts: dt.timedelta(*counts),
        "~date": lambda _, text: dt.date.fromisoformat(text),
        "~datetime": _read_datetime,
        "~time": _read_time,
        "~timezone": lambda reader, arguments: dt.timezone(*reader.read(arguments)),
        "~zone": _read_zone,
    }
)
