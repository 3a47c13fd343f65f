# Everything a newcomer runs. Each target sets up what it needs; see README.md.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where Debian has mosquitto and others, which is not on every user's path.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: help setup debian debian-test debian-soak demo test soak check bench format lock screenshots clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: debian $(READY) ## Install the Debian and Python packages that everything needs

debian:
	@tools/debian-packages mosquitto mosquitto-clients libzbar0 python3-venv

debian-test:
	@tools/debian-packages chromium fonts-dejavu-core postgresql spin gcc libc6-dev

debian-soak: debian-test
	@tools/debian-packages debootstrap

$(READY): requirements/dev.lock pyproject.toml
	@echo "Installing the pinned Python packages into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --require-hashes -r requirements/dev.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Set up a demo shop with one kiosk and run everything until Ctrl-C
	@exec $(BIN)/python -m provisioning.demo

test: setup debian-test ## Run all tests: unit, real parts, browser
	@$(BIN)/pytest --numprocesses 2 --dist loadfile

soak: setup debian-soak ## Run the tests that take longer
	@$(BIN)/pytest -m soak --timeout 7200

check: setup ## Lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup debian-test ## Measure and print the figures
	@$(BIN)/python -m bench

screenshots: setup debian-test ## Take the README's screenshots anew
	@$(BIN)/python -m tools.screenshots

format: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## Resolve the pinned versions anew (needs uv)
	@for part in kiosk edge; do \
	  uv pip compile pyproject.toml --extra $$part --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --quiet -o requirements/$$part.lock; done
	@uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet -o requirements/dev.lock

clean: ## Remove what was installed and made here (the demo's data too)
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis
