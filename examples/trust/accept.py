"""Let the stored results of older code count for the present one."""

import sys

from study import sweep_wine

print(sweep_wine.accept(reason=sys.argv[1]))
