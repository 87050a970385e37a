# Two commands are enough: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3.11
BIN := .venv/bin
export DO_NOT_TRACK := 1

.PHONY: demo test check fix bench
.DEFAULT_GOAL := test

.venv/base: Makefile
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5,<1"
	touch $@

.venv/demo: .venv/base pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python -e ".[demo]"
	touch $@

.venv/dev: .venv/base pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python -e ".[dev]"
	touch $@ .venv/demo

demo: .venv/demo  ## replay a year of real flights with three incidents, then serve pages and metrics
	$(BIN)/xdrift demo $(ARGS)

test: .venv/dev  ## every test but the slow forms
	$(BIN)/pytest -n 2 --durations 20 --durations-min 10 -m "not slow" $(ARGS)

check: .venv/dev  ## the import law, types, lint, formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: .venv/dev  ## repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev  ## measurements beside the peers
	$(BIN)/python -m benchmarks $(ARGS)
