"""Canonical bytes of exact numbers, addresses and zones; imported when one is met."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from uuid import UUID
from zoneinfo import ZoneInfo

from expcache._encode._builtin import encode_bytes, encode_int, encode_str
from expcache._encode._dispatch import ENCODERS, Encoder, named, refuse


def _decimal(value: Decimal, _depth: int) -> bytes:
    return named("Decimal", encode_str(Decimal.__str__(value), 0))


def _fraction(value: Fraction, _depth: int) -> bytes:
    return named("Fraction", encode_int(value.numerator, 0), encode_int(value.denominator, 0))


def _uuid(value: UUID, _depth: int) -> bytes:
    return named("UUID", encode_bytes(value.bytes, 0))


def _zone(value: ZoneInfo, _depth: int) -> bytes:
    key = getattr(value, "key", None)  # zones made from a file have none
    if key is None:
        noun = "ZoneInfo without key"
        raise refuse(ZoneInfo, "Make it with ZoneInfo(key), which names its rules", noun)
    return named("ZoneInfo", encode_str(key, 0))


def _spelled(name: str) -> Encoder:
    return lambda value, _depth: named(name, encode_str(str(value), 0))


ENCODERS.update({Decimal: _decimal, Fraction: _fraction, UUID: _uuid, ZoneInfo: _zone})
ENCODERS.update(
    {
        kind: _spelled(kind.__name__)
        for kind in (
            IPv4Address,
            IPv4Interface,
            IPv4Network,
            IPv6Address,
            IPv6Interface,
            IPv6Network,
        )
    },
)
