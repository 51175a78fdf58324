"""Compute the run of the directory that is named: what its script calls."""

from __future__ import annotations

import sys

from expcache._render import compute_rendered
from expcache.errors import ExpcacheError

if __name__ == "__main__":
    try:
        sys.exit(not compute_rendered(sys.argv[1]))
    except ExpcacheError as error:
        sys.exit(str(error))
