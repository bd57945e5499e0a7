# One front door. `make dev` and `make test` need python3 (3.11 or later), make and a package registry; nothing else.

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=
STAGE ?= dev
RUNTIME ?= python3.11
ARCHITECTURE ?= arm64

BOOTSTRAP = @$(PYTHON) local/bootstrap.py
SAM = SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam
RUN = @exec .venv/bin/python -m
PIN = ../.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes --no-header

.DEFAULT_GOAL := help
.PHONY: help dev test soak lint format bench build page deploy lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

dev: ## start everything locally and print where to look (PORT=8000, MOZAIKS_WORKFLOWS_PATH, MONGODB_URI, OPENAI_API_KEY)
	$(BOOTSTRAP) local
	$(RUN) mozaiks_local.cli dev $(ARGS)

test: ## run every test (ARGS="-k resume", WORKERS=4, TEST_MONGODB_URI)
	$(BOOTSTRAP) test
	$(RUN) pytest -n $(WORKERS) $(ARGS)

soak: ## test the delivery promise for long (MOZAIKS_SOAK_SECONDS=600 of random interleavings, then every fault point)
	$(BOOTSTRAP) test
	@MOZAIKS_SOAK_SECONDS=$${MOZAIKS_SOAK_SECONDS:-600} .venv/bin/python -m pytest -n $(WORKERS) -o timeout=0 tests/invariants $(ARGS)

lint: ## check style, formatting and types
	$(BOOTSTRAP) test
	@.venv/bin/python -m ruff check
	@.venv/bin/python -m ruff format --check --quiet
	@.venv/bin/python -m mypy
	@cd local && exec ../.venv/bin/python -m mypy --config-file ../pyproject.toml -p installer
	@.venv/bin/python -m mozaiks_local.typescript.checks

format: ## lay out the code and mend what can be mended
	$(BOOTSTRAP) test
	@.venv/bin/python -m ruff check --fix --quiet
	$(RUN) ruff format --quiet

bench: ## measure, and print one table
	$(BOOTSTRAP) test
	$(RUN) benchmarks $(ARGS)

build: .venv-sam/.installed ## build what is deployed, into .aws-sam (RUNTIME=python3.12, ARCHITECTURE=x86_64)
	$(BOOTSTRAP) local
	@$(SAM) validate --lint
	@RUNTIME=$(RUNTIME) ARCHITECTURE=$(ARCHITECTURE) $(SAM) build \
	  --parameter-overrides Runtime=$(RUNTIME) Architecture=$(ARCHITECTURE) $(ARGS)

page: ## build the chat page as files, into dist/page (ARGS="--into FOLDER --api-url URL")
	$(BOOTSTRAP) local
	$(RUN) mozaiks_local.cli page $(ARGS)

deploy: .venv-sam/.installed ## deploy what was built (STAGE=prod: a section of samconfig.toml, ARGS="--guided")
	@SAM_CLI_TELEMETRY=0 .venv/bin/python -m mozaiks_local.packaging.deploy $(STAGE) $(ARGS)

.venv-sam/.installed: requirements/sam.txt
	$(BOOTSTRAP) local
	@rm -rf .venv-sam
	@.venv/bin/python -m venv .venv-sam
	@.venv-sam/bin/python -m pip install --quiet --require-hashes --no-deps --only-binary :all: -r requirements/sam.txt
	@touch $@

lock: ## pin requirements/*.in again (ARGS="--upgrade" or "--upgrade-package NAME" for newer versions)
	$(BOOTSTRAP) lock
	@cd requirements && for use in test local layer otel page sam; do \
	  echo "pinning $$use.txt"; \
	  $(PIN) $$use.in --output-file $$use.txt $$(case $$use in \
	    layer) echo "--constraint test.txt --no-emit-package boto3 --no-emit-package botocore --no-emit-package s3transfer";; \
	    local|otel) echo "--constraint test.txt";; esac) $(ARGS) || exit 1; \
	done

clean: ## remove the environment and every cache; chats and the database in .mozaiks stay
	@rm -rf .venv .venv-sam .aws-sam chatui/node_modules chatui/client/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.mozaiks/*' -prune -exec rm -rf {} +
