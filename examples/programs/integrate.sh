#!/bin/bash
# The same integral in a shell: integrate.sh TABLE X. It posts its result as a file.
set -e
awk -v end="$2" '
    NR > 1 && $1 <= end { sum += ($1 - x) * ($2 + y) / 2 }
    { x = $1; y = $2 }
    END { printf "{\"integral\": %.12g}\n", sum }
' "$1" > result.json
