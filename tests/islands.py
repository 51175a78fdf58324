"""Islands: processes with a network, mounts and a host name of their own, joined by cables.

All of an island is gone when its keeper is, and the keeper goes with whoever started it: it reads
from a pipe that ends with that process, whatever ends it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

__all__ = ["Island", "archipelago", "missing"]

PROGRAMS = ("ip", "mount", "nsenter", "unshare")
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
APART = ("--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
HUB = "10.11.0.1"
"""The address of the first island, which reaches all others; they do not reach each other."""
PATIENCE = 30


class Island:
    """A keeper of namespaces, in which programs are started."""

    def __init__(self, name: str, hidden: Sequence[Path] = ()) -> None:
        """Make an island.

        Args:
            name: that of its host.
            hidden: directories that are empty there.
        """
        covers = [f"mount -t tmpfs none {shlex.quote(str(one))}" for one in hidden]
        steps = ["set -e", "ip link set lo up", f"echo {name} > /proc/sys/kernel/hostname", *covers]
        self.name = name
        script = "\n".join([*steps, "echo made", "exec cat"])
        self.keeper = subprocess.Popen(
            ["unshare", *APART, "sh", "-c", script],
            env=_environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self.keeper.stdout is not None
        self.said = self.keeper.stdout.readline().strip()

    def within(self, place: Path, *command: str) -> list[str]:
        """Return what starts a program on the island, in a directory as it is there."""
        kinds = {"net": "net", "mount": "mnt", "uts": "uts", "pid": "pid_for_children"}
        namespaces = f"/proc/{self.keeper.pid}/ns"
        entered = [f"--{option}={namespaces}/{file}" for option, file in kinds.items()]
        there = ["sh", "-c", 'cd "$0" && exec "$@"', str(place)]
        return ["nsenter", *entered, "--", *there, *command]

    def net(self, *words: str) -> None:
        """Set something up in its network."""
        entered = ["nsenter", f"--net=/proc/{self.keeper.pid}/ns/net", "ip", *words]
        subprocess.run(entered, env=_environment(), check=True, timeout=PATIENCE)

    def close(self) -> None:
        """End everything on it."""
        with self.keeper:
            self.keeper.communicate(timeout=PATIENCE)


@contextmanager
def archipelago(*names: str, hidden: Sequence[Path]) -> Iterator[list[Island]]:
    """Make islands, each but the first joined to it alone, and with hidden directories."""
    with ExitStack() as opened:
        islands = []
        for count, name in enumerate(names):
            islands.append(Island(name, hidden if count else ()))
            opened.callback(islands[-1].close)
            assert islands[-1].said == "made", islands[-1].said
        islands[0].net("address", "add", f"{HUB}/32", "dev", "lo")
        for count, island in enumerate(islands[1:], 1):
            _join(islands[0], island, count)
        yield islands


def _join(hub: Island, island: Island, number: int) -> None:
    cable, here, there = f"cable{number}", f"10.11.{number}.1", f"10.11.{number}.2"
    peer = ["peer", "name", "cable", "netns", str(island.keeper.pid)]
    hub.net("link", "add", "name", cable, "type", "veth", *peer)
    hub.net("address", "add", f"{here}/24", "dev", cable)
    hub.net("link", "set", cable, "up")
    island.net("address", "add", f"{there}/24", "dev", "cable")
    island.net("link", "set", "cable", "up")
    island.net("route", "add", "default", "via", here)


def missing() -> str:
    """Return why there can be no islands here; "" if there can."""
    lacking = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if lacking:
        return f"there is no {', no '.join(lacking)} here"
    try:
        with archipelago("one", "two", hidden=[]):
            return ""
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        return f"namespaces cannot be had here: {error}"


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": PATH}
