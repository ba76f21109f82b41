# Nhịp: the verbs. `make` alone lists them. Each does its own set-up.
SHELL := /bin/bash
PORT ?= 8080
DATA ?= .data
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.11
PYTHON := $(shell command -v $(PYTHON) || command -v python3)

.DEFAULT_GOAL := help
.PHONY: help run test lint bench lab clean setup debian

help: ## list these verbs
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# After a run that came to its end (1): what failed once more, one after the other. What fails twice is a failure.
AGAIN = { test $$? -eq 1 && echo "FAILED ONCE, runs again alone:" && $(BIN)/pytest --last-failed --last-failed-no-failures none -v -m $(1); }

run: setup ## the centre, this machine's own agent and 187 virtual units on 127.0.0.1:8080 (PORT=, DATA=)
	@exec $(BIN)/nhip lab demo --port $(PORT) --data $(DATA)

test: setup debian ## all tests (as root: with real servers, namespaces and a browser)
	$(BIN)/pytest -m "not alone" -n $${TEST_WORKERS:-2} --dist loadgroup || $(call AGAIN,"not alone")
	$(BIN)/pytest -m alone || $(call AGAIN,alone)

lint: setup ## format, lint, types, import directions, translations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m web.catalogue check

bench: setup debian ## every bench, each beside its peer
	@set -e; for b in bench/[a-z]*.py; do echo "== $$b"; $(BIN)/python $$b; done

lab: setup ## a real province in network namespaces (root, Linux); then: nhip lab wan cut|heal|status|down
	$(BIN)/nhip lab wan up

clean: ## remove what set-up and runs made (not the data of `make run`)
	rm -rf $(VENV) node_modules web/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .build

setup: $(VENV)/.done web/static/vendor/.done

$(VENV)/.done: requirements.txt pyproject.toml
	@echo "Setting up the Python environment in $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

web/static/vendor/.done: package-lock.json $(VENV)/.done
	@echo "Fetching the front-end assets …"
	@npm ci --silent --ignore-scripts
	@$(BIN)/python -m web.assets
	@touch $@

# Debian's packages that tests and benches run against. Only where root is there; what is missing is said, not hidden.
debian:
	@deploy/debian-test-packages.sh
