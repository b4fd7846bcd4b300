# Each target makes the environment in .venv if it is missing or older than its lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench docs lock clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-8s %s\n", $$1, $$2 }'

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@echo "softlan: making the environment in $(VENV) (about half a minute)"
	@$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --quiet --require-hashes -r requirements/runtime.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "softlan: adding the tools for tests and lint to $(VENV)"
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.runtime ## a relay, players and the end-to-end scenario (ONCE=1: end after the table)
	@$(BIN)/python -m lanparty_sim.demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(VENV)/.dev ## run every test
	$(BIN)/python -m pytest

lint: $(VENV)/.dev ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy libs services tests bench docs
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.runtime ## what a frame costs the relay, beside a yardstick, into docs/performance.md
	$(BIN)/python bench/relay.py --json bench/relay.json --document docs/performance.md $(BENCH_OPTIONS)

docs: $(VENV)/.runtime ## renew the parts of docs/protocol.md that come from the code
	$(BIN)/python docs/render.py

lock: ## renew the lock files from pyproject.toml
	@$(PIP) install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra relay --extra sim --group build --upgrade $(LOCK_OPTIONS) -o requirements/runtime.txt
	$(BIN)/uv pip compile pyproject.toml --extra relay --extra sim --group build --group dev $(LOCK_OPTIONS) -c requirements/runtime.txt -o requirements/dev.txt

LOCK_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet

clean: ## remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
