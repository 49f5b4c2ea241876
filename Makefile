# Every target explains itself: make help
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := tests/contract/clients
DATA ?= $(or $(POLYPOST_DATA),polypost-data)
PORT ?= $(or $(POLYPOST_PORT),8080)
# Tests wait more than they work: twice as many processes as cores, four at most.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(min(2 * (os.cpu_count() or 1), 4))')

.PHONY: help env run test check format docs package audit screenshots bench crash disconnect doubt fuzz hostile unfair lock clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

env: $(VENV)/.run ## Make the environment only: .venv/bin/polypost

run: env ## Start the server with the sandbox, and print its page, a key and a curl
	@$(BIN)/polypost serve --sandbox --port $(PORT) --data $(DATA)

test: $(VENV)/.test $(VENV)/.clients check ## Run everything: lint, types, import rules, tests on both stores
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| echo "Without chromium the tests that look at drawings in a browser are skipped: install the package chromium to run them."
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(VENV)/.test ## Lint, formatting, types, import rules, spelling, dependencies
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary
	@said=$$($(BIN)/lint-imports --no-logo) || { echo "$$said"; exit 1; }
	@$(BIN)/codespell
	@said=$$($(BIN)/deptry src 2>&1) || { echo "$$said"; exit 1; }

format: $(VENV)/.test ## Format the code
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

docs: $(VENV)/.test ## Write the generated tables of the reference pages and the catalogues of words anew
	@$(BIN)/python tools/docs.py

package: $(VENV)/.test ## Build wheel and sdist into dist
	@$(BIN)/python -m hatchling build

audit: $(VENV)/.audit ## Ask for known weaknesses of the locked versions; fails on those that a newer version mends
	@$(VENV)/audit/bin/python tools/audit.py requirements.lock

screenshots: $(VENV)/.test ## Make the documentation's pictures of the dashboard (FOLDER=path for every page, in each form)
	@$(BIN)/python -m tools.screenshots $(FOLDER)

bench: $(VENV)/.test ## Measure accepting, publishing, lag, memory; AGAINST=revision beside that one, ONLY=parts, QUICK=1
	@$(BIN)/python -m bench $(if $(AGAINST),--against $(AGAINST)) $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

crash: $(VENV)/.test ## Kill server and worker 300 times and let the sandbox judge (RUNS=n for fewer)
	@$(BIN)/python -m tests.engine.crash $(if $(RUNS),--runs $(RUNS))

disconnect: $(VENV)/.test ## End connections to PostgreSQL 200 times and let the sandbox judge (RUNS=n for fewer)
	@$(BIN)/python -m tests.engine.disconnect $(if $(RUNS),--runs $(RUNS))

doubt: $(VENV)/.test ## Lose 50 answers of each kind on every network and let the sandbox judge (TIMES=n for fewer)
	@$(BIN)/python -m tests.platforms.doubt $(if $(TIMES),--times $(TIMES))

fuzz: $(VENV)/.test ## Send what the OpenAPI document allows and forbids, on both stores (CASES=n at random, 2000)
	@$(BIN)/python -m tests.contract.fuzz $(if $(CASES),--cases $(CASES))

hostile: $(VENV)/.test ## Send the largest hostile bodies to every call, and measure how long others wait (STORE=sqlite for one)
	@$(BIN)/python -m tests.contract.hostile_bodies $(if $(STORE),--store $(STORE))

unfair: $(VENV)/.test ## Let one project do its worst and measure another one's posts (STORE=sqlite for one, ONLY=parts, QUICK=1)
	@$(BIN)/python -m tests.engine.unfair $(if $(STORE),--store $(STORE)) $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

lock: $(VENV)/.test ## Resolve the dependencies anew
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra video pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra test pyproject.toml -o requirements-test.lock
	@cd $(CLIENTS) && ../../../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url requirements.in -o requirements.lock

clean: ## Remove the environment and what tools left behind; data stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Polypost needs Python 3.11 or newer; PYTHON=/path/to/python make … chooses one."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || sh tools/install-venv.sh "$(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Polypost into $(VENV) (about half a minute, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.run
	@echo "Installing what the tests need into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/.audit: | $(BIN)/python
	@echo "Installing pip-audit into $(VENV)/audit (once)"
	@$(BIN)/python -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.10'
	@touch $@

# Generators of clients need other versions of libraries than we do, so they live apart.
$(VENV)/.clients: $(CLIENTS)/requirements.lock $(CLIENTS)/package.json $(CLIENTS)/package-lock.json | $(BIN)/python
	@echo "Installing generators of clients into $(VENV)/clients (once)"
	@$(BIN)/python -m venv $(VENV)/clients
	@$(VENV)/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(CLIENTS)/requirements.lock
	@cp $(CLIENTS)/package.json $(CLIENTS)/package-lock.json $(VENV)/clients
	@cd $(VENV)/clients && bin/npm ci --silent --no-audit --no-fund
	@touch $@
