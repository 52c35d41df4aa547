# make: everything, from a fresh clone to the overview. make help lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= $(shell nproc)

.DEFAULT_GOAL := run
.PHONY: run gallery docs test benchmark-sampling benchmark-hierarchical benchmark-batch calibration random check coverage audit wheel clean help

run: $(VENV)/installed ## analyse the data sets of config/config.yaml
	@$(BIN)/snakemake --cores $(CORES)
	@echo "Overview: results/overview.html"

gallery: $(VENV)/installed ## build a report of everything hiermeta can do, from shipped data
	@$(BIN)/snakemake --cores $(CORES) --configfile config/gallery.yaml
	@echo "Overview: gallery/overview.html"

docs: run $(VENV)/installed-docs ## build the documentation into site/, with the numbers of the shipped analyses
	@$(BIN)/python -m sphinx -b html -W --keep-going -q docs site

test: $(VENV)/installed-docs ## run the tests
	@$(BIN)/pytest

benchmark-sampling: $(VENV)/installed ## measure effective draws per CPU second, by number of estimates
	@$(BIN)/python benchmarks/sampling.py

calibration: $(VENV)/installed-test ## simulation-based calibration of every model family, 1,000 replications (ten minutes on two idle cores)
	@OMP_NUM_THREADS=1 PYTHONPATH=workflow nice $(BIN)/python -m tests.calibration.full $(CORES)

random: $(VENV)/installed-test ## put 200 random regressions and 200 random meta-analyses through the workflow (hours)
	@OMP_NUM_THREADS=1 PYTHONPATH=workflow nice $(BIN)/python -m tests.random.full

benchmark-hierarchical: $(VENV)/installed ## the same of hierarchical regressions
	@$(BIN)/python benchmarks/hierarchical.py

benchmark-batch: $(VENV)/installed ## measure the cost per data set of whole runs, up to 1,000 data sets
	@$(BIN)/python benchmarks/batch.py

check: $(VENV)/installed-test ## lint, format, spelling and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/python stan/layout.py --check
	$(BIN)/codespell
	$(BIN)/mypy

coverage: $(VENV)/installed-test ## measure how much of the library the tests run
	$(BIN)/pytest tests/unit tests/exact tests/reference tests/report tests/badinput --cov=hiermeta --cov-report=term-missing:skip-covered --cov-fail-under=90

audit: $(VENV)/installed-test ## look the pinned packages up among known vulnerabilities (needs the network)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements.lock -r requirements-test.lock

workflow/schemas/config.schema.yaml: workflow/hiermeta/config/models.py $(VENV)/installed
	@PYTHONPATH=workflow $(BIN)/python -m hiermeta.config.schema > $@

config/README.md: workflow/schemas/config.schema.yaml $(VENV)/installed
	@sed -i '/^## Top level/,$$d' $@
	@PYTHONPATH=workflow $(BIN)/python -c 'from hiermeta.config.reference import config_tables as t; print(t(), end="")' >> $@

wheel: $(VENV)/installed ## build a wheel into dist/
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --wheel-dir dist .

clean: ## remove the environment and the results
	rm -rf $(VENV) results .snakemake

help: ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "hiermeta needs Python 3.11 to 3.13; name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "On Debian or Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/installed: requirements.lock | $(BIN)/python
	@echo "Installing the Python packages into $(VENV) (once, about a minute)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@$(BIN)/python -m compileall -q workflow/hiermeta
	@touch $@

$(VENV)/installed-test: requirements-test.lock $(VENV)/installed
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

$(VENV)/installed-docs: requirements-docs.lock $(VENV)/installed-test
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@
