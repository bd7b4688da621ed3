# make train ARGS="experiment=facades data.root=FOLDER"    make test
PYTHON ?= python3
BIN := .venv/bin

.PHONY: train install test test-slow lint types check format lock

train: .venv/installed
	$(BIN)/pix2pix train $(ARGS)

install: .venv/installed

test: .venv/installed
	$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered $(ARGS)

test-slow: .venv/installed
	$(BIN)/pytest -n 2 --dist worksteal -m slow $(ARGS)

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache --no-logo

types: .venv/installed
	$(BIN)/mypy

check: lint types test

format: .venv/installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Pins alone, with markers for platforms and versions of Python; needs uv.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --output-file requirements.lock

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(None if sys.version_info >= (3, 11) else \
		'Python 3.11 or later is needed, and $(PYTHON) is ' + sys.version.split()[0] + ': type make PYTHON=python3.12 …')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@
