"""Put the results of the two latest codes side by side."""

from study import fit, sweep_wine

before, now = [one.code for one in fit.codes()][-2:]
print(sweep_wine.compare(before, now))
