"""What users teach: `register` for types, ``__expcache_key__`` for classes of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expcache._encode._dispatch import (
    ENCODERS,
    REGISTERED,
    Encoder,
    Refusal,
    add_encoder,
    child,
    load,
    named,
    text,
)
from expcache._encode._names import type_name
from expcache.errors import IdentityError

HOOK = "__expcache_key__"


def register(kind: type, encoder: Callable[[Any], object]) -> None:
    """Teach how values of a type, and of its subclasses, are identified.

    Args:
        kind: The type. A subclass that is registered itself goes its own way.
        encoder: Takes a value and returns another one that stands for it, such as a tuple of what
            its results depend on. The name of the type is part of the identity already.

    Raises:
        IdentityError: The type is none, the encoder cannot be called, or the type has a form.
    """
    _check(kind, encoder)
    REGISTERED.add(kind)
    add_encoder(kind, _standing(encoder, f"its encoder {_name(encoder)}"))


def _check(kind: object, encoder: object) -> None:
    if not isinstance(kind, type):
        _reject(kind, "it is no type", "Pass the class, not an instance")
    elif not callable(encoder):
        _reject(kind, f"{encoder!r} cannot be called", "Pass a function of one value")
    else:
        load(kind)
        if any(kind in known.__mro__ for known in ENCODERS if known not in REGISTERED):
            _reject(kind, "expcache has a form for it", "Register a subclass of it")


def _reject(kind: object, reason: str, remedy: str) -> None:
    shown = kind.__qualname__ if isinstance(kind, type) else repr(kind)
    raise IdentityError(f"cannot register {shown}: {reason}. {remedy}.", path="", kind=shown)


def _name(encoder: object) -> str:
    return str(getattr(encoder, "__qualname__", type(encoder).__qualname__))


def _standing(stand_in: Callable[[Any], object], noun: str) -> Encoder:
    """Return an encoder that writes the type's name and the value that stands in."""

    def encoder(value: object, depth: int) -> bytes:
        kind = type(value)
        try:
            inner = stand_in(value)
        except (Refusal, RecursionError):
            raise
        except IdentityError as error:  # such as a file that is not there: it says all itself
            reason, _, remedy = str(error).removeprefix("cannot ").partition(". ")
            raise Refusal(type_name(kind), f"cannot {reason}", remedy.rstrip(".")) from error
        except Exception as error:  # the user's code: whatever it raises becomes our error
            reason = f"{noun} raised {type(error).__name__}: {error}"
            refusal = Refusal(type_name(kind), reason, "Make it return a value for every instance")
            raise refusal from error
        return named("registered", text(type_name(kind)), child(inner, depth, ".<key>", value))

    return encoder


def resolve(kind: type) -> Encoder | None:
    """Find the nearest base that was registered or that has the hook."""
    for base in kind.__mro__:
        if base in REGISTERED:
            return ENCODERS[base]
        if HOOK in vars(base):
            return _standing(_ask, f"its method {HOOK}")
    return None


def _ask(value: Any) -> object:
    return type(value).__expcache_key__(value)
