"""A Slurm of one node in a directory, on the loopback interface alone; nothing of it is left.

``python tests/private_slurm.py COMMAND ...`` runs a command that finds it.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "srun")
PATIENCE = 90.0

CONFIGURATION = """\
ClusterName=local
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={place}/munge/socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0,bf_interval=1
MpiDefault=none
ReturnToService=2
KillWait=3
MinJobAge=300
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/ctld.pid
SlurmdPidFile={place}/d.pid
SlurmctldLogFile={place}/log/ctld
SlurmdLogFile={place}/log/d
NodeName=localhost NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=DEFAULT Nodes=localhost MaxTime=INFINITE State=UP
PartitionName=main Default=YES PriorityTier=2 PreemptMode=OFF
PartitionName=spare PriorityTier=1
PartitionName=scrap PriorityTier=1 PreemptMode=CANCEL
"""


class PrivateSlurm:
    """Starts the daemons in a directory, and ends them."""

    def __init__(self, place: Path) -> None:
        """Write the configuration; nothing runs yet."""
        self.place = place
        self.configuration = place / "slurm.conf"
        for name in ("munge", "state", "spool", "log"):
            (place / name).mkdir(mode=0o700, parents=True)
        key = place / "munge" / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self.configuration.write_text(
            CONFIGURATION.format(
                ports=_free_ports(),
                user=getpass.getuser(),
                place=place,
                host=socket.gethostname().partition(".")[0],
                cpus=min(2, os.cpu_count() or 1),
            )
        )

    @staticmethod
    def missing() -> str:
        """Return why there can be no Slurm here; "" if there can."""
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        lacking = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
        return f"there is no {', no '.join(lacking)} here" if lacking else ""

    def start(self) -> str:
        """Start everything; return why it does not run, or "" when it does."""
        place = self.place
        munge = place / "munge"
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
        options = [f"--{name}={munge / file}" for name, file in files.items()]
        failed = self._begin("munged", "--force", *options, f"--seed-file={munge / 'seed'}")
        return failed or self.start_controller() or self.start_node()

    def start_node(self) -> str:
        """Start the node; return why it does not run."""
        return self._begin("slurmd", "-N", "localhost") or self._wait_until_idle()

    def stop_node(self) -> None:
        """Kill all that is on the node, as if it had lost its power."""
        _end(self.place / "d.pid", signal.SIGKILL)
        computing = [pid for pid in _pids() if self._computes(pid)]
        parents = {_stat(pid)[1] for pid in computing}
        watching = {pid for pid in parents if _stat(pid)[0] == "slurmstepd"}
        for pid in (*watching, *computing):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _computes(self, pid: int) -> bool:
        """Whether a process belongs to a job."""
        with suppress(OSError):
            environment = Path("/proc", str(pid), "environ").read_bytes().split(b"\0")
            ours = f"SLURM_CONF={self.configuration}".encode() in environment
            return ours and any(one.startswith(b"SLURM_JOB_ID=") for one in environment)
        return False

    def start_controller(self) -> str:
        """Start the scheduler; return why it does not run."""
        return self._begin("slurmctld")

    def stop_controller(self) -> None:
        """End the scheduler alone; what runs on the node goes on."""
        _end(self.place / "ctld.pid")

    def stop(self) -> None:
        """End everything."""
        with suppress(OSError, subprocess.SubprocessError):
            self.call("scancel", "--quiet", "--signal=KILL", "--full", "--state=RUNNING")
        for name in ("d.pid", "ctld.pid", "munge/pid"):
            _end(self.place / name)

    def call(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = subprocess.run(
            command,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout

    def _begin(self, *command: str) -> str:
        # Daemons keep what they inherit: files in place of pipes, or whoever reads waits for ever.
        said = self.place / "log" / f"{command[0]}.said"
        with said.open("ab") as out:
            code = subprocess.run(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
            ).returncode
        return f"{command[0]} does not run here: {said.read_text().strip()}" if code else ""

    def _environment(self) -> dict[str, Any]:
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        return {**os.environ, "SLURM_CONF": str(self.configuration), "PATH": path}

    def _wait_until_idle(self) -> str:
        late = time.monotonic() + PATIENCE
        while time.monotonic() < late:
            if "idle" in (state := self.call("sinfo", "-h", "-o", "%T")):
                return ""
            time.sleep(0.1)
        return f"its node is {state.strip() or 'unknown'}, not idle"


@contextmanager
def started(place: Path) -> Iterator[PrivateSlurm]:
    """Start Slurm where its commands find it by the environment, or skip with the reason."""
    if reason := PrivateSlurm.missing():
        pytest.skip(reason)
    slurm = PrivateSlurm(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(slurm.configuration))
        try:
            if reason := slurm.start():
                pytest.skip(reason)
            yield slurm
        finally:
            slurm.stop()


def _free_ports() -> list[int]:
    sockets = [socket.socket() for _ in range(2)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _stat(pid: int) -> tuple[str, int]:
    """Return what a process is called, and its parent; ("", 0) when it is gone."""
    with suppress(OSError):
        begin, _, end = Path("/proc", str(pid), "stat").read_text().rpartition(")")
        return begin.partition("(")[2], int(end.split()[1])
    return "", 0


def _end(file: Path, number: int = signal.SIGTERM) -> None:
    with suppress(OSError, ValueError):
        pid = int(file.read_text())
        os.kill(pid, number)
        late = time.monotonic() + PATIENCE
        while time.monotonic() < late:
            os.kill(pid, 0)  # raises when it is gone
            time.sleep(0.05)


def main() -> int:
    """Run a command with a Slurm of its own, and return its exit status."""
    reason = PrivateSlurm.missing()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        slurm = PrivateSlurm(Path(name))
        try:
            reason = reason or slurm.start()
            if reason:
                sys.stderr.write(f"{reason}\n")
                return 1
            environment = {**os.environ, "SLURM_CONF": str(slurm.configuration)}
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
        finally:
            slurm.stop()


if __name__ == "__main__":
    sys.exit(main())
