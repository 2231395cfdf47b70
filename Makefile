# Everything here needs only make and a Python from 3.11 to 3.14; `make help` lists it.
#
# The tools live in .venv: pip brings a pinned uv into it, uv brings the rest from uv.lock. That happens again only when
# pyproject.toml or uv.lock has changed. PYTHON=… names another interpreter.

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
SYNCED := $(VENV)/.synced
DEMO_ARGS ?=
PYTEST_ARGS ?=
WINDOWS_OUT ?= build/exchange-for-windows
# Hundreds of processes import the same modules: they must be allowed to keep what Python makes of them.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n logical

CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell for name in $(CANDIDATES); do "$$name" -c '$(SUITABLE)' >/dev/null 2>&1 && echo "$$name" && break; done)

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-browser test-slow test-oldest check bench docs windows sync clean
# Each target may call sync at most once; two pytest runs at a time would share nothing but the processor.
.NOTPARALLEL:
.DELETE_ON_ERROR:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(SYNCED) ## the exchange at work on a Kafka of its own; DEMO_ARGS="--exit" ends by itself
	@$(BIN)/exchange demo $(DEMO_ARGS)

test: $(SYNCED) ## all tests but the slow ones and those in a browser; PYTEST_ARGS="-k broker" picks some
	$(PYTEST) $(PYTEST_ARGS)

test-fast: $(SYNCED) ## the tests that need no Kafka and take no long time, within two minutes
	$(PYTEST) -m 'not kafka and not slow and not long and not browser' --hypothesis-profile=fast $(PYTEST_ARGS)

test-browser: $(SYNCED) ## the tests of pages in a real Chromium, which must be installed (Debian: apt install chromium)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 0 -m 'browser and not slow' tests/browser $(PYTEST_ARGS)

test-slow: $(SYNCED) test-oldest ## the slow tests: twenty kill rounds, all examples of each law, and what else takes minutes
	EXCHANGE_TEST_START=cold $(PYTEST) -m 'slow or hypothesis' --hypothesis-profile=night $(PYTEST_ARGS)

test-oldest: $(SYNCED) ## the tests of the Kafka that is found, on the oldest that is supported; part of test-slow
	EXCHANGE_TEST_KAFKA=oldest EXCHANGE_TEST_START=cold $(PYTEST) -m 'finds_kafka and not slow' tests/kafka

check: $(SYNCED) ## style, types, layers, spelling and the files of deploy/
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(BIN)/python -m tools.check_units

bench: $(SYNCED) ## events a second of every path, as a table (bench.txt) and as bench.json
	$(BIN)/python -m tests.bench

docs: $(SYNCED) ## write again what the contracts and documents derive from code
	$(BIN)/python -m tools.derive.generate
	$(BIN)/python -m tools.derive.sizes
	$(BIN)/python -m tools.derive.docs
	$(BIN)/exchange deploy compose --out deploy
	$(BIN)/exchange deploy systemd --out deploy/systemd

windows: $(SYNCED) ## a folder from which an agency installs the edge on Windows, without administrator or network
	$(BIN)/python -m tools.windows_folder $(WINDOWS_OUT)

sync: $(SYNCED) ## bring .venv up to date (the others do it by themselves)

clean: ## remove .venv and every cache of the tools
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# VIRTUAL_ENV and UV_PROJECT_ENVIRONMENT of another project must not lead uv astray.
$(SYNCED): pyproject.toml uv.lock $(BIN)/uv
	env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never \
		$(BIN)/uv sync --quiet --frozen --all-extras --python $(BIN)/python
	@touch $@

$(BIN)/uv: Makefile
	@test -n "$(PYTHON)" || { \
		echo "No suitable Python was found: one from 3.11 to 3.14, with its venv module, is needed (tried: $(CANDIDATES))."; \
		echo "Install one (on Debian and Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3"; \
		exit 1; } >&2
	@"$(PYTHON)" -c '$(SUITABLE)' || { \
		echo "$(PYTHON) will not do: a Python from 3.11 to 3.14, with its venv module, is needed." >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@touch $@
