# Two commands are enough on a fresh machine: make run, make test.
PYTHON ?= python3
BIN := .venv/bin
TASK ?= checkout keeps crashing in shop-dev, find out why and fix it

.PHONY: run test check format docs bench chaos clean

.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Desk needs Python 3.11 to 3.13, and $(PYTHON) is %d.%d. Say: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: .venv/.ready  ## The main job at work, in the sandbox
	@$(BIN)/desk init .demo
	@$(BIN)/desk run --workspace .demo --sandbox --model playbook "$(TASK)"
	@echo
	@echo "What it did stands in git (.demo):"
	@git -C .demo log --format='  %h %s' -3
	@echo
	@echo "Ask it something else:  $(BIN)/desk run --workspace .demo --sandbox \"why is catalog not starting in shop-dev?\""
	@echo "On your own cluster:    $(BIN)/desk run --workspace .demo \"why does NAME crash in NAMESPACE?\""

test: .venv/.ready  ## All tests; those for a real cluster need DESK_TEST_KUBECONFIG
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

check: .venv/.ready  ## What CI runs: format, lint, types, import contracts, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: .venv/.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/.ready  ## Write the JSON schemas and the tables in docs/ anew
	$(BIN)/python -m agent.docs.schemas docs/schemas
	$(BIN)/python -m agent.docs.tables docs

bench: .venv/.ready  ## What the loop, many sessions, the start and a diagnosis cost, as ratios; some 15 minutes
	$(BIN)/python -m tests.benchmarks.loop
	$(BIN)/python -m tests.benchmarks.sessions
	$(BIN)/python -m tests.benchmarks.sessions --model claude --turns 20
	$(BIN)/python -m tests.benchmarks.start
	$(BIN)/python -m tests.benchmarks.understanding
	$(BIN)/python -m tests.benchmarks.diagnosis

chaos: .venv/.ready  ## 1,000 kills on the real cluster of DESK_TEST_KUBECONFIG, ours and a plain LangGraph agent's
	$(BIN)/python -m tests.chaos --kills 1000

clean:
	rm -rf .venv .demo .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
