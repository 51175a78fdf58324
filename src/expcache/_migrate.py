"""Plan which stored results can become runs of the present experiment; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from expcache._acceptance import Skipped
from expcache._codec import describe
from expcache._migration import Migration, Step
from expcache._past import Past, restored
from expcache._query import code_of, id_of
from expcache._reached import code_text
from expcache._record import read_header
from expcache.errors import ExpcacheError, ParameterError, QueryError, RecordError

if TYPE_CHECKING:
    from expcache._definition import Definition
    from expcache._record import Header

__all__ = ["Change", "migrate"]

_WINDOW = 256


class Change(NamedTuple):
    """What becomes of the params of every record."""

    rename: Mapping[str, str]
    add: Mapping[str, Any]
    drop: Collection[str]

    def apply(self, params: Mapping[str, Any]) -> dict[str, Any] | str:
        """Return descriptions of params without what is dropped, under new names, or why not."""
        pairs = [(self.rename.get(n, n), tree) for n, tree in params.items() if n not in self.drop]
        counts = Counter(name for name, _ in pairs)
        twice = [name for name, count in counts.items() if count > 1]
        return f"it has a parameter {twice[0]!r} already" if twice else dict(pairs)

    def added(self, trees: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that the record lacks."""
        return {name: value for name, value in self.add.items() if name not in trees}


class _Planned(NamedTuple):
    step: Step
    classes: tuple[type, ...]


def migrate(
    definition: Definition, change: Change, *, from_name: str | None, code: str | None
) -> Migration:
    """Return what can be moved, by the records of the newest, or of one, older code.

    Raises:
        ParameterError: the experiment, or every record, lacks a parameter that is named.
        QueryError: no result is stored under the name or fits ``code``, or it must be given.
    """
    name = from_name or definition.name
    _check(definition, change, is_same=name == definition.name, code=code)
    without = definition.code if name == definition.name else None
    past = Past(definition.store, name, code=code, without=without)
    if not past.ids and from_name is not None:
        _refuse_name(definition, name)
    if name == definition.name and past.code == definition.code:
        message = f"cannot migrate results of the code {past.code}: it is the present one."
        raise QueryError(f"{message} Give an older code=.", name=past.code, known=())
    plan = _Plan(definition, past, change)
    planned = list(plan.all())
    plan.check_names()
    steps = [one.step for one in planned if isinstance(one, _Planned)]
    skipped = [one for one in planned if isinstance(one, Skipped)]
    counts = Counter(step.target for step in steps)
    skipped += [
        Skipped(step.old, f"{counts[step.target]} results would become the run {step.new}")
        for step in steps
        if counts[step.target] > 1
    ]
    codes = {
        definition.code_with(classes): (
            dict(definition.told().notes),
            code_text(definition, classes),
        )
        for classes in {one.classes for one in planned if isinstance(one, _Planned)}
    }
    alone = [step for step in steps if counts[step.target] == 1]
    return Migration(definition, past, alone, skipped, there=plan.there, codes=codes)


