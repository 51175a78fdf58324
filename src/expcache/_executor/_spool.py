"""A directory of plain files between the sender and the workers of a cluster, and nothing else.

Every file is written whole under another name and renamed, and carries a checksum. It holds
``orders``, some bytes for each batch; ``begun-3``, made by the one worker that computes batch 3;
``answer-3`` or ``lost-3``, what came of it; and ``closed``, once nothing is to be begun any more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from xxhash import xxh3_128_digest

from expcache._store import write_bytes

__all__ = ["Begun", "Spool", "read_whole", "write_whole"]

MAGIC: Final = b"expcache-spool-1"
HEAD: Final = len(MAGIC) + 16
CLOSED: Final = "closed"


class Begun(NamedTuple):
    """Who computes a batch."""

    name: str
    """What the engine's own tools call it."""
    host: str
    restarts: int
    """How often the engine had started it anew."""


class Spool:
    """One directory of batches, numbered from 0."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Name it; touch nothing."""
        self.path: Final = Path(path)

    def fill(self, orders: Sequence[bytes]) -> None:
        """Write what is to be computed."""
        self.path.mkdir(parents=True, mode=0o700)
        framed = [framed_of(order) for order in orders]
        head = json.dumps([len(one) for one in framed]).encode()
        write_whole(self.path / "index", head)
        passing = self.path / ".orders.tmp"
        with passing.open("wb") as out:
            out.writelines(framed)
            out.flush()
            os.fsync(out.fileno())
        passing.rename(self.path / "orders")

    def sizes(self) -> list[int]:
        """Return how many bytes the orders take, one after the other."""
        sizes: list[int] = json.loads(read_whole(self.path / "index"))
        return sizes

    def order(self, at: int, sizes: Sequence[int]) -> bytes:
        """Read one batch."""
        with (self.path / "orders").open("rb") as source:
            source.seek(sum(sizes[:at]))
            return unframed(source.read(sizes[at]), f"orders, {at}")

    def take(self, at: int, begun: Begun) -> bool:
        """Tell whether a batch is the caller's to compute: whoever makes the file has it."""
        try:
            handle = os.open(self.path / f"begun-{at}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return False
        try:
            os.write(handle, json.dumps(begun).encode())
        finally:
            os.close(handle)
        return True

    def begun(self, at: int) -> Begun | None:
        """Return who computes a batch; None where that is not known, or nobody."""
        with suppress(OSError, ValueError, TypeError):
            return Begun(*json.loads((self.path / f"begun-{at}").read_bytes()))
        return None

    def since(self, at: int) -> float:
        """Return the Unix time when a batch was begun; 0 where that is not known."""
        with suppress(OSError):
            return (self.path / f"begun-{at}").stat().st_mtime
        return 0.0

    def answer(self, at: int, content: bytes) -> None:
        """Write what came of a batch."""
        write_whole(self.path / f"answer-{at}", content)

    def read_answer(self, at: int) -> bytes:
        """Read what came of a batch.

        Raises:
            ValueError: it is not what was written.
        """
        return read_whole(self.path / f"answer-{at}")

    def lose(self, at: int, why: str) -> None:
        """Write why nothing comes of a batch."""
        write_whole(self.path / f"lost-{at}", why.encode())

    def read_lost(self, at: int) -> str:
        """Read why nothing comes of a batch."""
        return read_whole(self.path / f"lost-{at}").decode()

    def close(self) -> None:
        """Let nobody begin anything more."""
        with suppress(OSError):
            (self.path / CLOSED).touch()

    @property
    def closed(self) -> bool:
        """Whether nothing is to be begun any more."""
        return not (self.path / "orders").exists() or (self.path / CLOSED).exists()

    def numbers(self, word: str) -> set[int]:
        """Return the numbers of the batches that there is a file of."""
        return numbers_among(self.names(), word)

    def names(self) -> list[str]:
        """List what is there."""
        try:
            return os.listdir(self.path)  # noqa: PTH208 - names alone, of thousands
        except OSError:
            return []

    def empty(self) -> None:
        """Take away what may be large, once nobody waits for any of it."""
        for name in self.names():
            if name == "orders" or name.startswith("answer-"):
                with suppress(OSError):
                    (self.path / name).unlink()

    def remove(self) -> None:
        """Take it away, with all that is in it."""
        import shutil  # noqa: PLC0415 - rarely needed

        shutil.rmtree(self.path, ignore_errors=True)


def numbers_among(names: Iterable[str], word: str) -> set[int]:
    """Return the numbers at the end of the names that begin with a word."""
    parted = (name.partition("-") for name in names)
    return {int(end) for begin, _, end in parted if begin == word and end.isdigit()}


def framed_of(content: bytes) -> bytes:
    """Return bytes with what tells whether they are whole."""
    return MAGIC + xxh3_128_digest(content) + content


def unframed(found: bytes, name: str) -> bytes:
    """Return the bytes that were framed.

    Raises:
        ValueError: they are not whole.
    """
    content = found[HEAD:]
    if found[: len(MAGIC)] != MAGIC or found[len(MAGIC) : HEAD] != xxh3_128_digest(content):
        raise ValueError(f"{name} is not what was written")
    return content


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whatever ends the process."""
    write_bytes(path, framed_of(content))


def read_whole(path: Path) -> bytes:
    """Read what `write_whole` wrote.

    Raises:
        ValueError: it is something else.
        OSError: it cannot be read.
    """
    return unframed(path.read_bytes(), path.name)
