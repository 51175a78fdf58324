"""The program of each run: read the parameters, look at the files, hand a result back."""

from __future__ import annotations

from pathlib import Path

from expcache import post_result, run_params

params = run_params()
if params["speed"] == 0:
    message = "cannot simulate a body at rest"
    raise SystemExit(message)
gravity = float(Path("world.txt").read_text())
post_result(
    {"reach": params["speed"] ** 2 / gravity, "terrain": len(Path("terrain.txt").read_text())}
)
