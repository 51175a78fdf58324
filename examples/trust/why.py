"""Tell why points are to be computed; computes nothing."""

from study import sweep_wine

print(sweep_wine.explain())
