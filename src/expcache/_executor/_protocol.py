"""What the driver asks of an executor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from types import TracebackType

    from expcache._executor._batch import Batch

__all__ = ["Executor"]


@runtime_checkable
class Executor(Protocol):
    """Something that computes batches elsewhere; any thread may call any method."""

    @property
    def jobs(self) -> int:
        """How many batches are computed at a time."""

    @property
    def shares_files(self) -> bool:
        """Whether workers may write large parts into the store's directory themselves."""

    def submit(self, batch: Batch) -> None:
        """Queue a batch; what comes of it is told to `batch.tell`."""

    def cancel(self, batch: Batch) -> None:
        """Forget a batch that has not begun, end one that runs; either is told as finished."""

    def forget(self, batch: Batch) -> None:
        """Forget a batch that has not begun, told as finished; one that runs goes on."""

    def stop(self) -> None:
        """End everything now; all that is not finished is told as finished."""

    def close(self) -> None:
        """Take no more batches; the workers leave when the last is done."""

    def __enter__(self) -> Self:
        """Return the executor."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait until everything is done, or stop if there was an exception."""
