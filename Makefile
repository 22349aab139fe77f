# Entry points. `make help` lists them. Everything runs inside .venv, made on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test e2e lint format bench clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/.ready: stream/pyproject.toml operator/pyproject.toml kubectl/pyproject.toml requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; write 'make PYTHON=python3.12 ...' to name another one." >&2; exit 2; }
	@echo "Creating the environment in $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt -e stream -e operator -e 'kubectl[pictures]'
	@printf '#!/bin/sh\nexec env PYTHONPATH="%s" "%s/$(BIN)/python" -m tests.testbed "$$@"\n' "$(CURDIR)" "$(CURDIR)" > $(BIN)/testbed
	@chmod +x $(BIN)/testbed
	@touch $@

demo: $(BIN)/.ready  ## a camera, a broker outage, a restart, and proof that no frame is missing
	@$(BIN)/python -m examples.demo

test: $(BIN)/.ready  ## unit and integration tests
	@$(BIN)/pytest -n 4

e2e: $(BIN)/.ready  ## end-to-end tests on a real Kafka, a real Kubernetes and a real RTSP server
	@$(BIN)/testbed e2e $(TESTS)

lint: $(BIN)/.ready  ## ruff, mypy, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(BIN)/.ready  ## rewrite the sources in the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(BIN)/.ready  ## benchmarks, each as ratios against a named reference
	@$(BIN)/python -m benchmarks

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis build dist

.PHONY: docs
docs: $(BIN)/.ready  ## rewrite the generated pages of docs/
	@$(BIN)/python -m camerastream.cli.reference > docs/settings.md
	@$(BIN)/python -m charts.generate
