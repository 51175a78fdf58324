"""Stand-ins for a batch system: they run what is submitted at once, as a scheduler would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SBATCH = """\
#!/bin/sh
# Runs each element of --array=1-N, or the script alone, from a copy of it, in this directory.
last=1
while case "$1" in --array=1-*) last=${1#--array=1-}; array=yes ;; -*) ;; *) false ;; esac; do
    echo "sbatch $1" >> "$SUBMITTED"; shift
done
cp "$1" "$SPOOL/script"; shift
i=1
while [ "$i" -le "$last" ]; do
    [ -z "$array" ] || export SLURM_ARRAY_TASK_ID="$i"
    SLURM_SUBMIT_DIR=$PWD sh "$SPOOL/script" "$@"
    i=$((i + 1))
done
"""

QSUB = """\
#!/bin/sh
# Runs each element of -J 1-N, or the script alone, in the home directory.
last=0
while case "$1" in -*) ;; *) false ;; esac; do
    echo "qsub $1 $2" >> "$SUBMITTED"
    case "$1" in -J) last=${2#1-} ;; -v) export "$2" ;; esac
    shift; shift
done
cp "$1" "$SPOOL/script"
export PBS_O_WORKDIR="$PWD"
cd "$SPOOL" || exit 1
[ "$last" -gt 0 ] || sh "$SPOOL/script"
i=1
while [ "$i" -le "$last" ]; do
    PBS_ARRAY_INDEX=$i sh "$SPOOL/script"
    i=$((i + 1))
done
"""


class Cluster:
    """A machine with batch systems, and without the project's directory."""

    def __init__(self, place: Path) -> None:
        """Install the batch systems."""
        self.place = place
        self.submitted = place / "submitted"
        (place / "bin").mkdir(parents=True)
        for name, text in (("sbatch", SBATCH), ("qsub", QSUB)):
            (place / "bin" / name).write_text(text)
            (place / "bin" / name).chmod(0o755)

    def fetch(self, directory: Path) -> Path:
        """Move a rendered directory here; return where it is."""
        return directory.rename(self.place / directory.name)

    def submit(self, directory: Path, *words: str, number: int = 1) -> int:
        """Submit what was rendered; return the exit status once all of it has ended."""
        done = subprocess.run(
            ["sh", str(directory / f"submit-{number}.sh"), *words],
            env=self.environ,
            cwd=self.place.parent,
            check=False,
        )
        return done.returncode

    @property
    def environ(self) -> dict[str, str]:
        """The environment of what runs here."""
        path = os.pathsep.join([str(self.place / "bin"), os.environ["PATH"]])
        own = {"PATH": path, "SPOOL": str(self.place / "bin"), "SUBMITTED": str(self.submitted)}
        return {**os.environ, **own, "PYTHON": sys.executable}
