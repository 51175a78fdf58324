"""What an experiment is, apart from computing: its name, its key, its code, its store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from expcache._agreement import settle
from expcache._code import Part, Pinned, Tracker, file_of, is_code, name_of
from expcache._encode import digest, encode
from expcache._key import Identity, Key
from expcache._query import Located, Stored
from expcache._store import MemoryStore, Store, current_store
from expcache._whereabouts import held
from expcache.errors import CodeError, IdentityError

if TYPE_CHECKING:
    from expcache._acceptance import Adopted
    from expcache._retries import Retries

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
    timeout: float | None = None
    retries: Retries | None = None
    resources: Mapping[str, Any] = {}


class Told(NamedTuple):
    """What is told of the code of a run: the same until the code changes."""

    source: object
    code: str
    followed: str | None
    notes: dict[str, Any]


class Definition:
    """One user function with its options: how its runs are named, identified and found."""

    def __init__(
        self, function: Callable[..., Any], options: Options, pinned: Pinned | None = None
    ) -> None:
        """Read the function's source now; ``pinned`` is its code where there is no source."""
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
        self.declared = options.version is not None or options.code == "ignore"
        """Whether the user answers for the code, by ``version=`` or ``code="ignore"``."""
        self._attached: Store | None = None
        self._told: Told | None = None
        self._of_class: dict[type, Definition] = {}
        self._owner = function.__qualname__.rpartition(".")[0]
        # Of these alone, ids could stay the same when they are ignored no more.
        self._ignored = sorted(set(options.ignore) & self.key.signature.defaults.keys())
        self._tracker = pinned or self._track()
        # The defaults belong to the code: a parameter left at its default is not in the id.
        self._defaults = {n: _digest_of(v) for n, v in self.key.signature.defaults.items()}
        self._declared_code = digest(encode(("declared", self.basis, self._defaults)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the code as it is now: where it is unpickled, there may be no source."""
        pinned = None if self._tracker is None else Pinned(self._tracker.current())
        return Definition, (self.function, self.options._replace(name=self.name), pinned)

    @property
    def followed(self) -> str | None:
        """The fingerprint of what is followed from the function; None where the user answers."""
        return None if self.declared or self._tracker is None else self._tracker.current().digest

    def _track(self) -> Tracker | None:
        depends, key = self.options.depends, self.options.key
        if is_code(key):  # it tells which runs are the same: nobody else answers for that
            depends = (*depends, key)
        if not self.declared:
            return Tracker(self.function, depends=depends, ignored=self._ignored)
        return Tracker(_nothing, depends=depends) if depends else None

    def of_class(self, owner: type) -> Definition:
        """Return the definition for instances of a class: a subclass may override what is called.

        The function itself leads only to the class that it is written in.
        """
        if owner.__qualname__ == self._owner:
            return self
        if owner not in self._of_class:
            options = self.options._replace(depends=(*self.options.depends, owner))
            self._of_class[owner] = Definition(self.function, options)
        return self._of_class[owner]

    @property
    def code(self) -> str:
        """The fingerprint of the code as it is now: 32 hex digits."""
        tracker = self._tracker
        if tracker is None:
            return self._declared_code
        if self.declared:
            return digest(encode(("declared", self.basis, self._defaults)))
        return tracker.current().digest

    def code_with(self, classes: tuple[type, ...]) -> str:
        """Return the code of a run whose params hold instances of project classes.

        The function calls their methods, which no walk from the function can see. The class
        that a method experiment belongs to is followed with the function already.
        """
        others = self.strangers(classes) if classes else ()
        if not others:
            return self.code
        return digest(encode((self.code, *sorted(encode(kind) for kind in others))))

    def strangers(self, classes: tuple[type, ...]) -> list[type]:
        """Return those classes among a run's params that its function does not lead to."""
        declared = self.declared
        return [] if declared else [one for one in classes if one.__qualname__ != self._owner]

    def told(self) -> Told:
        """Return what is told of the code as it is now, taken with one look at it."""
        source = None if self._tracker is None else self._tracker.current()
        told = self._told
        if told is None or told.source is not source:
            self._told = told = Told(source, self.code, self.followed, self.code_notes)
        return told

    def running(self) -> AbstractContextManager[None]:
        """Surround a run: what it changes of its own constants counts as it was before."""
        return nullcontext() if self._tracker is None else self._tracker.running()

    @property
    def code_notes(self) -> dict[str, Any]:
        """What a record says of its code beside the fingerprint."""
        notes: dict[str, Any] = {"declared": self.basis} if self.declared else {}
        if self._tracker is not None:
            notes["unseen"] = list(self._tracker.current().unseen)
        return notes

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the code reaches, as it is now."""
        return () if self._tracker is None else self._tracker.current().parts

    @property
    def basis(self) -> list[str]:
        """What the user declares of the code, and the fingerprint of what it depends on."""
        version, tracker = self.options.version, self._tracker
        told = ["ignore" if version is None else f"version {version}"]
        told += [f"ignore={name}" for name in self._ignored]
        return told if tracker is None else [*told, tracker.current().digest]

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

    def locate(self, store: Store, identity: Identity, params: Mapping[str, Any]) -> Located:
        """Return the status of one run and where its record lies."""
        return self.locate_stored(store, self.stored(store, identity.id), identity, params)

    def locate_stored(
        self, store: Store, stored: Stored, identity: Identity, params: Mapping[str, Any]
    ) -> Located:
        """Do the same, among what is known to be stored, whoever computes the run now."""
        located = stored.locate(identity.id, self.code_with(identity.classes))
        return settle(self, store, located, params)

    def stored(self, store: Store, prefix: str = "") -> Stored:
        """Return what is stored of the runs whose ids begin so, and who computes others."""
        return Stored(
            store.keys(self.name, prefix),
            lambda: held(store, self.name),
            lambda: self.adopted(store),
            lambda key: store.get(self.name, key),
        )

    def adopted(self, store: Store) -> Mapping[str, Adopted]:
        """Return, by the key of a result, the record of other code that was accepted for it."""
        from expcache._acceptance import adopted  # noqa: PLC0415 - no hit asks for it

        return adopted(store, self.name)


def _nothing() -> None:
    """Stand for the code that a user answers for, where only what it depends on is followed."""


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
