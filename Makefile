# The two commands that a newcomer needs: make run, make test.

CARGO ?= cargo

.PHONY: run test lint bench

## Builds and starts EdgeSync with a demo: a fleet, a flow and a dashboard. Open the address that it prints.
run:
	$(CARGO) run --release -- serve --demo

## Runs all tests. Installs the test runner if it is missing.
test: .nextest
	$(CARGO) nextest run --workspace --locked

.PHONY: .nextest
.nextest:
	@$(CARGO) nextest --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-nextest --version 0.9.143

## Format and lints; both must be clean.
lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

## Benches of the hot parts and the end-to-end bench. Takes some minutes; results go to benches/results.
bench:
	$(CARGO) bench --workspace
	benches/end_to_end.sh
