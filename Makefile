# From a fresh clone, with nothing but Python 3.11+ and make:
#
#   make run     set up, then run a small bank and say where its report is
#   make test    set up, then all tests but the slow ones (what CI runs)
#   make check   format, lint, types, import contracts and the fast tests: before every commit
#   make slow    the slow tests
#   make bench   the figures of speed and memory
#   make lock    resolve the dependencies anew into the three lock files (UPGRADE=1: the newest versions)
#   make clean   remove the virtual environment and every cache
#
# Everything is installed from lock files with hashes, into VENV, and only again when a lock file or pyproject.toml changes.

SHELL := /bin/sh
# Modules are compiled once, not again by each of the many processes: a run on Ray is a process a room.
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help
VENV ?= .venv
# Of the processes that test: a third one keeps two cores busy while others wait for banks that live by the clock.
WORKERS ?= 3
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

.PHONY: help run test check slow bench lock clean

help:
	@sed -n 's/^#   make/  make/p' Makefile

run: $(RUN_READY)
	@$(BIN)/lendrill run baseline $(ARGS)

test: $(DEV_READY)
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(DEV_READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -m "not slow and not ray" $(ARGS)

slow: $(DEV_READY)
	@$(BIN)/python -m pytest -q -m slow --timeout=3600 $(ARGS)

bench: $(DEV_READY)
	@$(BIN)/python -m bench $(ARGS)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "lendrill needs Python 3.11 or newer; none was found. Install one, or say: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "Making a virtual environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; rm -rf $(VENV); exit 2; }

# uv installs in seconds what takes pip half a minute; where it cannot (an index that only pip's settings name), pip does.
define install
	$(PIP) --require-hashes -r requirements-bootstrap.lock && $(UV) --require-hashes -r $(1) 2>/dev/null \
		|| { echo "uv could not install them; pip does it now (up to a minute or two)"; $(PIP) --require-hashes -r $(1); }
endef

$(RUN_READY): requirements-bootstrap.lock requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing $$(grep -c == requirements.lock) locked packages"
	@$(call install,requirements.lock)
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_READY): requirements-dev.lock $(RUN_READY)
	@echo "Installing what the tests need"
	@$(call install,requirements-dev.lock)
	@touch $@

UV_COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url $(if $(UPGRADE),--upgrade)

lock: $(DEV_READY)
	@$(UV_COMPILE) --all-extras --group dev --output-file requirements-dev.lock
	@$(UV_COMPILE) --group build --constraint requirements-dev.lock --output-file requirements.lock
	@echo uv | $(subst pyproject.toml,-,$(UV_COMPILE)) --constraint requirements-dev.lock --output-file requirements-bootstrap.lock
	@echo "Wrote the three lock files; the next make installs what changed."

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .requirements.json build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
