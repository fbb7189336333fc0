# The first command on a fresh clone may be any of these: each sets up what it needs. `make help` lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SERVERS := .servers
# How many tests run at once. Each has servers and clients of its own, and those that wait use no processor.
WORKERS ?= 2

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements/dev.txt requirements/uv.txt pyproject.toml tools/setup.sh
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

.PHONY: setup
setup: $(READY) ## Make .venv from the lock file

$(SERVERS)/.python: requirements/servers.txt requirements/uv.txt tools/servers.sh
	@sh tools/servers.sh "$(PYTHON)" "$(SERVERS)"
	@touch $@

$(SERVERS)/.ready: $(SERVERS)/.python requirements/package.json requirements/package-lock.json tools/npm.sh
	@cp requirements/package.json requirements/package-lock.json "$(SERVERS)"
	@sh tools/npm.sh "$(SERVERS)" ci --prefix "$(SERVERS)" --ignore-scripts
	@touch $@

.PHONY: servers
servers: $(SERVERS)/.ready ## Install the servers of others that tests/live runs against

.PHONY: lock
lock: $(READY) $(SERVERS)/.python ## Resolve the dependencies anew into requirements/
	UV="$$(sh tools/find_uv.sh "$(PYTHON)")"; \
	"$$UV" pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --all-extras --group dev pyproject.toml -o requirements/dev.txt; \
	"$$UV" pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --group servers -o requirements/servers.txt; \
	echo uv | "$$UV" pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" - -o requirements/uv.txt
	@sh tools/npm.sh "$(SERVERS)" update --prefix requirements --package-lock-only

.PHONY: demo
demo: $(READY) ## Stream an answer from a real model on this machine, through both twins
	@$(BIN)/python examples/demo.py

.PHONY: test
test: $(READY) ## Run every test, and hold the branch coverage of src at 100 %
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --cov --cov-report= --cov-fail-under=0 $(ARGS)
	@$(BIN)/coverage report --skip-covered

.PHONY: generate
generate: $(READY) ## Compile spec/ into the models, and the async code into its blocking twin
	@$(BIN)/python -m codegen
	@$(BIN)/python -m tools.support
	@$(BIN)/python -m tools.reliability

.PHONY: check
check: $(READY) ## Fail on stale generated files, lint or type errors
	@$(BIN)/python -m codegen --check
	@$(BIN)/python -m tools.support --check
	@$(BIN)/python -m tools.reliability --check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

.PHONY: record
record: $(READY) ## Record the cassettes anew, from the real model's server and those of others
	@$(MAKE) -s servers || echo "Recording what can be recorded without them." >&2
	@$(BIN)/python -m tests.record

.PHONY: docs
docs: generate ## Write the reference pages (docs/reference)

.PHONY: bench
bench: $(READY) ## Compare what an event costs: CASES="burst short", PEERS="openai ollama", ROUNDS=5
	@$(BIN)/python -m bench $(if $(CASES),--cases $(CASES)) $(if $(PEERS),--peers $(PEERS)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

.PHONY: bench-micro
bench-micro: $(READY) ## Time the decoders by themselves
	@$(BIN)/python -m pytest bench/micro -q --benchmark-columns=median,iqr,ops --benchmark-sort=name $(ARGS)

.PHONY: soak
soak: $(READY) ## Hold for minutes what tests hold for moments: memory, sockets, cancellations, threads
	@$(BIN)/python -m tools.soak $(ARGS)

.PHONY: clean
clean: ## Remove what was built
	rm -rf $(VENV) .uv $(SERVERS) .bench .benchmarks .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache dist
