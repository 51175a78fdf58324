"""An experiment whose function is a coroutine function."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

from expcache._experiment import Experiment, result_of
from expcache._run import Run

if TYPE_CHECKING:
    from expcache._perform import Performer

__all__ = ["AsyncExperiment"]

P = ParamSpec("P")
R = TypeVar("R")


class AsyncExperiment(Experiment[P, R]):
    """An experiment whose function is a coroutine function; calling it gives an awaitable."""

    _is_async = True

    async def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        """Return the stored result, or await the function in the caller's event loop."""
        __tracebackhide__ = True
        params = self._definition.bind(args, kwargs, self._fixed)
        identity = self._definition.key.identify(params)
        found = self._recall(self._definition, identity)
        if found:
            return found[0]
        performer = self._performer
        run: Run[R] = performer.handle(params, identity=identity)
        if (performer.recall_older(run) or performer.reuse(run)) is not None:
            return result_of(run)
        return await self._await(performer, run)

    async def _await(self, performer: Performer, run: Run[R]) -> R:
        __tracebackhide__ = True
        if self._definition.options.timeout is not None or performer.is_away(run):
            import asyncio  # noqa: PLC0415 - whoever awaits this has imported it

            return result_of(await asyncio.to_thread(run.compute))
        from expcache._perform import claimed_async  # noqa: PLC0415 - 15 ms that a hit needs not

        claim = await claimed_async(performer, run)
        if isinstance(claim, Run):
            return result_of(run)
        pending = await performer.begin_async(run, claim)
        value: R = pending.unwrap()
        return value
