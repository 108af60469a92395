# Everything that a person who works on Dexter runs. `make` alone says what there is.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
# How many processes test at once; 0 for one that a debugger can stop in.
JOBS ?= auto

PY := .venv/bin/python

# The tools look at the code, not at a developer's settings or database.
NEUTRAL := env -u REDIS_URL -u TEST_DATABASE_URL -u TEST_REDIS_URL \
	DEXTER_ENV_FILE=/dev/null DEXTER_DEBUG=true DEXTER_PUBLIC_URL=http://localhost:8000 DATABASE_URL=sqlite:///:memory:
PRODUCTION := env -u REDIS_URL DEXTER_ENV_FILE=/dev/null DEXTER_DEBUG=false DATABASE_URL=sqlite:///:memory: \
	DEXTER_PUBLIC_URL=https://dexter.example.com DEXTER_EMAIL_URL=smtp://mail.example.com \
	DEXTER_CONTACT=help@example.com

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

.PHONY: run
run: .venv/.run-stamp .env ## Serve at http://localhost:8000 (PORT=8123 for elsewhere), setting up what is missing
	@mkdir -p var
	@grep -qs '^DEXTER_PUBLIC_URL=.' .env || export DEXTER_PUBLIC_URL="$${DEXTER_PUBLIC_URL:-http://localhost:$(PORT)}"; \
	$(PY) manage.py migrate --verbosity 0; \
	$(PY) manage.py prepare; \
	exec $(PY) -m uvicorn dexter.asgi:application --host $(HOST) --port $(PORT) $(SERVE)

# The public URL is a setting, so no proxy's header may change it. No access log: it would hold whole query strings,
# and with them the state of every authorization.
SERVE = --no-proxy-headers --no-access-log

.PHONY: test
test: .venv/.dev-stamp tests/node/node_modules/.stamp ## Test on SQLite, then on PostgreSQL and Redis (ARGS="-k linking" JOBS=0 for a debugger)
	@printf '\n=== Tests on SQLite, without Redis ===\n\n'
	env -u TEST_DATABASE_URL -u TEST_REDIS_URL $(PYTEST) $(ARGS)
	@printf '\n=== Tests on PostgreSQL and Redis ===\n\n'
	$(PY) -m tests.backends -- $(PYTEST) $(ARGS)

# A file's tests stay together, because they share a server.
PYTEST = $(PY) -m pytest --numprocesses $(JOBS) --maxprocesses 8 --dist loadfile

.PHONY: check
check: .venv/.dev-stamp ## Lint, formatting, types, templates, migrations, and what Django thinks of a deployment
	$(PY) -m ruff check .
	$(PY) -m ruff format --check --diff .
	$(NEUTRAL) $(PY) -m mypy
	$(PY) -m djlint --quiet --lint templates
	$(NEUTRAL) $(PY) manage.py makemigrations --check --dry-run
	DEXTER_SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

.PHONY: format
format: .venv/.dev-stamp ## Put the code into the shape that `make check` asks for
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

.PHONY: messages
messages: .venv/.dev-stamp ## Bring the translations in locale/ up to date with the texts, and compile them
	$(PY) -m tests.messages

.PHONY: lock
lock: .venv/.dev-stamp ## Pin what requirements*.in ask for (ARGS=--upgrade for the newest)
	$(PY) -m piptools compile $(LOCK) $(ARGS) --output-file requirements.txt requirements.in
	$(PY) -m piptools compile $(LOCK) $(ARGS) --output-file requirements-dev.txt requirements-dev.in

# Nothing of the machine that compiles may show in what is compiled.
LOCK = --quiet --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	--no-emit-options --no-header

.PHONY: bench
bench: .venv/.dev-stamp ## Measure calls per second and memory, next to the bare SDK (needs wrk)
	$(PY) -m bench $(ARGS)

.PHONY: screenshots
screenshots: .venv/.dev-stamp ## Write pictures of every page and state into var/screenshots (ARGS="--only link")
	$(PY) -m tests.pages.screenshots $(ARGS)

.PHONY: clean
clean: ## Delete the virtualenv and all caches; the database in var/ and .env stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache tests/node/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.env:
	@umask 077; printf 'DEXTER_SECRET_KEY=%s\nDEXTER_DEBUG=true\n' \
		"$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')" > .env
	@echo "Wrote .env with a secret key of its own."

# A virtualenv whose Python is gone, or that was moved, is made again.
define VIRTUALENV
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Dexter needs Python 3.11 or later; $(PYTHON) is older or missing. Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PY) -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
endef

.venv/.run-stamp: requirements.txt
	$(VIRTUALENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.dev-stamp: requirements-dev.txt requirements.txt
	$(VIRTUALENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(PY) -m tests.browser
	$(PY) -m tests.nginx
	@touch $@

tests/node/node_modules/.stamp: tests/node/package.json tests/node/package-lock.json | .venv/.dev-stamp
	$(PY) -m tests.nodejs
	@touch $@
