"""The trees of pandas scalars: instants, spans, periods, intervals and missing values."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expcache._codec._column import pandas
from expcache._codec._numpy import numpy
from expcache._codec._tree import DECODERS, FINDERS

if TYPE_CHECKING:
    from expcache._codec._tree import Encoder, Reader, Writer


def _write_timestamp(writer: Writer, value: Any) -> object:
    count = int(value.asm8.view("i8"))
    return {"~timestamp": [count, value.unit, value.fold, writer.write(value.tz)]}


def _read_timestamp(reader: Reader, payload: Any) -> object:
    count, unit, fold, zone = payload
    stamp = pandas().Timestamp(numpy().datetime64(count, unit))
    if zone is not None:
        stamp = stamp.tz_localize("UTC").tz_convert(reader.read(zone))
    return stamp if stamp.fold == fold else stamp.replace(fold=fold)


def _write_span(_: Writer, value: Any) -> object:
    return {"~span": [int(value.asm8.view("i8")), value.unit]}


def _read_span(_: Reader, payload: Any) -> object:
    return pandas().Timedelta(numpy().timedelta64(*payload))


def _write_period(_: Writer, value: Any) -> object:
    return {"~period": [value.ordinal, value.freqstr]}


def _read_period(_: Reader, payload: Any) -> object:
    return pandas().Period(ordinal=payload[0], freq=payload[1])


def _write_interval(writer: Writer, value: Any) -> object:
    return {"~interval": [writer.write(value.left), writer.write(value.right), value.closed]}


def _read_interval(reader: Reader, payload: Any) -> object:
    return pandas().Interval(reader.read(payload[0]), reader.read(payload[1]), payload[2])


def _find(kind: type) -> Encoder | None:
    pd = sys.modules.get("pandas")
    if pd is None or not kind.__module__.startswith("pandas"):
        return None
    encoders: dict[type, Encoder] = {
        pd.Timestamp: _write_timestamp,
        pd.Timedelta: _write_span,
        pd.Period: _write_period,
        pd.Interval: _write_interval,
        type(pd.NaT): lambda *_: {"~missing": "NaT"},
        type(pd.NA): lambda *_: {"~missing": "NA"},
    }
    return encoders.get(kind)


FINDERS.append(_find)
DECODERS.update(
    {
        "~timestamp": _read_timestamp,
        "~span": _read_span,
        "~period": _read_period,
        "~interval": _read_interval,
        "~missing": lambda _, name: getattr(pandas(), {"NaT": "NaT", "NA": "NA"}[name]),
    }
)
