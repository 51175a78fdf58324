"""Compute half of the stored points once more, and say whether they came out the same."""

from study import sweep_wine

print(sweep_wine.audit(0.5))
