# Every target works on a fresh machine with Python 3.11+, make and git. It installs what it needs into .venv or the user's cache.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help venv demo test coverage fuzz doubling lint format typecheck golden docs site integrations release bench bench-board bench-check schemas tools engines e2e import-defaults soak sequences traces clean team-day minor prove lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(STAMP) ## install the project and its test tools into .venv, as requirements/ pins them; NEWEST=1: the newest
$(STAMP): pyproject.toml requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
ifdef NEWEST
	@$(PIP) --upgrade "pip>=25.1"
	@$(PIP) --upgrade --editable . --group dev
else
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
endif
	@touch $@

lock: $(STAMP) ## pin the newest versions that pyproject.toml allows, with hashes, in requirements/
	@$(BIN)/python -m tests.lock && git --no-pager diff --stat -- requirements

demo: $(STAMP) ## render the samples, then play a whole release in a temporary repository
	@$(BIN)/python -m tests.demo

test: $(STAMP) tools lint typecheck ## run every check
	$(BIN)/pytest -q -n auto
	-@$(BIN)/python -m tests.engines stale # it says so, and fails nothing

fuzz: $(STAMP) ## run the commands on N random mutants (100,000) of projects; FIRST=number starts at another one
	@$(BIN)/python -m tests.support.fuzz $(or $(N),100000) $(or $(FIRST),0)

doubling: $(STAMP) ## double each list that a spec may hold, from N entries (2,000): at most 2.3 times the work
	@DOUBLING=$(or $(N),2000) $(BIN)/pytest -q -n auto tests/test_doubling.py

team-day: $(STAMP) ## play 200 random commits of a team with 30 apps (SEED=1): pulls, reverts, trains, aborts; no dead end
	@$(BIN)/python -m tests.support.team_day $(or $(SEED),1) 200 30

prove: $(STAMP) ## play every sequence of up to 6 verbs from every strategy through the simulator; writes docs/evidence.md
	@$(BIN)/python -m tests.prove

golden: $(STAMP) ## rewrite the expected files of the fixtures; read the diff
	@$(BIN)/python -m tests.golden && git --no-pager diff --stat -- fixtures

docs: $(STAMP) ## rewrite the generated parts of docs/ (fields, commands, rules, tables, the recorded demo), and schemas/rollspec/v1
	@$(BIN)/python -m tests.docs && git --no-pager diff --stat -- docs schemas/rollspec/v1

site: $(STAMP) ## build docs/ as a web site into dist/site
	@$(BIN)/python -m tests.site

integrations: $(STAMP) tools ## run the checks that need programs from npm or Go: SARIF, GitHub, GitLab, editors, the image, the site
	$(BIN)/pytest -q -o python_files='check_*.py' tests/integrations

release: $(STAMP) ## prepare a release, VERSION=1.2.3: version, changelog, commit
	@$(BIN)/python -m tests.engines stale --fail
	@$(BIN)/python -m tests.release "$(VERSION)"

bench: $(STAMP) ## measure speed and memory, and write docs/benchmarks.md
	@$(BIN)/python -m tests.bench

bench-board: $(STAMP) tools ## measure the board with 10,000 apps in a browser
	@$(BIN)/python -m tests.bench.board

bench-check: $(STAMP) ## fail if a command takes over 10 % more processor time than at the last tag; REF=commit
	@$(BIN)/python -m tests.bench.check "$(REF)"

lint: $(STAMP) ## check the code with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(STAMP) tools ## run the tests, and show which lines of renderer/ none of them runs
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n auto
	$(BIN)/coverage combine --quiet
	@$(BIN)/python -m tests.coverage

typecheck: $(STAMP) ## check the types with mypy
	$(BIN)/mypy

tools: $(STAMP) ## install the pinned checkers (kubeconform, kubectl) and a browser into the user's cache
	@$(BIN)/python -m tests.tools

schemas: $(STAMP) ## generate schemas/ from the pinned sources in schemas/make/lock.json
	$(BIN)/python -m schemas.make

minor: $(STAMP) ## render for one more minor: NAME=istio (kubernetes, argo-rollouts, argo-cd) VERSION=1.32.0
	@$(BIN)/python -m schemas.make.add "$(NAME)" "$(VERSION)"

engines: $(STAMP) ## build the real engines (Kubernetes, Argo, Istio, Envoy) into the user's cache; up to 30 minutes the first time
	@$(BIN)/python -m tests.engines install

e2e: $(STAMP) ## play every scenario on the real engines (as root, on Linux); K=text: only names that contain it; K=stale: only those out of date; ROLLOUTS=1.9.3
	@$(BIN)/python -m tests.engines e2e -k "$(K)" $(ROLLOUTS:%=--rollouts %)

import-defaults: $(STAMP) ## ask the real API server for the defaults that an import leaves out (as root, on Linux)
	@$(BIN)/python -m tests.engines defaults

soak: $(STAMP) ## play N (100) random releases on the real engines; SEED=number repeats a run; K=kind: only this kind
	@$(BIN)/python -m tests.engines soak -k "$(K)" -n $(or $(N),100) $(if $(SEED),--seed $(SEED)) $(ROLLOUTS:%=--rollouts %)

sequences: $(STAMP) ## play N (300) random releases without requests, and hold each edit against the simulator; SEED=number
	@$(BIN)/python -m tests.engines sequences -n $(or $(N),300) $(if $(SEED),--seed $(SEED)) $(ROLLOUTS:%=--rollouts %)

traces: $(STAMP) ## record what both versions of Argo Rollouts do in the scenarios
	@$(BIN)/python -m tests.engines traces -k "$(K)"

clean: ## delete what make created here (but not the user's cache)
	rm -rf $(VENV) .tools dist .rollspec .hypothesis .pytest_cache .mypy_cache .ruff_cache
