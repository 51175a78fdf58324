"""What an experiment is, apart from computing: its name, its key, its code, its store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from expcache._code import Tracker, file_of, name_of
from expcache._encode import digest, encode
from expcache._key import Key
from expcache._query import Located, Stored
from expcache._record import read_header
from expcache._store import MemoryStore, Store, current_store
from expcache.errors import CodeError, IdentityError, RecordError

if TYPE_CHECKING:
    from expcache._record import Header

__all__ = ["Definition", "Options"]

_UNSAVED = MemoryStore()
"""Where the runs of experiments with ``save=False`` are: in this process only."""


class Options(NamedTuple):
    """What a user may say of an experiment in ``@experiment(...)``."""

    name: str | None = None
    version: str | None = None
    code: Literal["follow", "ignore"] = "follow"
    depends: Sequence[object] = ()
    ignore: Collection[str] = ()
    key: Callable[..., Mapping[str, Any]] | None = None
    save: bool = True
    tags: tuple[str, ...] = ()


class Definition:
    """One user function with its options: how its runs are named, identified and found."""

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        """Read the function's source now; what it reaches is read when first asked."""
        self.function = function
        self.options = options
        self.name = options.name or _name(function)
        self.key = Key(
            function,
            self.name,
            version=options.version,
            ignore=options.ignore,
            key=options.key,
        )
        self._attached: Store | None = None
        self._of_class: dict[type, Definition] = {}
        self._tracker = None if self.declared else Tracker(function, depends=options.depends)
        self._declared_code = self._declare() if self.declared else ""

    def of_class(self, owner: type) -> Definition:
        """Return the definition for instances of a class: a subclass may override what is called.

        The function itself leads only to the class that it is written in.
        """
        if owner.__qualname__ == self.function.__qualname__.rpartition(".")[0]:
            return self
        if owner not in self._of_class:
            options = self.options._replace(depends=(*self.options.depends, owner))
            self._of_class[owner] = Definition(self.function, options)
        return self._of_class[owner]

    @property
    def declared(self) -> bool:
        """Whether the user answers for the code, by ``version=`` or ``code="ignore"``."""
        return self.options.version is not None or self.options.code == "ignore"

    @property
    def code(self) -> str:
        """The fingerprint of the code as it is now: 32 hex digits."""
        tracker = self._tracker
        return self._declared_code if tracker is None else tracker.current().digest

    @property
    def code_notes(self) -> dict[str, Any]:
        """What a record says of its code beside the fingerprint."""
        if self._tracker is None:
            return {"declared": self._basis}
        return {"unseen": list(self._tracker.current().unseen)}

    @property
    def code_text(self) -> dict[str, Any]:
        """The code in full, kept once for each fingerprint: what it reaches, normalised."""
        if self._tracker is None:
            return self.code_notes
        code = self._tracker.current()
        return {"parts": [part._asdict() for part in code.parts], "unseen": list(code.unseen)}

    @cached_property
    def _basis(self) -> list[str]:
        version = self.options.version
        depends = [_digest_of(one) for one in self.options.depends]
        return ["ignore" if version is None else f"version {version}", *depends]

    def _declare(self) -> str:
        # The defaults belong to the code: a parameter left at its default is not in the id.
        defaults = {n: _digest_of(v) for n, v in self.key.signature.defaults.items()}
        return digest(encode(("declared", self._basis, defaults)))

    @property
    def store(self) -> Store:
        """The store that the experiment's runs go to now."""
        return current_store() if self.options.save else _UNSAVED

    def attach(self, store: Store) -> None:
        """Tell a store, once, which file this name stands for.

        Raises:
            NameClashError: another file uses the name in this store.
        """
        if self._attached is not store:
            file = file_of(self.function)
            if file is not None:
                store.register_origin(self.name, file)
            self._attached = store

    def bind(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], fixed: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the full params of a call; ``fixed`` holds the instance of a method."""
        return self.key.signature.bind((*fixed.values(), *args), kwargs)

    def locate(self, store: Store, run_id: str, params: Mapping[str, Any]) -> Located:
        """Return the status of one run and where its record lies."""
        stored = Stored(store.keys(self.name, run_id), self.code)
        return self.settle(store, stored.locate(run_id), params)

    def settle(self, store: Store, located: Located, params: Mapping[str, Any]) -> Located:
        """Look again at a stale run of declared code: only a changed default makes it stale.

        The code of such an experiment changes with its defaults alone, and a record is as good
        as ever for params that agree wherever both have a value.
        """
        if not self.declared or located.status != "stale" or located.key is None:
            return located
        envelope = store.get(self.name, located.key)
        try:
            header = None if envelope is None else read_header(envelope)
        except RecordError:
            return located
        if header is None or not self._agrees(header, params):
            return located
        return Located("done", located.key)

    def _agrees(self, header: Header, params: Mapping[str, Any]) -> bool:
        if header.code_notes.get("declared") != self._basis:
            return False
        from expcache._codec import describe  # noqa: PLC0415 - only for changed defaults

        hashed = set(params) - set(self.options.ignore)
        return all(
            header.params[name] == describe(params[name]) for name in hashed & set(header.params)
        )


def _name(function: Callable[..., Any]) -> str:
    name = name_of(function)
    if "<lambda>" in name:
        message = "cannot make an experiment of a lambda: its runs would have no name."
        raise CodeError(f"{message} Use def, or give a name=.", function=name)
    return name


def _digest_of(value: object) -> str:
    try:
        return digest(encode(value))
    except IdentityError:
        # Such a default can be used only where the parameter is ignored.
        return f"{type(value).__module__}.{type(value).__qualname__}"
