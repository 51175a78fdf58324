"""The shell scripts that run what was rendered: one for each run, and one that submits them all.

They are plain POSIX shell and hold relative paths alone, so that the directories can be copied
to another machine, where expcache need not be.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

__all__ = [
    "ENDED",
    "ENVIRONMENT",
    "FILES",
    "NOTES",
    "RECORD",
    "RESULTS",
    "RUN",
    "SCHEDULERS",
    "STAMPS",
    "START",
    "Scheduler",
    "array",
    "array_start",
    "run_script",
    "submit_array",
    "submit_each",
    "submit_here",
    "write_script",
]

Scheduler = Literal["slurm", "pbs"]
SCHEDULERS: tuple[Scheduler, ...] = ("slurm", "pbs")

RUN = "expcache.sh"
"""The script in each directory that computes its run."""

ENDED = ("status", "stdout.txt", "stderr.txt")
"""The files of a run that has ended."""

STAMPS = ("started", "finished")
"""When and where."""

RECORD = "record"
"""The record that the process of a function makes."""

ENVIRONMENT = "environment"
"""What that process tells of its environment."""

FILES = "files"
"""Where that process makes the directory of the run, if it asks for one."""

NOTES = ".notes"
"""Beside the directories: the code that they were rendered for."""

RESULTS = (RECORD, "result.json", "result.npy", "result.pickle")

START = f'cd "${{SLURM_SUBMIT_DIR:-${{PBS_O_WORKDIR:-.}}}}" || exit 1\nsh ./{RUN}'
"""What a script of a directory does that a scheduler starts somewhere."""

_SLICE = 1000
"""How many runs go into one array: what most schedulers allow."""

_RUN = """\
#!/bin/sh
# Computes run {id}
# of {experiment}. Does nothing once the file status is there.
cd "$(dirname "$0")" || exit 1
[ ! -e status ] || exit "$(cat status)"
rm -f {stale}
EXPCACHE_PARAMS=$PWD/params.json
export EXPCACHE_PARAMS
{{ date -u +%Y-%m-%dT%H:%M:%S.%N; uname -n; }} > started
(
{command}
) < /dev/null > stdout.txt 2> stderr.txt
status=$?
{{
    date -u +%Y-%m-%dT%H:%M:%S.%N
    for file in {told}; do
        [ ! -f "$file" ] || echo $(wc -c < "$file") "$file"
    done
}} > finished
echo "$status" > status.new && mv status.new status
exit "$status"
"""

_ARRAY = """\
#!/bin/sh
{options}
{start}
"""

_OPTIONS = {
    "slurm": ("#SBATCH --job-name={name}", "#SBATCH --output=logs/%A_%a.txt"),
    "pbs": ("#PBS -N {name}", "#PBS -j oe", "#PBS -o logs/"),
}

_INDEX = {
    "slurm": "$((${1:-0} + SLURM_ARRAY_TASK_ID))",
    "pbs": "$((${EXPCACHE_OFFSET:-0} + ${PBS_ARRAY_INDEX:-${PBS_ARRAYID:-1}}))",
}

_SUBMIT_DIRECTORY = {"slurm": "SLURM_SUBMIT_DIR", "pbs": "PBS_O_WORKDIR"}

_START = """\
[ -e {runs} ] || cd "${directory}" || exit 1
line={index}
run=$(sed -n "${{line}}p" {runs})
[ -n "$run" ] && sh "$run/{script}\""""

_HEAD = """\
#!/bin/sh
# Submits the {count} runs that {runs} lists. Its arguments go to {command}.
cd "$(dirname "$0")" || exit 1
"""

_EACH = """\
while read -r run <&3; do
    [ -e "$run/status" ] || (cd "$run" && {command} "$@" jobscript) || exit 1
done 3< {runs}
"""

_HERE = """\
#!/bin/sh
# Computes the {count} runs that {runs} lists, JOBS at a time (by default one).
cd "$(dirname "$0")" || exit 1
xargs -P "${{JOBS:-1}}" -I '{{}}' sh -c 'sh "$1/{script}" || exit 1' sh '{{}}' < {runs}
"""


def run_script(run_id: str, experiment: str, command: str) -> str:
    """Return the script that computes one run where it lies."""
    stale = " ".join((*RESULTS, *ENDED[1:], ENVIRONMENT, "finished"))
    name = " ".join(experiment.split())
    told = " ".join((*ENDED[1:], *RESULTS))
    return _RUN.format(id=run_id, experiment=name, stale=stale, command=command, told=told)


def array_start(scheduler: Scheduler, runs: str) -> str:
    """Return the lines that compute the run of one element of an array."""
    directory, index = _SUBMIT_DIRECTORY[scheduler], _INDEX[scheduler]
    return _START.format(runs=runs, directory=directory, index=index, script=RUN)


def array(scheduler: Scheduler, name: str, start: str) -> str:
    """Return a plain script of an array."""
    word = "".join(letter if letter.isalnum() else "-" for letter in name)[:15] or "runs"
    options = "\n".join(_OPTIONS[scheduler]).format(name=word)
    return _ARRAY.format(options=options, start=start)


def submit_array(scheduler: Scheduler, runs: str, script: str, count: int) -> str:
    """Return the script that submits arrays, each of as many runs as schedulers allow."""
    command = "sbatch" if scheduler == "slurm" else "qsub"
    lines = ["mkdir -p logs || exit 1"]
    for offset in range(0, count, _SLICE):
        size = min(_SLICE, count - offset)
        if scheduler == "slurm":
            lines.append(f'sbatch --array=1-{size} "$@" {script} {offset} || exit 1')
        else:
            # PBS has no array of one.
            span = f"-J 1-{size} " if size > 1 else ""
            lines.append(f'qsub {span}-v EXPCACHE_OFFSET={offset} "$@" {script} || exit 1')
    return _HEAD.format(count=count, runs=runs, command=command) + "\n".join(lines) + "\n"


def submit_each(command: str, runs: str, count: int) -> str:
    """Return the script that submits a script in each directory."""
    head = _HEAD.format(count=count, runs=runs, command=shlex.split(command)[0])
    return head + _EACH.format(command=command, runs=runs)


def submit_here(runs: str, count: int) -> str:
    """Return the script that computes the runs on the machine where it is started."""
    return _HERE.format(count=count, runs=runs, script=RUN)


def write_script(path: Path, text: str) -> None:
    """Write a script that can be executed, with the line ends that every shell knows."""
    path.write_bytes(text.encode())
    path.chmod(0o755)
