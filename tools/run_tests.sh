#!/usr/bin/env bash
# All tests in two processes, one a core; what the second one says follows the first's.
set -u
cd "$(dirname "$0")/.."
python=${1:-python}
apart=(tests/api tests/browser tests/faults tests/packaging tests/scenarios)
said=$(mktemp)
trap 'rm -f "$said"; kill "$beside" 2>/dev/null' EXIT
"$python" -m pytest --durations=20 "${apart[@]}" >"$said" 2>&1 &
beside=$!
"$python" -m pytest --durations=20 "${apart[@]/#/--ignore=}"
status=$?
wait "$beside" || status=1
cat "$said"
exit "$status"
