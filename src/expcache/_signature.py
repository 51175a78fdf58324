"""The parameters of a function, and how a call's arguments are bound to them.

Written by hand rather than with ``inspect``: binding is part of every cache hit, and
``inspect.Signature.bind`` costs as much as the whole rest of a hit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, NoReturn

from expcache.errors import ParameterError

__all__ = ["Signature", "innermost"]

_VARARGS, _VARKEYWORDS = 0x04, 0x08
_MISSING = object()


def innermost(function: Callable[..., Any]) -> FunctionType:
    """Follow ``__wrapped__`` to the plain function whose parameters a user sees."""
    seen = function
    while not isinstance(seen, FunctionType) or hasattr(seen, "__wrapped__"):
        following = getattr(seen, "__wrapped__", None)
        if following is None:
            message = f"cannot make an experiment of {function!r}: it is no Python function."
            raise ParameterError(f"{message} Decorate a function.", experiment="", names=())
        seen = following
    return seen


class Signature:
    """The parameters of one function: names, kinds and defaults."""

    __slots__ = (
        "_fast",
        "_keyword_only",
        "_keywords",
        "_name_set",
        "_required",
        "_template",
        "defaults",
        "names",
        "owner",
        "positional",
        "rest",
    )

    def __init__(self, function: Callable[..., Any], owner: str) -> None:
        """Read the parameters of ``function``; ``owner`` names the experiment in errors."""
        plain = innermost(function)
        code = plain.__code__
        names = code.co_varnames
        positional, only = code.co_argcount, code.co_kwonlyargcount
        defaults = plain.__defaults__ or ()
        after = positional + only
        self.owner = owner
        self.positional = names[:positional]
        self._keyword_only = names[positional:after]
        self.defaults = dict(zip(self.positional[positional - len(defaults) :], defaults))  # noqa: B905
        self.defaults.update(plain.__kwdefaults__ or {})
        self.rest = self._rest(code.co_flags, names[after : after + 2])
        self.names = (*self.positional, *self._keyword_only, *(r for r in self.rest if r))
        starred, double = self.rest
        if starred:
            self.defaults[starred] = ()
        if double:
            self.defaults[double] = {}
        self._name_set = frozenset(self.names)
        # A point names every parameter; a call must give some by position.
        self._keywords = self._name_set - {*self.rest, *names[: code.co_posonlyargcount]}
        self._fast = self._keywords == self._name_set
        self._required = self._name_set - self.defaults.keys()
        # In the order of the signature, whatever the order of a call's keywords.
        self._template = {name: self.defaults.get(name) for name in self.names}

    @staticmethod
    def _rest(flags: int, names: tuple[str, ...]) -> tuple[str, str]:
        remaining = list(names)
        starred = remaining.pop(0) if flags & _VARARGS else ""
        return starred, remaining.pop(0) if flags & _VARKEYWORDS else ""

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the full params of a call, defaults filled in.

        Raises:
            ParameterError: a value is missing, given twice, or names no parameter.
        """
        if not args and self._fast:
            params = {**self._template, **kwargs}
            if len(params) == len(self.names) and self._required <= kwargs.keys():
                return params
        return self._bind_slowly(args, kwargs, self._keywords)

    def _bind_slowly(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], keywords: frozenset[str]
    ) -> dict[str, Any]:
        starred, double = self.rest
        given = dict(zip(self.positional, args))  # noqa: B905 - what is too much comes below
        extra = args[len(self.positional) :]
        if extra and not starred:
            self._refuse(f"it takes {len(self.positional)} values by position, not {len(args)}", ())
        unknown = {name: value for name, value in kwargs.items() if name not in keywords}
        if unknown and not double:
            self._refuse_unknown(next(iter(unknown)))
        for name, value in kwargs.items():
            if name in given and name not in unknown:
                self._refuse(f"{name!r} is given twice", (name,))
            if name not in unknown:
                given[name] = value
        params = {**self.defaults, **given}
        if starred:
            params[starred] = extra
        if double:
            params[double] = unknown
        missing = tuple(name for name in self.names if name not in params)
        if missing:
            self._refuse_missing(missing)
        return {name: params[name] for name in self.names}

    def point(self, point: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the full params of a point, where every parameter has its own name."""
        starred, double = self.rest
        if not fixed and self._fast:
            return self.bind((), point)
        given = {**fixed, **point}
        more = given.pop(double, {}) if double else {}
        extra = given.pop(starred, ()) if starred else ()
        params = self._bind_slowly((), {**given, **more}, self._name_set - {*self.rest})
        if starred:
            params[starred] = tuple(extra)
        return params

    def call(self, function: Callable[..., Any], params: Mapping[str, Any]) -> Any:
        """Call ``function`` with full params, each by the way it can be given."""
        starred, double = self.rest
        args = [params[name] for name in self.positional]
        keywords = {name: params[name] for name in self._keyword_only}
        return function(
            *args,
            *(params[starred] if starred else ()),
            **keywords,
            **(params[double] if double else {}),
        )

    def _refuse_unknown(self, name: str) -> NoReturn:
        if name in self._name_set:
            self._refuse(f"{name!r} is given by position, not by name", (name,))
        from difflib import get_close_matches  # noqa: PLC0415 - only for this error

        close = get_close_matches(name, self.names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        known = ", ".join(self.names) or "none"
        self._refuse(f"it has no parameter {name!r}", (name,), f"{hint} Its parameters: {known}.")

    def _refuse_missing(self, names: tuple[str, ...]) -> NoReturn:
        listed = ", ".join(repr(name) for name in names)
        remedy = " Give it in the call or in the space, or give the function a default."
        self._refuse(f"no value for {listed}", names, remedy)

    def _refuse(self, reason: str, names: tuple[str, ...], remedy: str = "") -> NoReturn:
        remedy = remedy or f" Its parameters: {', '.join(self.names) or 'none'}."
        message = f"cannot call {self.owner!r}: {reason}.{remedy}"
        raise ParameterError(message, experiment=self.owner, names=names)
