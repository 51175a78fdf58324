"""Put the results of the code before the last edit beside those of the present one."""

from study import sweep_wine

print(sweep_wine.compare())
