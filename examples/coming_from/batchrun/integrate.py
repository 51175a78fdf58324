"""A program with options, as batchrun's grids call them."""

from __future__ import annotations

import argparse

parser = argparse.ArgumentParser()
for option in ("--alpha", "--beta", "--gamma"):
    parser.add_argument(option, type=float)
given = parser.parse_args()
print(given.alpha * given.beta + given.gamma)
