# Each target makes the environment in .venv if it is missing or older than its lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test lint fuzz fuzz-record bench bench-churn bench-gateway bench-images bench-packet-port bench-pressure bench-tap e2e-compose sbom docs lock clean

help: ## show the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

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

$(VENV)/.fuzz: requirements/fuzz.txt $(VENV)/.runtime
	@echo "softlan: adding the fuzzer to $(VENV)"
	@$(PIP) install --quiet --require-hashes -r requirements/fuzz.txt
	@touch $@

demo: $(VENV)/.runtime ## a relay, players and the end-to-end scenario (ONCE=1: end after the table)
	@$(BIN)/python -m lanparty_sim.demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(VENV)/.dev ## run every test
	$(BIN)/python -m pytest

lint: $(VENV)/.dev ## ruff, mypy --strict, import-linter, shellcheck, hadolint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy libs services tests bench docs docker fuzz
	$(BIN)/lint-imports --no-cache
	$(BIN)/shellcheck .ci/run docker/*.sh
	$(BIN)/hadolint docker/Dockerfile

fuzz: $(VENV)/.fuzz ## every parser that a stranger reaches (SECONDS=60 or RUNS=1000000 for each target)
	@$(BIN)/python fuzz/run.py $(if $(SECONDS),--seconds $(SECONDS)) $(if $(RUNS),--runs $(RUNS)) $(FUZZ_OPTIONS)

fuzz-record: $(VENV)/.fuzz ## a million inputs for each of them, into docs/fuzzing.md; takes hours
	$(BIN)/python fuzz/run.py --runs 1000000 --json fuzz/recorded.json $(FUZZ_OPTIONS)
	PYTHONPATH=bench $(BIN)/python fuzz/record.py fuzz/recorded.json docs/fuzzing.md

bench: $(VENV)/.runtime ## what a frame costs the relay, beside a yardstick, into docs/performance.md
	$(BIN)/python bench/relay.py --json bench/relay.json --document docs/performance.md $(BENCH_OPTIONS)
	@if test "$$(id -u)" = 0; then $(MAKE) --no-print-directory bench-tap bench-gateway bench-packet-port; \
	else echo "softlan: not measured: the ways from TAP to TAP and from a LAN (they need root)"; fi

bench-churn: $(VENV)/.runtime ## a thousand members who keep coming and going, into docs/performance.md (four minutes)
	$(BIN)/python bench/churn.py --json bench/churn.json --document docs/performance.md $(BENCH_OPTIONS)

bench-images: $(VENV)/.runtime ## size, start and memory of the images, into docs/performance.md
	$(BIN)/python bench/images.py --json bench/images.json --document docs/performance.md

bench-tap: $(VENV)/.runtime ## what goes from TAP to TAP, beside tinc and OpenVPN, into docs/performance.md; needs root
	PYTHONPATH=tests/netns/stand $(BIN)/python bench/tap.py --json bench/tap.json --document docs/performance.md $(BENCH_OPTIONS)

bench-gateway: $(VENV)/.runtime ## what goes from a LAN to a player, beside OpenVPN, into docs/performance.md; needs root
	PYTHONPATH=tests/netns/stand $(BIN)/python bench/gateway.py --json bench/gateway.json --document docs/performance.md $(BENCH_OPTIONS)

bench-pressure: $(VENV)/.runtime ## what players have of each other while others press on the relay, into docs/performance.md
	PYTHONPATH=tests/hostile/stand $(BIN)/python bench/pressure.py --json bench/pressure.json --document docs/performance.md $(BENCH_OPTIONS)

bench-packet-port: $(VENV)/.runtime ## what the gateway's port alone takes, beside a plain socket, into docs/performance.md; needs root
	PYTHONPATH=tests/netns/stand $(BIN)/python bench/packet_port.py --json bench/packet_port.json --document docs/performance.md $(BENCH_OPTIONS)

e2e-compose: ## build the images and run the end-to-end scenario in containers
	@docker/e2e.sh

sbom: $(VENV)/.dev ## list what is in the images, as CycloneDX, into dist/sbom
	@$(BIN)/python docker/sbom.py --output dist/sbom softlan/relay softlan/client softlan/gateway softlan/sim

docs: $(VENV)/.runtime ## renew the parts of docs/protocol.md that come from the code
	$(BIN)/python docs/render.py

lock: ## renew the lock files from pyproject.toml
	@$(PIP) install --quiet uv
	$(LOCK) pyproject.toml $(RUNTIME) --upgrade -o requirements/runtime.txt
	$(call lock_alike,dev,pyproject.toml $(RUNTIME) --group dev)
	$(call lock_alike,fuzz,--group fuzz)
	$(call lock_alike,client,pyproject.toml --extra client)
	$(call lock_alike,gateway,pyproject.toml --extra gateway)
	$(call lock_alike,relay,pyproject.toml --extra relay)
	$(call lock_alike,sim,pyproject.toml --extra sim)
	$(call lock_alike,build,--group build)

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --quiet
RUNTIME := --extra client --extra gateway --extra relay --extra sim --group build
# $(call lock_alike,NAME,WHAT): lock WHAT in the versions of runtime.txt
lock_alike = $(LOCK) -c requirements/runtime.txt $(2) -o requirements/$(1).txt

clean: ## remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
