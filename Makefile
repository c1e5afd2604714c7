# Two commands are enough on a fresh machine: make run, make test.
PYTHON ?= python3
BIN := .venv/bin
TASK ?= checkout keeps crashing in shop-dev, find out why and fix it

.PHONY: run test check format docs schemas judge image bench chaos clean

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

.judges/.ready: tests/judges/requirements.lock
	$(PYTHON) -m venv .judges
	.judges/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/judges/requirements.lock
	@touch $@

.judges/portal/.ready: .judges/.ready tests/judges/portal/package-lock.json tests/judges/portal/judge.mjs
	mkdir -p .judges/portal
	cp tests/judges/portal/package.json tests/judges/portal/package-lock.json tests/judges/portal/judge.mjs .judges/portal
	npm ci --silent --ignore-scripts --prefix .judges/portal
	@touch $@

.judges/bin/actionlint: .judges/.ready
	GOBIN=$(CURDIR)/.judges/bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.browser/.ready: tests/agent/web/package-lock.json
	mkdir -p .browser
	cp tests/agent/web/package.json tests/agent/web/package-lock.json .browser
	npm ci --silent --ignore-scripts --prefix .browser
	@touch $@

.azurite/.ready: tests/azure/azurite/package-lock.json
	mkdir -p .azurite
	cp tests/azure/azurite/package.json tests/azure/azurite/package-lock.json .azurite
	npm ci --silent --ignore-scripts --prefix .azurite
	@touch $@

judge: .venv/.ready .judges/.ready .judges/portal/.ready .judges/bin/actionlint  ## What judges say of what Desk makes
	$(BIN)/pytest tests/tools/manifests/test_judges.py tests/tools/scaffolds/test_judges.py

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
	$(BIN)/python -m agent.docs.openapi docs
	$(BIN)/python -m agent.docs.tables docs

SCHEMAS ?= .schemas
KUBERNETES_VALIDATE ?= 1.37.0
OPENSHIFT_API ?= v0.0.0-20260318185450-1f2fa3f09f4e
KUBERNETES_MODULES ?= api@v0.37.2 api@v0.29.0 api@v0.24.17 api@v0.22.17 \
	apiextensions-apiserver@v0.37.2 kube-aggregator@v0.37.2

schemas: .venv/.ready  ## Write the schemas that ship with Desk anew, from packages of PyPI and Go modules
	mkdir -p $(SCHEMAS)
	$(BIN)/pip download --quiet --no-deps --dest $(SCHEMAS) kubernetes-validate==$(KUBERNETES_VALIDATE)
	cd $(SCHEMAS) && export GOMODCACHE=$$PWD/go GOFLAGS=-modcacherw && \
		go mod download $(addprefix k8s.io/,$(KUBERNETES_MODULES)) github.com/openshift/api@$(OPENSHIFT_API)
	$(BIN)/python -m tools.validation.shipped $(SCHEMAS)/kubernetes_validate-$(KUBERNETES_VALIDATE)-*.whl \
		$(SCHEMAS)/go $(SCHEMAS)/go/github.com/openshift/api@$(OPENSHIFT_API)

image: .venv/.ready  ## Desk's image, .image/desk.tar: as root, with mmdebstrap (others: deploy/image/Containerfile)
	mkdir -p .image
	$(BIN)/python deploy/image/build.py .image/desk.tar

bench: .venv/.ready  ## What the loop, many sessions, the start and a diagnosis cost, as ratios; some 15 minutes
	$(BIN)/python -m tests.benchmarks.loop
	$(BIN)/python -m tests.benchmarks.sessions
	$(BIN)/python -m tests.benchmarks.sessions --model claude --turns 20
	$(BIN)/python -m tests.benchmarks.start
	$(BIN)/python -m tests.benchmarks.understanding
	$(BIN)/python -m tests.benchmarks.diagnosis
	$(BIN)/python -m tests.benchmarks.provisioning
	$(BIN)/python -m tests.benchmarks.manifests
	$(BIN)/python -m tests.benchmarks.journal
	$(BIN)/python -m tests.benchmarks.estimates
	$(BIN)/python -m tests.benchmarks.tokens

chaos: .venv/.ready  ## 1,000 kills on the real cluster of DESK_TEST_KUBECONFIG, ours and a plain LangGraph agent's
	$(BIN)/python -m tests.chaos --kills 1000
	$(BIN)/python -m tests.windows --kills 100
	$(BIN)/python -m tests.windows.weight
	$(BIN)/python -m tests.windows.weight --boundless
	$(BIN)/python -m tests.injections

clean:
	rm -rf .venv .judges .browser .azurite .demo .image .schemas .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
