"""The one thread of a process that claims: it shows that the process lives while it holds any."""

from __future__ import annotations

import contextlib
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

from expcache._store import _owner
from expcache._store._errand import NUDGE_SECONDS, Errand
from expcache._store._ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expcache._store._folder import Folder

T = TypeVar("T")

MOST_OPEN: Final = 32


class Claimant:
    """Runs errands on the ledgers; its own thread lives from the first one to `stop`.

    As with the writer, no Ctrl-C can hit a transaction there.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._queue: SimpleQueue[Errand[Any]] = SimpleQueue()
        self._starting = threading.Lock()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._ledgers: dict[str, Ledger] = {}
        self._next_beat = 0.0

    def ledger(self, folder: Folder) -> Ledger:
        """Return the one ledger of this process for an experiment's directory."""
        name = str(folder.path)
        found = self._ledgers.get(name)
        return found or self._ledgers.setdefault(name, Ledger(folder))

    def ask(self, action: Callable[[], T], undo: Callable[[T], object] | None = None) -> T:
        """Run *action* on the thread and return its answer, or *undo* it after a Ctrl-C."""
        errand = Errand(action)
        try:
            self._queue.put(errand)
            if self._thread is None:
                self.wake()
            return errand.wait(self.wake)
        except BaseException:
            if undo is not None:  # comes after the errand, wherever that is by now
                self._queue.put(Errand(lambda: undo(errand.wait(_nothing))))
            raise

    def send(self, action: Callable[[], object]) -> None:
        """Have *action* run on the thread some time."""
        self._queue.put(Errand(action))
        if self._thread is None:
            self.wake()

    def wake(self) -> None:
        """Make sure that a thread is there to empty the queue."""
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return
            if not self._ending and self._start():
                return
        # Nobody would wait for a thread any more, so this one does it.
        self._queue.put(Errand(_nothing, last=True))
        self._run()

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name="expcache claims", daemon=True)
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending, or the system has no more threads
            self._thread = None
            return False
        return True

    def close(self, directory: Path) -> None:
        """Give up all that is held below a directory, and let go of its files."""
        self._end([each for each in list(self._ledgers.values()) if each.lies_below(directory)])
        if not self._holding():
            self.stop()

    def stop(self) -> None:
        """Run every errand, close every file and end the thread."""
        while (thread := self._thread) is not None and thread.is_alive():
            self._queue.put(Errand(_nothing, last=True))
            thread.join(NUDGE_SECONDS)

    def end(self) -> None:
        """Give up everything and stop: the program is ending."""
        self._ending = True
        self._end(list(self._ledgers.values()))
        self.stop()

    def _end(self, ledgers: list[Ledger]) -> None:
        used = [ledger for ledger in ledgers if ledger.holds or ledger.opened]
        if used:
            self.ask(lambda: _end_each(used))

    def hold(self) -> None:
        """Stop, and start nothing until `resume`: the process is about to fork."""
        self.stop()
        self._starting.acquire()
        for ledger in self._ledgers.values():
            ledger.close()  # the writer's thread may have opened it again

    def resume(self) -> None:
        """End `hold` in the process that held."""
        self._starting.release()
        if self._holding() or not self._queue.empty():
            self.wake()

    def abandon(self) -> None:
        """End `hold` in a forked child: what its parent holds is the parent's."""
        self.__init__()  # type: ignore[misc]

    def _holding(self) -> bool:
        return any(ledger.holds for ledger in list(self._ledgers.values()))

    def _run(self) -> None:
        with self._turn:  # never two, even if a Ctrl-C hit the start of the first
            try:
                while not self._work():
                    pass
            finally:
                for ledger in list(self._ledgers.values()):
                    ledger.close()
                if self._thread is threading.current_thread():
                    self._thread = None
        # Whoever handed over an errand before seeing the thread gone relies on this look.
        if not self._queue.empty():
            self.wake()

    def _work(self) -> bool:
        """Run one errand, or show that this process lives; return whether that was the last."""
        pause = self._beat() if self._holding() else None
        with contextlib.suppress(Empty):
            errand = self._queue.get(timeout=pause)
            errand.run()
            self._close_some()
            return errand.last
        return False

    def _close_some(self) -> None:
        opened = [ledger for ledger in list(self._ledgers.values()) if ledger.opened]
        if len(opened) > MOST_OPEN:
            for ledger in opened[: MOST_OPEN // 2]:  # the oldest; they open again when needed
                ledger.close()

    def _beat(self) -> float:
        """Show that this process lives, if it is time to; return the seconds until it is again."""
        now, due = time.monotonic(), self._next_beat
        if now >= due:
            self._next_beat = due = now + _owner.LEASE / _owner.BEATS
            for ledger in list(self._ledgers.values()):
                ledger.beat()
        return due - now


def _end_each(ledgers: list[Ledger]) -> None:
    for ledger in ledgers:
        ledger.end()


def _nothing() -> None:
    """Do nothing."""


CLAIMANT: Final = Claimant()
