"""Compare a call with what is stored of it, or with what is nearest to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

from expcache._acceptance import acceptance_of
from expcache._agreement import disagreements
from expcache._codec import to_json
from expcache._definition import Definition
from expcache._explain._codes import Code, Codes, code_differences
from expcache._explain._environment import environment_differences
from expcache._explain._missing import Missing
from expcache._explain._params import described, items_of, param_differences, shown
from expcache._explanation import Against, Difference, Explanation
from expcache._outcome import brief
from expcache._query import Located, code_of, is_result
from expcache._reached import reached
from expcache._record import Header, files, read_header
from expcache._run import Run
from expcache.errors import RecordError

__all__ = ["Explainer", "explain"]

_WIDTH = 24
_MOST = 20
"""How many results of a run are looked at, newest first, for one of its very params."""


def explain(definition: Definition, run: Run[Any]) -> Explanation:
    """Return why a call of an experiment is a hit or a miss; nothing is computed or written."""
    return Explainer(definition, whole=True).explain(run, run._locate())


class Explainer:
    """Explains runs of one experiment; what they have in common is read once."""

    def __init__(self, definition: Definition, *, whole: bool = False) -> None:
        """Begin without having read anything; ``whole``: read large parts of results too."""
        self._whole = whole
        self._definition = definition
        self._store = definition.store
        self._codes = Codes(self._store, definition.name)
        self._nearest = cache(self._find_nearest)
        self._now: dict[tuple[type, ...], tuple[Code, tuple[str, ...]]] = {}
        self._causes: dict[tuple[str, tuple[type, ...]], tuple[Difference, ...]] = {}

    def explain(self, run: Run[Any], located: Located) -> Explanation:
        """Return why a run with this status is a hit or a miss."""
        return _EXPLAIN[located.status](self, run, located)

    def _done(self, run: Run[Any], located: Located) -> Explanation:
        header = self._header(located.key, whole=self._whole)
        if header is None:
            unreadable = Difference("record", run.id[:8], words="cannot be read")
            return self._made(run, "done", "is stored, but cannot be read", None, (unreadable,))
        own = self._definition.code_with(run._identity.classes)
        accepted = acceptance_of(self._store, run.experiment, str(located.key), f"{run.id}-{own}")
        if accepted is None:
            return self._made(run, "done", "is stored for this code", header)
        found = self._differences(header.code, run._identity.classes)
        return self._made(run, "done", f"is {accepted.told}", header, found)

    def _running(self, run: Run[Any], located: Located) -> Explanation:
        where = run.whereabouts
        what = "is being computed" if located.status == "running" else "waits to be computed"
        told = "" if where is None else f"{' ' if where.host else ': '}{where}"
        return self._made(run, located.status, f"{what}{told}")

    def _failed(self, run: Run[Any], located: Located) -> Explanation:
        header = self._header(located.key)
        if header is None:
            return self._made(run, "failed", "failed before, but its record cannot be read")
        times = f"{header.attempt} attempt{'' if header.attempt == 1 else 's'}"
        return self._made(run, "failed", f"failed before ({times}): {_error(header)}", header)

    def _stale(self, run: Run[Any], located: Located) -> Explanation:
        classes = run._identity.classes
        found = self._store.keys(run.experiment, run.id)
        codes = [code_of(key) for key in reversed(found) if is_result(key)]
        agreeing = [code for code in codes[:_MOST] if self._agrees(run, code)]
        nearest = self._nearest(tuple(agreeing or codes), classes)
        header = self._header(f"{run.id}-{nearest}") or self._header(located.key)
        name = self._definition.function.__qualname__
        remedy = f"If it changes no result: {name}.accept(reason=...), or pytest --sweep-accept."
        told = remedy if agreeing else ""
        return self._of_code(run, header, "stale", "is stored for other code only", told)

    def _agrees(self, run: Run[Any], code: str) -> bool:
        """Whether the record of a run under a code is of its very params: it can be accepted."""
        header = self._header(f"{run.id}-{code}")
        return header is not None and not disagreements(self._definition, header, run.params)

    def _of_code(
        self, run: Run[Any], header: Header | None, status: Any, why: str, remedy: str = ""
    ) -> Explanation:
        """Explain a run by what differs between the code of a record and the present code."""
        if header is None:
            return self._made(run, status, f"{why}, and its record cannot be read")
        found = list(self._differences(header.code, run._identity.classes))
        if self._definition.declared:
            found += _defaults(self._definition, run, header)
        if not found:
            found = [Difference("code", run.experiment, words="is decorated in another way")]
        return self._made(run, status, why, header, tuple(found), remedy)

    def _nothing(self, run: Run[Any], located: Located) -> Explanation:  # noqa: ARG002 - as others
        failure = self._header(self.missing.failed.get(run.id))
        if failure is not None:
            why = f"failed under other code ({_error(failure)})"
            return self._of_code(run, failure, "missing", why)
        near = self.missing.near(run.params)
        if near.header is not None and near.same:
            why = "is missing: what is nearest has these params, but another id"
            return self._of_code(run, near.header, "missing", why)
        return self._made(
            run, "missing", near.cause, near.header, near.differences, remedy=near.remedy
        )

    def _made(  # noqa: PLR0913, PLR0917 - what an explanation is made of
        self,
        run: Run[Any],
        status: Any,
        cause: str,
        header: Header | None = None,
        differences: tuple[Difference, ...] = (),
        remedy: str = "",
    ) -> Explanation:
        now, unseen = self._present(run._identity.classes)
        old = None if header is None else self._codes.get(header.code)
        return Explanation(
            id=run.id,
            experiment=run.experiment,
            call=_call(run),
            status=status,
            hit=status == "done" and header is not None,
            cause=cause,
            against=None if header is None else _against(header),
            differences=differences,
            environment=() if header is None else environment_differences(self._store, header),
            unseen=unseen,
            remedy=remedy,
            _codes=((), ()) if old is None else (old.parts, now.parts),
        )

    def _present(self, classes: tuple[type, ...]) -> tuple[Code, tuple[str, ...]]:
        if classes not in self._now:
            told, unseen = reached(self._definition, classes), self._definition.code_notes
            declared = unseen.get("declared")
            code = Code(told, None if declared is None else tuple(declared))
            self._now[classes] = code, tuple(unseen.get("unseen", ()))
        return self._now[classes]

    @cached_property
    def missing(self) -> Missing:
        """What is stored of the experiment, read when first asked for."""
        return Missing(self._definition, self._store)

    def code_causes(self, codes: tuple[str, ...], classes: tuple[type, ...]) -> tuple[Any, ...]:
        """Return what differs between the present code and the nearest of some, newest first."""
        nearest = self._nearest(codes, classes)
        return () if nearest is None else self._differences(nearest, classes)

    def _find_nearest(self, codes: tuple[str, ...], classes: tuple[type, ...]) -> str | None:
        return self._codes.nearest(codes, self._present(classes)[0])

    def _differences(self, code: str, classes: tuple[type, ...]) -> tuple[Difference, ...]:
        if (code, classes) not in self._causes:
            found = code_differences(self._codes.get(code), self._present(classes)[0])
            self._causes[code, classes] = tuple(found)
        return self._causes[code, classes]

    def _header(self, key: str | None, *, whole: bool = False) -> Header | None:
        name = self._definition.name
        envelope = None if key is None else self._store.get(name, key)
        try:
            for part in files(envelope) if whole and envelope is not None else ():
                self._store.fetch(name, part.name, part.size, part.digest)
            return None if envelope is None else read_header(envelope)
        except RecordError:
            return None


_EXPLAIN: dict[str, Callable[[Explainer, Run[Any], Located], Explanation]] = {
    "done": Explainer._done,
    "running": Explainer._running,
    "queued": Explainer._running,
    "failed": Explainer._failed,
    "stale": Explainer._stale,
    "missing": Explainer._nothing,
}


def _defaults(definition: Definition, run: Run[Any], header: Header) -> list[Difference]:
    """Return the changed defaults, by which alone a run of declared code gets stale."""
    ignored = definition.options.ignore
    old = items_of(header.params, header.version, ignored)
    new = items_of(described(run.params), definition.options.version, ignored)
    both = {name: text for name, text in new.items() if name in old}
    found = param_differences({name: old[name] for name in both}, both)
    return [one._replace(kind="default", name=f"of {one.name}", words="changed") for one in found]


def _against(header: Header) -> Against:
    texts = {name: shown(to_json(tree)) for name, tree in header.params.items()}
    values = ", ".join(f"{name}={text}" for name, text in texts.items())
    return Against(
        header.id, header.code, header.finished, header.host, f"{header.experiment}({values})"
    )


def _error(header: Header) -> str:
    error = header.error or {}
    return brief(f"{error.get('type', '')}: {error.get('message', '')}".rstrip(": "))


def _call(run: Run[Any]) -> str:
    values = ", ".join(f"{name}={_short(value)}" for name, value in run.params.items())
    return f"{run.experiment}({values})"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
