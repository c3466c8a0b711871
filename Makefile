# What can be done with OurVidz; `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 14

.venv/.done: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	touch $@

setup: .venv/.done  ## create .venv with all that running and testing need

run: setup  ## set everything up and open the app
	$(BIN)/python app.py

browser:  ## make sure that a Chromium for the browser tests is here
	@command -v chromium >/dev/null || { \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); export DEBIAN_FRONTEND=noninteractive; \
	  $$SUDO apt-get -o DPkg::Lock::Timeout=300 update -qq && \
	  $$SUDO apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends chromium >/dev/null; }

test: setup browser  ## set everything up, a browser too, and run the tests, two files at a time
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-long: setup browser  ## the tests that take minutes: kill marathons, long rows of jobs, the longer browser stories
	$(BIN)/python -m pytest -m long --timeout 1800

bench: setup browser  ## the benchmarks
	for bench in tests/bench/bench_*.py; do $(BIN)/python -m tests.bench.$$(basename $$bench .py) || exit 1; done

check: setup  ## format, lint, types, imports, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: setup  ## put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: help setup run browser test test-long bench check format
