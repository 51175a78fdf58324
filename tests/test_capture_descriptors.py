"""A worker keeps what anybody in its process prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expcache._capture import OUTPUT_LIMIT, read_output

BEGIN = """
import os, subprocess, sys
from expcache._capture import OUTPUT_LIMIT, Descriptors
result = os.dup(1)
descriptors = Descriptors(sys.argv[1])

def tell(*lines):
    os.write(result, "\\n".join(map(str, lines)).encode())
"""


def worker(path: Path, text: str, status: int = 0) -> str:
    """Run a worker's text in a process of its own; return what it tells apart from prints."""
    command = [sys.executable, "-W", "error", "-c", BEGIN + text, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (status, "")
    return done.stdout


def test_every_print_is_kept(tmp_path: Path) -> None:
    """Python, the descriptors, and child processes print to the same text, in their order."""
    text = """
with descriptors.captured() as output:
    print("python")
    print("error", file=sys.stderr)
    os.write(1, b"descriptor\\n")
    subprocess.run([sys.executable, "-c", "print('child')"])
    sys.stdout.write("no newline")
tell(output.text)
"""
    expected = "python\nerror\ndescriptor\nchild\nno newline"
    assert worker(tmp_path / "out", text) == expected


def test_c_prints_are_kept(tmp_path: Path) -> None:
    """What C holds back in buffers of its own is brought out."""
    pytest.importorskip("ctypes")
    text = """
import ctypes
with descriptors.captured() as output:
    ctypes.CDLL(None).puts(b"from C")
tell(output.text)
"""
    assert worker(tmp_path / "out", text) == "from C\n"


def test_each_run_begins_with_nothing(tmp_path: Path) -> None:
    """What was printed before a block, or in the block before, is not of it."""
    text = """
print("before")
with descriptors.captured() as first:
    print("first")
sys.stdout.write("between")
with descriptors.captured() as second:
    print("second")
with descriptors.captured() as third:
    pass
tell([first.text, second.text, third.text])
"""
    assert worker(tmp_path / "out", text) == "['first\\n', 'second\\n', '']"


def test_output_outlives_a_crash(tmp_path: Path) -> None:
    """The parent reads the lines that a worker printed before it died."""
    text = """
with descriptors.captured():
    print("line")
    os._exit(3)
"""
    worker(tmp_path / "out", text, status=3)
    assert read_output(tmp_path / "out") == "line\n"


def test_too_much_output_loses_its_middle(tmp_path: Path) -> None:
    """Beginning and end stay, here and for the parent."""
    text = """
with descriptors.captured() as output:
    sys.stdout.write("a" * OUTPUT_LIMIT + "the end")
tell(output.text[:1], output.text[-30:], len(output.text) < OUTPUT_LIMIT + 30)
os._exit(0)
"""
    assert worker(tmp_path / "out", text) == "a\naaaaaaaaaaaaaaaaaaaaaaathe end\nTrue"
    found = read_output(tmp_path / "out")
    assert "\n[7 bytes not kept]\n" in found
    assert found.endswith("the end")
    assert len(found) == OUTPUT_LIMIT + len("\n[7 bytes not kept]\n")


def test_a_file_that_is_not_there_reads_as_nothing(tmp_path: Path) -> None:
    """A worker that died before it opened its file printed nothing."""
    assert read_output(tmp_path / "none") == ""


def test_any_bytes_and_characters_are_kept(tmp_path: Path) -> None:
    """What is no UTF-8 and what has none breaks no run."""
    text = """
with descriptors.captured() as output:
    print("\\udc80", flush=True)
    os.write(1, b"\\xff")
tell(ascii(output.text))
"""
    assert worker(tmp_path / "out", text) == "'\\ufffd\\n\\ufffd'"


def test_a_closed_stream_breaks_nothing(tmp_path: Path) -> None:
    """A run may close or replace the streams."""
    text = """
with descriptors.captured() as output:
    print("x", flush=True)
    sys.stdout.close()
    sys.stderr = None
with descriptors.captured() as again:
    os.write(1, b"y")
tell(output.text, again.text)
os._exit(0)
"""
    assert worker(tmp_path / "out", text) == "x\n\ny"


def test_log_records_are_not_printed_by_a_worker(tmp_path: Path) -> None:
    """Records that nobody in the worker receives are shown by the parent, not in the output."""
    text = """
import logging
with descriptors.captured() as output:
    logging.getLogger("x").warning("hm")
tell(repr(output.text))
"""
    assert worker(tmp_path / "out", text) == "''"
