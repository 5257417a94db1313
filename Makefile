# The only entry points. A fresh machine needs Python 3.11 or later, and make; everything else is installed from the lock
# into .venv, once: the stamp file lets every later start skip it.
#
# Settings (HOST, PORT, TILLVAULT_DATA_DIR, DATABASE_URL, …) are read from the environment: see docs/reference/settings.md.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The bot's environment is its own: its library and the API want different versions of Pydantic.
BOT_BIN := bot/.venv/bin
BOT_STAMP := bot/.venv/.installed
PYTHON ?= $(firstword $(shell command -v python3.11 python3))
UV_VERSION := 0.13.8
UV := VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --no-header
JOBS ?= 3
PYTEST_ARGS ?=
BENCH_ARGS ?=
LOCK_ARGS ?=

.PHONY: help run bot test check bench openapi pictures lock install

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# The command stands alone on its line, so that make runs it without a shell: Ctrl-C and SIGTERM then reach the server
# itself, which stops all that it started and ends with 0.
run: $(STAMP) ## Serve a working shop with demo data on PORT (default 8000); Ctrl-C stops everything
	@# The shop opens without its web app too: what was missing has been said.
	@frontend/build || true
	@$(BIN)/tillvault serve --demo

bot: $(BOT_STAMP) ## Run the Telegram bot; its settings stand in bot/env.example
	@$(BOT_BIN)/python -m tillvault_bot

test: $(STAMP) $(BOT_STAMP) ## Run the whole test suite against a real PostgreSQL of its own
	@# 3: there is no Node, or no npm registry. The tests that need the built web app then skip, and say so.
	@frontend/build && frontend/build npm run --silent test; code=$$?; \
		if [[ $$code == 3 && -z "$$CI" ]]; then echo "SKIPPED: the web app's own tests."; else exit $$code; fi
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

check: $(STAMP) $(BOT_STAMP) ## Lint, format, types, layers, migrations, generated files, compose file
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright
	$(BIN)/basedpyright --project bot/pyproject.toml
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m tillvault.reference --check
	$(BOT_BIN)/python -m tillvault_bot.settings | diff bot/env.example -
	$(BIN)/tillvault db check
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	frontend/build npm run --silent client
	frontend/build npm run --silent check

bench: $(STAMP) ## Measure, and compare with the figures that must be reached
	cd api && ../$(BIN)/python -m bench $(BENCH_ARGS)

openapi: $(STAMP) $(BOT_STAMP) ## Write the generated files: api/openapi.json, env.example, docs/reference
	$(BIN)/python -m tillvault.reference
	$(BOT_BIN)/python -m tillvault_bot.settings >bot/env.example

pictures: $(STAMP) ## Take the pictures of README.md again, from the demo
	@frontend/build
	TILLVAULT_TEST_PICTURES=docs/images $(BIN)/python -m pytest -q api/tests/browser/test_pictures.py

lock: $(STAMP) ## Write the lock files; newer versions with LOCK_ARGS=--upgrade
	$(COMPILE) $(LOCK_ARGS) --group pyproject.toml:dev --all-extras api/pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock --all-extras api/pyproject.toml -o api/requirements.lock
	$(COMPILE) $(LOCK_ARGS) bot/pyproject.toml -o bot/requirements.lock

install: $(STAMP) $(BOT_STAMP)

$(STAMP): requirements.lock api/pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed. Name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@# The machine's own certificates first (a proxy may have added one), else those that uv brings along.
	@UV_SYSTEM_CERTS=true $(UV) pip sync --quiet --require-hashes requirements.lock || \
		$(UV) pip sync --quiet --require-hashes requirements.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable api
	@touch $@

$(BOT_STAMP): bot/requirements.lock $(STAMP)
	@test -x $(BOT_BIN)/python || "$(PYTHON)" -m venv bot/.venv
	@echo "Installing the bot's locked dependencies into bot/.venv …"
	@VIRTUAL_ENV="$(CURDIR)/bot/.venv" UV_SYSTEM_CERTS=true $(BIN)/uv pip sync --quiet --require-hashes bot/requirements.lock || \
		VIRTUAL_ENV="$(CURDIR)/bot/.venv" $(BIN)/uv pip sync --quiet --require-hashes bot/requirements.lock
	@$(BOT_BIN)/python -c 'import pathlib, sys, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "tillvault_bot.pth").write_text(sys.argv[1] + "\n")' "$(CURDIR)/bot/src"
	@touch $@
