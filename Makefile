# Freiton's commands; `make help` lists them.
# Everything happens in an own virtual environment, made on first use.

# The first of these that runs and can make a virtual environment; a name on PATH alone may be a shim.
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11,$(shell $(name) -c \
  'import ensurepip, venv; print("$(name)")' 2>/dev/null)) python3)
VENV := .venv
BIN := $(VENV)/bin
RUN_OPTIONS ?=
COMPILED := build/compiled

.DEFAULT_GOAL := help
.PHONY: help run demo test test-long compiled compiled-test check format mutants bench clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(VENV)/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Freiton needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --quiet --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --quiet --editable '.[test]'
	@for extra in softphone pjsua2 interop; do \
	  $(BIN)/python -m pip install --quiet --quiet --editable ".[$$extra]" || \
	  echo "note: .[$$extra] cannot be installed here; its tests will say so and be skipped"; done
	@touch $@

run: $(VENV)/run.stamp ## Start the switch with the demo site: SIP on 5060, HTTP on 8080
	$(BIN)/freiton run $(RUN_OPTIONS)

demo: $(VENV)/run.stamp ## Switch, phones and carrier in one minute, on this machine, with a live view
	$(BIN)/freiton demo

test: $(VENV)/test.stamp ## All tests (under ten minutes); installs foreign programs when root
	@docker/test-tools.sh
	$(BIN)/python -m pytest -m 'not long' -n auto --dist loadfile

test-long: $(VENV)/test.stamp ## The heavy runs
	@docker/test-tools.sh
	@$(BIN)/python -m pip install --quiet --quiet --editable '.[fuzz]' || \
	  echo "note: no atheris wheel for this Python; guided fuzzing will say so and be skipped"
	$(BIN)/python -m pytest -m long --timeout 3600

compiled: $(VENV)/test.stamp ## A copy in build/compiled whose hot rooms are compiled with mypyc (needs gcc)
	rm -rf $(COMPILED) && mkdir -p $(COMPILED)
	cp -a sipcore rating freiton config bench tests docs setup.py pyproject.toml README.md $(COMPILED)
	$(BIN)/python -m pip install --quiet 'setuptools>=69'
	cd $(COMPILED) && FREITON_COMPILE=1 $(CURDIR)/$(BIN)/python setup.py --quiet build_ext --inplace

compiled-test: compiled ## The tests of the compiled rooms, on what is compiled
	cd $(COMPILED) && FREITON_COMPILE=1 $(CURDIR)/$(BIN)/python -m pytest \
	  -m 'not long and not interpreted' -n auto --dist loadfile \
	  tests/test_compiled.py tests/sipcore --ignore tests/sipcore/net tests/torture \
	  tests/freiton/accounting tests/freiton/routing tests/freiton/calls tests/freiton/trace \
	  tests/rating/engine tests/rating/numbering tests/rating/ledger tests/rating/allowances \
	  tests/rating/charging tests/rating/cdr

check: $(VENV)/test.stamp ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/test.stamp ## Let ruff format the sources
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

mutants: $(VENV)/test.stamp ## Plant each named fault and see that a test turns red
	$(BIN)/python -m tests.mutants

bench: $(VENV)/test.stamp ## Measure; figures and machine belong in docs/benchmarks.md
	$(BIN)/python -m bench

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
