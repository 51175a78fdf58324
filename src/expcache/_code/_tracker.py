"""A function's fingerprint, kept until something that it was taken from changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FunctionType
from typing import Any

from expcache._code._follow import finish, no_source
from expcache._code._names import is_own, is_project_function, name_of, unwrapped
from expcache._code._part import Code, Part
from expcache._code._walk import Walk
from expcache._code._watch import Watch
from expcache._code._wrapped import is_code
from expcache._encode import digest, encode
from expcache.errors import CodeError

__all__ = ["Pinned", "Tracker"]

_running: list[Tracker] = []


class Pinned:
    """The fingerprint of a function in another process, where nobody can edit its code."""

    __slots__ = ("_code",)

    def __init__(self, code: Code) -> None:
        """Keep the fingerprint that the function had where it came from."""
        self._code = code

    def current(self) -> Code:
        """Return the fingerprint."""
        return self._code

    def running(self) -> AbstractContextManager[None]:
        """Surround a run, which changes nothing here."""
        return nullcontext()

    def __reduce__(self) -> tuple[type[Pinned], tuple[Code]]:
        """Pickle the fingerprint."""
        return Pinned, (self._code,)


class Tracker:
    """Follows one function, from when it is decorated."""

    __slots__ = ("_code", "_depends", "_function", "_ignored", "_unchanged", "_watch")

    def __init__(
        self, function: Any, *, depends: Sequence[object] = (), ignored: Sequence[str] = ()
    ) -> None:
        """Read the function's source, and that of everything it reaches, now.

        Args:
            function: A function or a class, perhaps inside decorators.
            depends: What else its results depend on: modules, functions, classes, names of
                installed distributions, or values.
            ignored: Parameters whose values are not in the id, sorted.

        Raises:
            CodeError: The function has no source, or a dependency cannot be identified.
        """
        self._function = function
        self._depends = tuple(depends)
        self._ignored = tuple(ignored)
        self._take(fresh=True)

    def __reduce__(self) -> tuple[type[Pinned], tuple[Code]]:
        """Pickle as the fingerprint of the code as it is now."""
        return Pinned, (self.current(),)

    def current(self) -> Code:
        """Return the fingerprint of the code as it is now."""
        if self._unchanged():
            return self._code
        # What changed since a run began that still goes on is that run's doing.
        for one in tuple(_running):
            one.pin()
        return self._code if self._unchanged() else self._take(fresh=False)

    def pin(self) -> None:
        """Take what changed since `current` was called last for state that the run changes.

        To be called after a run was computed. What changed counts from now on as it was before
        the run, in every fingerprint of this process.
        """
        if not self._unchanged():
            self._watch.pin()
            self._take(fresh=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Pin what a run changes, also while it goes on: for calls inside it, or next to it."""
        self.current()  # what changed before it began is not its doing
        _running.append(self)
        try:
            yield
        finally:
            try:
                self.pin()
            finally:
                _running.remove(self)

    def _take(self, *, fresh: bool) -> Code:
        walk = Walk()
        self._begin(walk, fresh=fresh)
        finish(walk)
        code = walk.code()
        self._watch: Watch = walk.watch
        self._code: Code = code
        self._unchanged: Callable[[], bool] = walk.watch.check()
        return code

    def _begin(self, walk: Walk, *, fresh: bool) -> None:
        plain = unwrapped(self._function)
        namespace = getattr(plain, "__globals__", {})
        if not isinstance(plain, (FunctionType, type)):
            raise no_source(plain)
        if isinstance(plain, FunctionType) and not (is_project_function(plain) or is_own(plain)):
            walk.unseen.append(f"{name_of(plain)} is of a library: only its name counts")
        walk.root, walk.fresh = plain, fresh
        walk.begin(self._function, namespace, "function", "constant")
        for one in self._depends:
            _depend(walk, one, namespace)
        if self._ignored:
            _ignore(walk, name_of(plain), self._ignored)


def _ignore(walk: Walk, name: str, ignored: tuple[str, ...]) -> None:
    shown = ", ".join(ignored)
    walk.add("ignore=", Part(f"of {name}", "ignore=", "", 0, digest(encode(ignored)), shown))


def _depend(walk: Walk, one: Any, namespace: dict[str, Any]) -> None:
    if isinstance(one, str):
        one = _distribution(one)
    elif not is_code(one):
        encode(one, "depends")  # raises what has no canonical form
    walk.begin(one, namespace, "depends", "depends")


def _distribution(name: str) -> tuple[str, str]:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        return name, version(name)
    except PackageNotFoundError:
        message = (
            f"cannot follow {name!r}: no distribution of this name is installed. "
            "Pass the name that pip shows, or a module."
        )
        raise CodeError(message, function=name) from None
