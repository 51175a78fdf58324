"""From a call to its id: bind the arguments, encode them canonically, digest.

``id`` = xxh3-128 of (scheme, experiment name, version, canonical params), where a parameter
that equals its default is left out, so that adding a parameter with a default keeps every id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from xxhash import xxh3_128_digest, xxh3_128_hexdigest

from expcache._encode import ENCODERS, SCHEME, encode, encode_met, is_project
from expcache._signature import Signature
from expcache.errors import IdentityError, ParameterError

__all__ = ["Identity", "Key"]

# Called without the frame that turns refusals into errors: these kinds are never refused.
_NUMBERS_AND_TEXT = {kind: ENCODERS[kind] for kind in (bool, float, int, str)}

_PREIMAGE_SEED = 0x65787063
"""The preimage is a digest of the same bytes under another seed, independent of the id."""


class Identity(NamedTuple):
    """What tells one run from every other: the id, and a digest of all hashed params.

    ``classes`` are those of the project whose instances the params hold. What they do is
    not in the id: it belongs to the code of the run.
    """

    id: str
    preimage: bytes
    classes: tuple[type, ...] = ()


class Key:
    """How the calls of one function are bound and identified.

    Args:
        function: the user's function.
        name: the experiment's name.
        version: the user's own version, part of every id; None for none.
        ignore: parameters that are recorded but not hashed.
        key: replaces the params that are hashed by a mapping of the user's own. It is
            called with those of the params, by name, that it asks for.
    """

    __slots__ = ("_fields", "_key", "_key_signature", "_prefix", "signature")

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        *,
        version: str | None = None,
        ignore: Collection[str] = (),
        key: Callable[..., Mapping[str, Any]] | None = None,
    ) -> None:
        """Prepare all that is the same for every call."""
        self.signature = Signature(function, name)
        unknown = [n for n in ignore if n not in self.signature.names]
        if unknown:
            known = ", ".join(self.signature.names)
            message = f"cannot ignore {unknown[0]!r}: {name!r} has no such parameter."
            raise ParameterError(f"{message} Its parameters: {known}.", experiment=name, names=())
        self._key = key
        self._key_signature = None if key is None else _signature_of(key, name)
        self._prefix = encode(("expcache", SCHEME, name, version))
        hashed = sorted(n for n in self.signature.names if n not in ignore)
        self._fields = [(n, encode(n), self._default(n), f"params[{n!r}]") for n in hashed]

    def _default(self, name: str) -> bytes | None:
        try:
            default = self.signature.defaults[name]
            return encode(name) + encode(default)
        except (KeyError, IdentityError):
            # A default without identity is refused when a call uses it, not before.
            return None

    def leaves_out(self, name: str, value: object) -> bool:
        """Whether the id does not tell this value of a parameter, as it is the default."""
        default = next((default for n, _, default, _ in self._fields if n == name), None)
        try:
            return default is not None and default == encode(name) + encode(value)
        except IdentityError:
            return False

    def identify(self, params: Mapping[str, Any]) -> Identity:
        """Return the identity of full params.

        Raises:
            IdentityError: a value has no canonical form; the error names the path to it.
        """
        if self._key is not None:
            return self._identify_own(params)
        hashed = [self._prefix]
        full = [self._prefix]
        met: list[type] = []
        for name, label, default, path in self._fields:
            value = params[name]
            encoder = _NUMBERS_AND_TEXT.get(type(value))
            piece = label + (encode_met(value, path, met) if encoder is None else encoder(value, 0))
            full.append(piece)
            if piece != default:
                hashed.append(piece)
        return Identity(
            xxh3_128_hexdigest(b"".join(hashed)),
            xxh3_128_digest(b"".join(full), _PREIMAGE_SEED),
            _of_project(met) if met else (),
        )

    def _identify_own(self, params: Mapping[str, Any]) -> Identity:
        assert self._key is not None  # noqa: S101 - for the type checker
        assert self._key_signature is not None  # noqa: S101 - for the type checker
        wanted = {n: params[n] for n in self._key_signature.names if n in params}
        own = self._key(**(wanted if not self._key_signature.rest[1] else params))
        met: list[type] = []
        whole = self._prefix + encode_met(own, "key", met)
        preimage = xxh3_128_digest(whole, _PREIMAGE_SEED)
        return Identity(xxh3_128_hexdigest(whole), preimage, _of_project(met))


def _signature_of(key: Callable[..., Any], name: str) -> Signature:
    try:
        return Signature(key, f"key of {name}")
    except ParameterError:
        message = f"cannot tell the runs of {name!r} by key={key!r}: it is no Python function."
        remedy = "Give a function, or a lambda that calls it."
        raise ParameterError(f"{message} {remedy}", experiment=name, names=()) from None


def _of_project(classes: list[type]) -> tuple[type, ...]:
    return tuple(kind for kind in dict.fromkeys(classes) if _is_project_class(kind))


@lru_cache(maxsize=1024)
def _is_project_class(kind: Any) -> bool:
    return is_project(kind.__module__)