def _agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether params are equal where both have a value."""
    return all(one[name] == other[name] for name in one.keys() & other.keys())


def _check(definition: Definition, change: Change, *, is_same: bool, code: str | None) -> None:
    known = definition.key.signature.names
    for new in (*change.rename.values(), *change.add):
        if new not in known:
            message = f"cannot migrate to a parameter {new!r}: {definition.name!r} has none."
            listed = f"Its parameters: {', '.join(known) or 'none'}."
            raise ParameterError(f"{message} {listed}", experiment=definition.name, names=(new,))
    both = sorted(set(change.rename) & set(change.rename.values()))
    if both and is_same and code is None:
        message = f"cannot migrate: {both[0]!r} is an old name and a new one, and no record says"
        remedy = "which it has. Give the code= of the records that have the old names."
        raise QueryError(f"{message} {remedy}", name=both[0], known=())


def _refuse_name(definition: Definition, name: str) -> None:
    known = tuple(definition.store.experiments())
    message = f"cannot migrate from {name!r}: no result is stored under this name."
    remedy = f"Give one of {', '.join(known)}." if known else "Choose another store."
    raise QueryError(f"{message} {remedy}", name=name, known=known)


class _Plan:
    """Tells of each record what can become of it."""

    def __init__(self, definition: Definition, past: Past, change: Change) -> None:
        self._definition = definition
        self._past = past
        self._change = change
        self._is_same = past.name == definition.name
        self._stored = set(definition.store.keys(definition.name))
        self._met: set[str] = set()
        self.there = 0

    def all(self) -> Iterator[_Planned | Skipped]:
        """Yield what can move, and what cannot."""
        ids = iter(self._past.ids)
        while window := list(islice(ids, _WINDOW)):
            headers = self._past.read(window)
            for run_id in window:
                yield from self._of_run(run_id, headers[run_id])

    def _of_run(self, run_id: str, newest: Header | str) -> Iterator[_Planned | Skipped]:
        """Yield what becomes of the newest record of each params that a run was computed with."""
        seen: list[Mapping[str, Any]] = []
        for key, header in chain(
            [(self._past.key(run_id) or "", newest)], self._past.older(run_id)
        ):
            if isinstance(header, str):
                if header is newest:
                    yield Skipped(run_id, header)
                continue
            if any(_agree(header.params, params) for params in seen):
                continue
            seen.append(header.params)
            planned = self._one(key, header)
            if planned is not None:
                yield Skipped(run_id, planned) if isinstance(planned, str) else planned

    def check_names(self) -> None:
        """Refuse names that no record has: they are misspelt.

        Raises:
            ParameterError: there is one.
        """
        wanted = [*self._change.rename, *self._change.drop]
        for name in wanted:
            if self._met and name not in self._met:
                message = f"cannot migrate from a parameter {name!r}: no record has it."
                known = f"Their parameters: {', '.join(sorted(self._met))}."
                raise ParameterError(
                    f"{message} {known}", experiment=self._past.name, names=(name,)
                )

    def _one(self, source: str, header: Header) -> _Planned | str | None:
        """Return what becomes of one record, or why it cannot move; None: it need not."""
        self._met.update(header.params)
        definition, trees = self._definition, self._change.apply(header.params)
        values = trees if isinstance(trees, str) else self._values(trees)
        if isinstance(trees, str) or isinstance(values, str):
            return str(values)
        try:
            identity = definition.key.identify(values)
        except ExpcacheError as error:
            return str(error)
        target = f"{identity.id}-{definition.code_with(identity.classes)}"
        is_unchanged = self._is_same and identity.id == header.id and trees == header.params
        if target in self._stored:
            return None if is_unchanged else self._at(target, source)
        if is_unchanged:
            return "its id stays as it is; accept() lets its result count"
        params = {n: trees[n] if n in trees else describe(values[n]) for n in values}
        checksum = self._past.checksums[source]
        step = Step(source, target, header.params, params, identity.preimage, checksum)
        return _Planned(step, identity.classes)

    def _at(self, target: str, source: str) -> str | None:
        """Count a result that was moved before; else return what is in its place."""
        origin = self._past.name, id_of(source), code_of(source)
        envelope = self._definition.store.get(self._definition.name, target)
        try:
            moves = [] if envelope is None else read_header(envelope).migrated
        except RecordError as error:
            return f"the record of the run {id_of(target)} is not sound: {error.reason}"
        if origin not in [(one["experiment"], one["id"], one["code"]) for one in moves]:
            return f"the run {id_of(target)} has another result already"
        self.there += 1
        return None

    def _values(self, trees: Mapping[str, Any]) -> dict[str, Any] | str:
        """Return the full params of the new run, or which of them cannot be had."""
        definition = self._definition
        signature, ignored = definition.key.signature, set(definition.options.ignore)
        unknown = [name for name in trees if name not in signature.names]
        if unknown:
            return f"the experiment has no parameter {unknown[0]!r}; rename= or drop= it"
        values = restored(trees, ignored if definition.options.key is None else ())
        if isinstance(values, str):
            return values
        values |= self._change.added(trees)
        free = {*signature.rest, *ignored}
        filled = {n: signature.defaults[n] for n in signature.defaults if n in free}
        missing = [n for n in signature.names if n not in values and n not in filled]
        if missing:
            return f"it has no parameter {missing[0]!r}; add= a value"
        return {n: values[n] if n in values else filled[n] for n in signature.names}
