# Two commands matter: `make demo` and `make test`. Both set up what they need; a second run is quick.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
RESOLVE := uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11
LOCK   := $(RESOLVE) --extra build
DEMO   ?=
QUIX   := .venv-quix

.PHONY: help demo test faults check lint schemas bench quix soak lock clean

help:
	@echo "make demo   set up and run the main job     (DEMO='--scale 1' for the whole pool)"
	@echo "make test   set up and run the tests           (TESTS=tests/unit; all: 15 minutes on two cores)"
	@echo "make faults the tests of faults alone, and that of a cluster of three brokers (15 minutes)"
	@echo "make check  lint, types, import boundaries, files for deployment"
	@echo "make bench  measure                          (BENCH='--profiles 50000 --rounds 5')"
	@echo "make quix   make the environment of the benchmark's arm on Quix Streams (make bench tries to)"
	@echo "make soak   random faults under load          (SOAK='--minutes 60 --seed 7'; 10 minutes)"
	@echo "make lock   choose the newest versions again and write the locks"
	@echo "make clean  remove what the other commands made"

demo: $(VENV)/run.done
	@$(BIN)/ee demo $(DEMO)

test: $(VENV)/checks.done
	@$(BIN)/python -m pytest -q -n 2 $(TESTS)

faults: $(VENV)/checks.done
	@$(BIN)/python -m pytest -q tests/faults tests/cluster

check: $(VENV)/checks.done
	@echo "== lint";    $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "== types";   $(BIN)/mypy
	@echo "== imports"; $(BIN)/lint-imports
	@echo "== SQL";     $(BIN)/squawk --config .squawk.toml services/*/migrations/*.sql shared/*/migrations/*.sql
	@echo "== compose"; $(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@echo "== image";   $(BIN)/hadolint Dockerfile
	@echo "== cluster"; $(BIN)/kubernetes-validate --strict -k 1.37 deploy/kubernetes/*/[!k]*.yaml

schemas: $(VENV)/checks.done
	@$(BIN)/python -m shared.contracts.generate docs/messages

bench: $(VENV)/checks.done
	@$(MAKE) --no-print-directory quix || echo "== going on without the arm on Quix Streams"
	@$(BIN)/python -m benchmarks $(BENCH)

quix: $(QUIX)/done

soak: $(VENV)/checks.done
	@$(BIN)/python -m tests.faults.soak $(SOAK)
	@FUZZ_MESSAGES=100000 FUZZ_SEED=$$(date +%s) $(BIN)/python -m pytest -q tests/integration/test_fuzz.py

$(VENV)/run.done: requirements/run.lock pyproject.toml
	@echo "== making $(VENV) from requirements/run.lock (a minute, the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements/run.lock
	@echo "== installing the project"
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/checks.done: requirements/checks.lock $(VENV)/run.done
	@echo "== adding the tools for tests and checks from requirements/checks.lock"
	@$(PIP) --require-hashes -r requirements/checks.lock
	@touch $@

$(QUIX)/done: requirements/quix.lock
	@echo "== making $(QUIX) from requirements/quix.lock"
	@rm -rf $(QUIX)
	@$(PYTHON) -m venv $(QUIX)
	@$(QUIX)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/quix.lock || { rm -rf $(QUIX); exit 1; }
	@touch $@

lock:
	@echo "== choosing versions (uv, in an environment of its own)"
	@$(PYTHON) -m venv build/lock && build/lock/bin/python -m pip --disable-pip-version-check install --quiet uv
	@build/lock/bin/$(LOCK) pyproject.toml -o requirements/run.lock
	@build/lock/bin/$(RESOLVE) requirements/quix.in -o requirements/quix.lock
	@build/lock/bin/$(LOCK) --extra checks -c requirements/run.lock pyproject.toml -o requirements/checks.lock
	@$(BIN)/python -m shared.stack.jars > build/kafka-jars.lock && mv build/kafka-jars.lock shared/stack/kafka-jars.lock

clean:
	@rm -rf $(VENV) $(QUIX) build .dev .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
