"""Wherever an experiment comes from, workers compute it as its own program would, or not at all.

``EXPCACHE_ROUNDS`` tries each place with each way of starting workers.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from marked import Marked, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

ALL = "EXPCACHE_ROUNDS" in os.environ

HEAD = """
import asyncio, dataclasses, functools, importlib, linecache, os, sys, threading, time
from pathlib import Path
from expcache import LocalExecutor, as_completed, experiment, grid

def workers():
    return LocalExecutor(2, start_method=sys.argv[1])

def write(name, text):
    # Each text is older than the one before, as it is after a checkout of an earlier version.
    date = os.stat(name).st_mtime - 10 if os.path.exists(name) else time.time()
    Path(name).write_text("from expcache import experiment\\n" + text)
    os.utime(name, (date, date))
"""

SCRIPT = """
FACTOR = 3

def double(v):
    return 2 * v

class Model:
    def __init__(self, a):
        self.a = a

@experiment(version="1")
def fit(x, g=double):
    return Model(g(x) * FACTOR), os.getpid()

with open("ran", "a") as ran:
    ran.write("x")
space = grid(x=[1, 2], g=[double, lambda v: v + 1])
results = fit.sweep(space).run(executor=workers()).results
assert [model.a for model, _ in results] == [6, 6, 12, 9], results
assert type(results[0][0]) is Model
assert os.getpid() not in {pid for _, pid in results}
assert open("ran").read() == "x"
print("passed")
"""

GUARDED = """
@experiment
def fit(x):
    return x + 1

if __name__ == "__main__":
    assert fit.sweep(grid(x=[1, 2])).run(executor=workers()).results == [2, 3]
    print("passed")
"""

SHAPES = """
def plus(function):
    @functools.wraps(function)
    def more(*args, **kwargs):
        return function(*args, **kwargs) + 100
    return more

@experiment
@plus
def below(x):
    return x

@plus
@experiment
def above(x):
    return x

@dataclasses.dataclass(frozen=True)
class Model:
    a: int

    @experiment
    def fit(self, x):
        return dataclasses.replace(self, a=self.a * x)

    @experiment
    async def later(self, x):
        await asyncio.sleep(0)
        return self.a + x

space = grid(x=[1, 2])
with workers() as executor:
    assert below.sweep(space).run(executor=executor).results == [101, 102]
    assert above.__wrapped__.sweep(space).run(executor=executor).results == [1, 2]
    assert Model(3).fit.sweep(space).run(executor=executor).results == [Model(3), Model(6)]
    assert Model(3).later.sweep(space).run(executor=executor).results == [4, 5]
    assert above(1) == 101
print("passed")
"""

NOTEBOOK = """
def cell(number, text):
    name = f"<ipython-input-{number}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    exec(compile(text, name, "exec"), globals())

space = grid(x=[1, 2])
with workers() as executor:
    cell(1, "K = 2\\n@experiment\\ndef fit(x):\\n    return K * x\\n")
    assert fit.sweep(space).run(executor=executor).results == [2, 4]
    cell(2, "K = 10\\n")
    assert fit.sweep(space).run(executor=executor).results == [10, 20]
    cell(3, "@experiment\\ndef fit(x):\\n    return K * x + 1\\n")
    assert fit.sweep(space).run(executor=executor).results == [11, 21]
print("passed")
"""

PATHS = """
for folder in ("hidden", "relative", "here"):
    os.mkdir(folder)
write("hidden/inner.py", "k = 7\\n")
write("hidden/lost.py", "import inner\\n@experiment\\ndef fit(x):\\n    return inner.k * x\\n")
write("relative/near.py", '''
import os
@experiment
def fit(x):
    return x, os.path.basename(os.getcwd())
''')
sys.path.insert(0, os.path.abspath("hidden"))
import lost
sys.path[0] = "relative"
import near
os.chdir("here")
space = grid(x=[1, 2])
assert lost.fit.sweep(space).run(executor=workers()).results == [7, 14]
assert near.fit.sweep(space).run(executor=workers()).results == [(1, "here"), (2, "here")]
print("passed")
"""

CONSTANTS = """
write("inner.py", "def double(x):\\n    return 2 * x\\n")
write("kept.py", '''
import inner
K = 1
@experiment
def fit(x):
    return K * inner.double(x)
''')
import inner, kept
space = grid(x=[1, 2])
with workers() as executor:
    assert kept.fit.sweep(space).run(executor=executor).results == [2, 4]
    kept.K = 3
    assert kept.fit.sweep(space).run(executor=executor).results == [6, 12]
    inner.double = lambda x: x + 50
    assert kept.fit.sweep(space).run(executor=executor).results == [153, 156]
