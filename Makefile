# Every target sets up what it needs in .venv; PYTHON chooses the interpreter that makes it.
PYTHON ?= python3
PROFILE ?= default
# Tests run in this many processes; 0 is one, in view (for a debugger, or a GPU, which two would have to share).
WORKERS ?= 2
RUN = .venv/bin/python
READY = .venv/ready-$(shell $(PYTHON) -c "import sys; print('%d.%d' % sys.version_info[:2])")

.DEFAULT_GOAL := help
.PHONY: help setup experiment benchmark doctor test test-all lint types lock clean

help:        ## list the targets
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# Made anew when the lock, the metadata or the wanted interpreter changes.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY)  ## make .venv with the locked versions

experiment: setup  ## run all; NAME=walkthrough runs one, PROFILE=full in full size, ARGS="..." passes options on
	$(RUN) -m experiments $(NAME) --profile $(PROFILE) $(ARGS)

benchmark: setup  ## compare speeds side by side (12 minutes); ARGS="--million" adds a million seeds
	$(RUN) -m experiments benchmark --profile full $(ARGS)

doctor: setup  ## check that this device computes what NumPy computes
	$(RUN) -m nnjax.doctor

test: setup  ## run the tests (not the slow ones)
	$(RUN) -m pytest -n $(WORKERS) $(ARGS)

test-all: setup  ## run all tests, the slow ones too
	$(RUN) -m pytest -n $(WORKERS) -m "slow or not slow" $(ARGS)

lint: setup  ## check style with ruff
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: setup  ## check types with pyright
	$(RUN) -m pyright

lock: setup  ## rewrite requirements.lock from pyproject.toml
	$(RUN) -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --extra dev pyproject.toml --output-file requirements.lock

clean:  ## remove .venv, results and caches
	rm -rf .venv results .pytest_cache .ruff_cache .hypothesis *.egg-info
	find nnjax experiments tests -name __pycache__ -type d -exec rm -rf {} +
