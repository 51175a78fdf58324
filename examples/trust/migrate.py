"""Move results to the new name of a parameter: show which, and do it if told so."""

import sys

from study import fit

migration = fit.migrate(rename={"k": "size"})
if sys.argv[1:] == ["apply"]:
    print(f"{migration.apply()} results moved")
else:
    print(migration)
