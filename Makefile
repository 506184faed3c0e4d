# The two commands that a newcomer needs: make run, make test.

CARGO ?= cargo
# Newer than the lock file once what it names is installed.
PACKAGES = web/node_modules/.package-lock.json

.PHONY: run web test lint bench

## Builds and starts EdgeSync with a demo: a fleet, a flow and a dashboard. Open the address that it prints.
run:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory web || echo "The web UI was not built: starting without." >&2; \
	else echo "There is no Node (20.19 or newer): starting without the web UI." >&2; fi
	$(CARGO) run --release -- serve --demo

## Builds the web UI into web/dist, from where the program takes it when it is built.
web: $(PACKAGES)
	cd web && npm run build

## Runs all tests. Installs the test runner, PostgreSQL's server programs (which the tests start themselves) and a browser if they are missing.
test: .nextest .postgres .chromium .web
	$(CARGO) nextest run --workspace --locked
	cd web && npm run e2e

## What of the web UI needs no server: format, types, unit tests, the API's client as it is described, sizes.
.PHONY: .web
.web: web
	cd web && npm run lint && npm run api:check && npm test && npm run size

$(PACKAGES): web/package.json web/package-lock.json
	@command -v npm >/dev/null || { echo "The web UI needs Node 20.19 or newer: https://nodejs.org" >&2; exit 1; }
	cd web && npm ci
	@touch $@

.PHONY: .nextest
.nextest:
	@$(CARGO) nextest --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-nextest --version 0.9.143

.PHONY: .postgres
.postgres:
	@for bin in "$$EDGESYNC_TEST_PG_BIN" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin "$$(dirname "$$(command -v postgres)")"; do \
	  if [ -x "$$bin/postgres" ] && [ -x "$$bin/initdb" ]; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "the tests need PostgreSQL's server programs: installing the package postgresql"; \
	  mkdir -p /etc/postgresql-common && [ -e /etc/postgresql-common/createcluster.conf ] || \
	    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf; \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql openssl; \
	else \
	  echo "The tests need PostgreSQL 14 or newer. Install its server programs (Debian, Ubuntu: apt-get install postgresql;" >&2; \
	  echo "Fedora: dnf install postgresql-server), or name their directory in EDGESYNC_TEST_PG_BIN." >&2; \
	  exit 1; \
	fi

.PHONY: .chromium
.chromium:
	@for program in "$$EDGESYNC_TEST_CHROMIUM" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do \
	  if [ -x "$$program" ]; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "the tests of the web UI need Chromium: installing the package chromium"; \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium; \
	else \
	  echo "The tests of the web UI need Chromium. Install it (Debian: apt-get install chromium; Fedora: dnf install chromium)," >&2; \
	  echo "or name its program in EDGESYNC_TEST_CHROMIUM." >&2; \
	  exit 1; \
	fi

## Format and lints; all must be clean.
lint: $(PACKAGES)
	cd web && npm run lint
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

## Benches of the hot parts and the end-to-end bench. Takes some minutes; results go to benches/results.
bench:
	$(CARGO) bench --workspace
	benches/end_to_end.sh
