"""The process that waits for the end of another, and then ends the programs it had started.

A program of its own that imports nothing of expcache: its standard input is a pipe that ends with
the process it watches, its standard output a table of the programs that go on.
"""

import contextlib
import os
import signal
import time

SLOT = 1024
NUMBER = 16
ROUNDS = 60
PAUSE = 0.05


def going_on() -> list[tuple[int, bytes]]:
    """Return number and path of each program that was not over."""
    table = os.pread(1, os.fstat(1).st_size, 0)
    found = []
    for start in range(0, len(table), SLOT):
        number, path = table[start : start + NUMBER], table[start + NUMBER : start + SLOT]
        path = path.partition(b"\0")[0]
        if path and number.strip().isdigit():
            found.append((int(number), path))
    return found


def marked(paths: list[bytes]) -> list[int]:
    """Return the processes whose environment says that they belong to one of these programs."""
    wanted = [b"EXPCACHE_PARAMS=" + path + b"\0" for path in paths]
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:  # noqa: PTH112, PTH208
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
                content = file.read() + b"\0"
                if any(one in content for one in wanted):
                    found.append(int(name))
    return found


def end_marked(paths: list[bytes]) -> list[int]:
    """Kill those processes; return which."""
    found = marked(paths)
    for pid in found:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return found


def end_all(programs: list[tuple[int, bytes]]) -> None:
    """End programs with their groups, and what has left the groups, until nothing is found."""
    quiet = 0
    for _ in range(ROUNDS if programs else 0):
        for number, _ in programs:
            if number:
                with contextlib.suppress(OSError):
                    os.killpg(number, signal.SIGKILL)
        left = end_marked([path for _, path in programs])
        quiet = 0 if left else quiet + 1
        if quiet > 2:  # noqa: PLR2004 - one may just be about to begin
            return
        time.sleep(PAUSE)


def main() -> None:
    """Wait, then end what is left."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.setsid()
    while os.read(0, 1):
        pass
    end_all(going_on())


if __name__ == "__main__":
    main()
