"""The one thread of a process that writes: it commits what has gathered, in one transaction."""

from __future__ import annotations

import contextlib
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from expcache._store._commit import Commit
from expcache._store._write import Mark, Write
from expcache.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expcache._store._bench import Bench

LARGEST_GROUP: Final = 1000
LARGEST_GROUP_BYTES: Final = 64 << 20
JOIN_SECONDS: Final = 1.0
STREAM: Final = 4
"""From so many writes on, a group is a piece of a stream: more are about to come."""
IDLE_SECONDS: Final = 0.005
"""For how long the rows of claims whose results are there may stay, while writes follow."""
REST_SECONDS: Final = 0.05
"""For how long the next writes of a stream gather, unless somebody waits for one of them.

A commit writes whole pages, so that few large ones write much less than many small ones.
"""


class Writer:
    """Takes writes from any thread; its own thread lives from the first one to `stop`.

    Signal handlers run in the main thread only, so no Ctrl-C can ever hit a transaction here. A
    write is handed over in one step that cannot be interrupted halfway.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._queue: SimpleQueue[Write | Mark] = SimpleQueue()
        self._starting = threading.Lock()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._bell: SimpleQueue[None] = SimpleQueue()

    def submit(self, write: Write) -> None:
        """Hand over one write."""
        self._queue.put(write)
        if self._thread is None:
            self.wake()

    def hurry(self) -> None:
        """Have everything handed over before committed now: somebody waits for it."""
        self._bell.put(None)  # no event: a Ctrl-C might leave its lock taken

    def wake(self) -> None:
        """Make sure that a thread is there to empty the queue."""
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return
            if not self._ending:
                thread = threading.Thread(target=self._run, name="expcache writer", daemon=True)
                self._thread = thread
                thread.start()
                return
        # Nobody would wait for a thread any more, so this one writes.
        self._queue.put(Mark(Commit(_nothing), last=True))
        self._run()

    def flush(self) -> None:
        """Return when everything handed over before is settled."""
        if self._thread is not None or not self._queue.empty():
            mark = Mark(Commit(self.wake, self.hurry), last=False)
            self._queue.put(mark)
            self.wake()
            mark.commit.wait()

    def stop(self) -> None:
        """Settle everything handed over before, close every file and end the thread."""
        if not self._queue.empty():
            self.wake()
        while (thread := self._thread) is not None and thread.is_alive():
            mark = Mark(Commit(self.wake), last=True)
            self._queue.put(mark)
            self._bell.put(None)
            while not mark.commit.done and thread.is_alive():
                thread.join(JOIN_SECONDS)
            thread.join(JOIN_SECONDS)

    def end(self) -> None:
        """Stop; from now on, whoever hands over a write also does it: the program is ending."""
        self._ending = True
        self.stop()

    def hold(self) -> None:
        """Stop, and start nothing until `release`: the process is about to fork."""
        self.stop()
        self._starting.acquire()

    def release(self) -> None:
        """End `hold` in the process that held."""
        self._starting.release()
        if not self._queue.empty():
            self.wake()

    def abandon(self) -> None:
        """End `hold` in a forked child: what was not written is the parent's to write."""
        queue = self._queue
        self.__init__()  # type: ignore[misc]
        error = StoreError(
            "cannot wait for this write: it belongs to the process that this one was forked "
            "from. Wait there.",
            path="",
        )
        for item in _drain(queue):
            item.commit.settle(error=error)

    def _run(self) -> None:
        from expcache._store._bench import Bench  # noqa: PLC0415 - brings in diskcache

        with self._turn:  # never two, even if a Ctrl-C hit the start of the first
            bench = Bench()
            try:
                ending = None
                while ending is None:
                    ending = self._work(bench)
            finally:
                bench.close()
                if self._thread is threading.current_thread():
                    self._thread = None
            ending.commit.settle()
        # Whoever handed over a write before seeing the thread gone relies on this look.
        if not self._queue.empty():
            self.wake()

    def _work(self, bench: Bench) -> Mark | None:
        """Commit one group; return the mark when it was the last one."""
        self._silence()  # what is waited for by now is in this group
        group, mark = self._gather(bench)
        if group:
            bench.write(group)
            if mark is None and len(group) >= STREAM:
                self._rest()
        if mark is not None:
            bench.tidy()
        if mark is not None and not mark.last:
            mark.commit.settle()
            return None
        return mark

    def _silence(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._bell.get_nowait()

    def _rest(self) -> None:
        with contextlib.suppress(Empty):
            self._bell.get(timeout=REST_SECONDS)

    def _next(self, bench: Bench) -> Write | Mark:
        """Wait for a write; if none comes soon, tidy up: else a next claim does so, at no cost."""
        with contextlib.suppress(Empty):
            return self._queue.get(timeout=IDLE_SECONDS)
        bench.tidy()
        return self._queue.get()

    def _gather(self, bench: Bench) -> tuple[list[Write], Mark | None]:
        """Wait for a write, then take all that wait with it."""
        group: list[Write] = []
        size = 0
        item = self._next(bench)
        with contextlib.suppress(Empty):
            while isinstance(item, Write):
                group.append(item)
                size += len(item.envelope or b"")
                if len(group) >= LARGEST_GROUP or size >= LARGEST_GROUP_BYTES:
                    break
                item = self._queue.get_nowait()
            else:
                return group, item
        return group, None


def _nothing() -> None:
    """Nudge nobody: the writer is the one who would wait."""


def _drain(queue: SimpleQueue[Write | Mark]) -> Iterator[Write | Mark]:
    with contextlib.suppress(Empty):
        while True:
            yield queue.get_nowait()


WRITER: Final = Writer()