kept.K = 5
first = kept.fit.sweep(space).run(executor=workers())
assert first.results == kept.fit.sweep(space).run().results == [255, 260]
assert not any(run.cached for run in first)
print("passed")
"""

MEANWHILE = """
write("kept.py", "K = 2\\n@experiment\\ndef fit(x):\\n    return K * x\\n")
import kept
kept.fit.sweep(grid(x=[0, 1])).run()
for number, run in enumerate(as_completed(kept.fit.sweep(grid(x=range(40))), executor=workers())):
    if number in (1, 20):
        kept.K += 1
    assert run.result in (2 * run.params["x"], 3 * run.params["x"], 4 * run.params["x"])
for kept.K in (2, 3, 4):
    done = [run for run in kept.fit.sweep(grid(x=range(40))) if run.done]
    assert all(run.result == kept.K * run.params["x"] for run in done)
print("passed")
"""

EDITED = """
TEXT = '''
import os, time
@experiment
def fit(x):
    if x < 2:
        while not os.path.exists("edited"):
            time.sleep(0.005)
        os._exit(3)
    return "old", x
'''
write("kept.py", TEXT)
import kept
sweep = kept.fit.sweep(grid(x=[9, *range(9)]))
for number, run in enumerate(as_completed(sweep, executor=workers())):
    if not number:
        write("kept.py", TEXT.replace("old", "new"))
        Path("edited").touch()
sweep = kept.fit.sweep(grid(x=range(10)))
assert [run.status for run in sweep] == ["failed"] * 2 + ["done"] * 8
assert {run.result[0] for run in sweep[2:]} == {"old"}
importlib.reload(kept)
sweep = kept.fit.sweep(grid(x=range(2, 10)))
assert {run.status for run in sweep} == {"stale"}
assert {kind for kind, _ in sweep.run(executor=workers()).results} == {"new"}
print("passed")
"""

RELOADED = """
def both(number):
    write("kept.py", f'''
import inner
@experiment
def fit(x):
    return {number}, inner.g(x)
''')
    write("inner.py", f"def g(x):\\n    return {number}\\n")

both(1)
import inner, kept
def results(xs, executor):
    return set(kept.fit.sweep(grid(x=xs)).run(executor=executor).results)

with workers() as executor:
    assert results(range(5), executor) == {(1, 1)}
    both(2)
    assert results(range(5, 9), executor) == {(1, 1)}
    assert results(range(9, 13), workers()) == {(1, 1)}
    importlib.reload(inner)
    importlib.reload(kept)
    assert results(range(9), executor) == {(2, 2)}
print("passed")
"""

SOURCELESS = """
FACTOR = 3

class Model:
    def __init__(self, a):
        self.a = a

@experiment(version="1")
def fit(x):
    return Model(x * FACTOR)

results = fit.sweep(grid(x=[1, 2])).run(executor=workers()).results
assert [model.a for model in results] == [3, 6]
print("passed")
"""

PLACES = {
    "script": SCRIPT,
    "guarded": GUARDED,
    "shapes": SHAPES,
    "notebook": NOTEBOOK,
    "paths": PATHS,
    "constants": CONSTANTS,
    "meanwhile": MEANWHILE,
    "edited": EDITED,
    "reloaded": RELOADED,
}
METHODS = ["forkserver", "spawn", "fork"]
USUAL = {("edited", "spawn"), ("reloaded", "fork")}


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (name, method)
        for name in PLACES
        for method in METHODS
        if ALL or method == "forkserver" or (name, method) in USUAL
    ],
)
def test_workers_compute_what_the_program_means(marked: Marked, name: str, method: str) -> None:
    """The code of the program counts, wherever it is from, and never what a file says by now."""
    marked.write("script.py", HEAD + PLACES[name])
    assert marked.run("script.py", method) == "passed\n"
    assert until(lambda: not marked.living()), marked.living()
    assert not marked.left()


@pytest.mark.parametrize("how", ["-c", "-"])
def test_programs_without_a_file(marked: Marked, how: str) -> None:
    """A program of the command line or of standard input needs no file for its workers."""
    text = HEAD + SOURCELESS
    printed = (
        marked.run("-c", text, "forkserver")
        if how == "-c"
        else marked.run("-", "forkserver", input=text)
    )
    assert printed == "passed\n"
