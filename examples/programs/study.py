"""One integral by three programs: in C, in a shell, in Python."""

import sys
from pathlib import Path

from expcache import File, as_completed, command, grid

HERE = Path(__file__).parent
table = HERE / "square.txt"
table.write_text("".join(f"{n / 100} {(n / 100) ** 2}\n" for n in range(301)))


def number(run):
    return float((run.directory / "stdout.txt").read_text())


# The bytes of the program are part of the code: results of another build are not served.
in_c = command(
    [f"{HERE}/integrate", "{table}", "{x}"], name="integrate_c", parse=number, content=True
)
in_shell = command(["bash", File(HERE / "integrate.sh"), "{table}", "{x}"], name="integrate_sh")
in_python = command(
    [sys.executable, File(HERE / "integrate.py")], name="integrate_py", inputs=["{table}"],
    defaults={"x": 1.0},
)  # fmt: skip

if __name__ == "__main__":
    points = grid(x=[1.0, 2.0, 3.0], table=[File(table, link="shared")])
    for integrate in (in_c, in_shell, in_python):
        sweep = integrate.sweep(points)
        # What programs print is shown, as what experiments print is, unless relay=False.
        computed = sum(not run.cached for run in as_completed(sweep, jobs=2, relay=False))
        print(f"{integrate.name}: {computed} computed, {sweep.run().results}")
