# Every target sets itself up; all that has to be there is Python 3.11+ and make.

.DEFAULT_GOAL := help
.NOTPARALLEL:
# Tests start many processes, which read what the first one compiled.
unexport PYTHONDONTWRITEBYTECODE

CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14 python
GOOD := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
# Set PYTHON to choose another interpreter for .venv.
PYTHON ?= $(shell for name in $(CANDIDATES); do \
	"$$name" -c '$(GOOD)' >/dev/null 2>&1 && echo "$$name" && break; done)
RUN := .venv/bin/python -m
PYTEST := $(RUN) pytest -n auto --dist loadgroup --no-loadscope-reorder
# How long `make soak` and `make fuzz` run.
MINUTES ?= 60
PACKAGES := conduit_async runtime/conduit_runtime runtime/conduit_dashboard
EXAMPLES := $(patsubst %/conduit.toml,%,$(wildcard examples/*/conduit.toml))
GENERATED := $(wildcard $(addsuffix /jobs,$(EXAMPLES)))

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .setup-run ## See it work: compile the blog, insert rows, run its jobs on an embedded Postgres
	@$(RUN) conduit_runtime.cli demo

.PHONY: test
test: lint types ## Check everything but what takes long: lint, types, import contracts, tests
	@echo "pytest" && $(PYTEST) -m "not slow"

.PHONY: slow
slow: .setup-dev ## Run the tests that take long: histories, random programs, deploys, dead workers, packages, a browser
	@echo "pytest, slow tests" && $(PYTEST) -m slow

.PHONY: quick
quick: .setup-dev ## Check in a minute: lint, types, the tests of what changed, one file of every folder
	@.venv/bin/python .ci/quick.py

.PHONY: lint
lint: .setup-dev ## Check style, formatting, generated modules, and who may import whom
	@echo "ruff" && $(RUN) ruff check --quiet --output-format concise .
	@echo "ruff format" && $(RUN) ruff format --quiet --check --output-format concise .
	@echo "unasync" && .venv/bin/python .ci/unasync.py --check
	@echo "signatures" && .venv/bin/python .ci/signatures.py --check
	@echo "import-linter" && .ci/quietly .venv/bin/lint-imports

.PHONY: types
types: .setup-dev ## Check types: mypy on the packages, mypy and pyright on generated code
	@echo "mypy" && { .ci/quietly $(RUN) mypy $(PACKAGES) & packages=$$!; failed=; \
	for folder in $(GENERATED:/jobs=); do \
		echo "mypy $$folder" && (cd "$$folder" && ../../.ci/quietly "$(CURDIR)/.venv/bin/python" -m \
		mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache/examples .) \
		|| failed=yes; done; \
	echo "pyright" && .ci/quietly $(RUN) pyright || failed=yes; \
	wait $$packages && [ -z "$$failed" ]; }

.PHONY: examples
examples: .setup-run ## Compile the examples again
	@for folder in $(EXAMPLES); do \
		(cd "$$folder" && "$(CURDIR)/.venv/bin/python" -m conduit_async.cli gen) || exit 1; done

.PHONY: unasync
unasync: .setup-dev ## Write the synchronous modules of the runtime from the asynchronous ones
	@.venv/bin/python .ci/unasync.py

.PHONY: signatures
signatures: .setup-dev ## Write the compiler's signatures of the standard library from the runtime's functions
	@.venv/bin/python .ci/signatures.py

.PHONY: docs
docs: .setup-dev ## Build the site of the documentation: build/docs/index.html
	@$(RUN) sphinx -b html -E -q -W --keep-going -j auto docs build/docs
	@echo "build/docs/index.html"

.PHONY: links
links: .setup-dev ## Check the links of the documentation to other sites
	@$(RUN) sphinx -b linkcheck -E -q docs build/links && echo "they lead somewhere"

.PHONY: screenshots
screenshots: .setup-dev ## Take screenshots of every page of the dashboard: build/screenshots
	@.venv/bin/python tests/dashboard/browser/screenshots.py

.PHONY: bench
bench: .setup-dev ## Measure the queue on an embedded Postgres; make bench ARGUMENTS="drain --quick"
	@$(RUN) benchmarks $(ARGUMENTS)

.PHONY: soak
soak: .setup-run ## Chaos and a check of its history, many jobs with keys, then steady work that must stay flat; make soak MINUTES=60
	@.venv/bin/python tests/history/chaos/soak.py $(MINUTES)
	@$(RUN) benchmarks.soak $(MINUTES)

.PHONY: cluster
cluster: .setup-dev ## Chaos with RabbitMQ: 200,000 jobs through gateways and workers; make cluster ARGUMENTS="--jobs 20000"
	@.venv/bin/python tests/cluster/run.py $(ARGUMENTS)

.PHONY: failover
failover: .setup-dev ## Let the leaders of a replicated Postgres fail, and check the history; make failover ARGUMENTS="--faults 6"
	@.venv/bin/python tests/failover/failover.py $(ARGUMENTS)

.PHONY: fuzz
fuzz: .setup-dev ## Run random programs and compile damaged sources; make fuzz MINUTES=60
	@.venv/bin/python tests/fuzz/run.py $(MINUTES)

.PHONY: clean
clean: ## Remove what was made: .venv, caches, embedded databases
	@rm -rf .venv .venv.lock .conduit .coverage* .hypothesis .*_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: .setup-run .setup-dev
.setup-run .setup-dev:
	@python="$(PYTHON)"; if [ -z "$$python" ]; then \
		echo "Python 3.11 or later with its venv module is needed, and none is on the PATH." >&2; \
		echo "Debian, Ubuntu: apt install python3-venv. Or: make PYTHON=/path/to/python3.12" >&2; \
		exit 1; fi; \
	"$$python" .ci/setup.py $(@:.setup-%=%)
