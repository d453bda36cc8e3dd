# `make` lists the targets. Everything happens in .venv and .cache; `make clean` removes both.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python from 3.11 to 3.14 that runs; PYTHON=… on the command line chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { echo "$$p"; break; }; done)

BIN := .venv/bin
STAMPS := .venv/.stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check
PAGE := api/ui/dist/index.html
# Numba does not notice that a function which another one calls has changed: a folder for each state of their sources.
export NUMBA_CACHE_DIR := $(CURDIR)/.cache/numba/$(shell cat learners/*.py learners/*/*.py monitor/{shard,intake,history}/*.py collectors/*.py 2>/dev/null | sha256sum | cut -c1-12)

.PHONY: help run serve test test-all check kernels types imports format bench quality page lock upgrade dist clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: $(STAMPS)/run $(PAGE) ## real flight data through the whole system, and the page; until Ctrl-C
	$(BIN)/watchkeeper demo

serve: $(STAMPS)/run $(PAGE) ## the server on ./watchkeeper-data
	$(BIN)/watchkeeper serve

test: $(STAMPS)/run $(PAGE) ## what every change must pass: check, then unit, browser and fault tests
	@tools/system_packages.sh chromium prometheus strace postgresql
	@$(MAKE) --no-print-directory --jobs=2 --output-sync check kernels
	@tools/run_tests.sh $(BIN)/python

test-all: $(STAMPS)/all $(PAGE) ## test, with the slow ones and those that need root
	@tools/system_packages.sh chromium prometheus strace postgresql e2fsprogs xfsprogs mount
	@$(MAKE) --no-print-directory check
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -m "slow or not slow"

check: $(STAMPS)/all ## format, lint, types, import rule, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .cache/imports
	$(BIN)/deptry .

kernels: $(STAMPS)/run ## compiled once for all tests
	$(BIN)/python -c "from monitor.settings import Settings; from monitor.warming import warm_up; warm_up(Settings(engine='inline'), print)"

format: $(STAMPS)/all ## rewrites the Python files in the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMPS)/all ## speed, as ratios in one run and absolute figures
	$(BIN)/python -m benchmarks

quality: $(STAMPS)/run ## how good the default system is, on planted faults, healthy and public streams
	$(BIN)/python -m benchmarks quality shifts null_run real

page: $(PAGE) ## builds api/ui when a source is newer

dist: $(STAMPS)/all ## sdist and wheel into dist/
	$(BIN)/python -m build

lock: ## constraints/*.txt from pyproject.toml (needs uv; UV=path)
	tools/lock.sh

upgrade: ## the same with the newest versions
	tools/lock.sh --upgrade

clean: ## removes all that was made here
	rm -rf .venv .cache .hypothesis build dist api/ui/dist api/ui/node_modules *.egg-info

# Stamps: nothing is installed again while pyproject.toml and the constraints are as they were.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed and none was found; PYTHON=path names one" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(STAMPS)/run: pyproject.toml constraints/run.txt | $(BIN)/python
	$(PIP) install -q --require-hashes -r constraints/run.txt
	NO_UI=1 $(PIP) install -q --no-deps --no-build-isolation -e .
	@mkdir -p $(@D) && touch $@

$(STAMPS)/all: $(STAMPS)/run constraints/all.txt
	$(PIP) install -q --require-hashes -r constraints/all.txt
	@mkdir -p $(@D) && touch $@

$(PAGE): $(wildcard api/ui/*.*) api/ui/.npmrc $(shell find api/ui/src -type f) hatch_build.py | $(BIN)/python
	@test "$${NO_UI:-}" = 1 || $(BIN)/python hatch_build.py --node-suffices || $(PIP) install -q --require-hashes -r constraints/node.txt
	$(BIN)/python hatch_build.py
	@mkdir -p $(@D) && if [ "$${NO_UI:-}" != 1 ]; then touch $@; fi
