# The two commands that a newcomer needs: make run, make test.

CARGO ?= cargo

.PHONY: run test lint bench

## Builds and starts EdgeSync with a demo: a fleet, a flow and a dashboard. Open the address that it prints.
run:
	$(CARGO) run --release -- serve --demo

## Runs all tests. Installs the test runner and PostgreSQL's server programs (which the tests start themselves) if they are missing.
test: .nextest .postgres
	$(CARGO) nextest run --workspace --locked

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

## Format and lints; both must be clean.
lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

## Benches of the hot parts and the end-to-end bench. Takes some minutes; results go to benches/results.
bench:
	$(CARGO) bench --workspace
	benches/end_to_end.sh
