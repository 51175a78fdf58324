"""Start a new interpreter with a socket."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from typing import Any

__all__ = ["launch"]


def launch(sock: socket.socket, program: str, **streams: Any) -> subprocess.Popen[bytes]:
    """Run a program in an interpreter like this one, in a process group of its own.

    The program is text with two gaps: the descriptor of the socket, and our process number.
    """
    head = f"import sys; sys.path[:] = {sys.path!r}; "
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, **streams}
    if sys.platform == "win32":
        return _launch_windows(sock, head + program, options)
    text = head + program.format(sock.fileno(), os.getpid())
    options |= {"pass_fds": [sock.fileno()], "process_group": 0}
    return subprocess.Popen([*_interpreter(), "-c", text], **options)  # noqa: S603 - ours


def _interpreter() -> list[str]:
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001 - what multiprocessing does
    # What the user has told multiprocessing counts here too, as in an embedded interpreter.
    spawn: Any = sys.modules.get("multiprocessing.spawn")
    chosen = spawn.get_executable() if spawn is not None else None
    return [os.fsdecode(chosen or sys.executable), *flags]


def _launch_windows(
    sock: socket.socket, text: str, options: dict[str, Any]
) -> subprocess.Popen[bytes]:
    # A socket is made over to a process that is there already.
    text = text.replace(
        "main({}, {})",
        "import socket; main(socket.fromshare(sys.stdin.buffer.read()).detach(), {})",
    ).format(os.getpid())
    options["stdin"] = subprocess.PIPE
    process = subprocess.Popen([*_interpreter(), "-c", text], **options)  # noqa: S603 - ours
    share: Any = getattr(sock, "share", None)
    with contextlib.suppress(OSError), process.stdin or contextlib.nullcontext():
        if process.stdin is not None:
            process.stdin.write(share(process.pid))
    return process
