# Every target works on a fresh machine with Python 3.11+, make and git; what it needs it installs under .venv or the user's cache.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint format typecheck golden bench schemas tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(STAMP) ## make .venv with the project and what its tests need
$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

lint: $(STAMP) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP) ## put the code into the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: $(STAMP) ## mypy, strict
	$(BIN)/mypy

tools: $(STAMP) ## install the pinned checkers (kubeconform, kubectl) into the user's cache
	@$(BIN)/python -m tests.tools

schemas: $(STAMP) ## make schemas/ from the pinned sources in schemas/make/lock.json
	$(BIN)/python -m schemas.make

clean: ## remove what make made here (not the user's cache)
	rm -rf $(VENV) .tools dist .rollspec .hypothesis .pytest_cache .mypy_cache .ruff_cache
