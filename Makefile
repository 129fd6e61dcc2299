# make demo, make test, make lint: each works in a fresh clone. See CONTRIBUTING.md.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test chaos lint check bench tools-test tools-lint

# Every goal builds into the same folder.
export CARGO_TARGET_DIR ?= target

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-7s %s\n", $$1, $$2}'

demo: ## Show the whole way once: a person gets a LINE WORKS account and loses it again, in the sandbox
	@echo "Building okta-lineworks (debug; a first build takes some minutes) ..."
	@cargo build --locked
	@echo "Starting the service, a fake Okta and a fake LINE WORKS on free ports; nothing leaves this machine."
	@cargo run --locked --quiet -- demo

test: tools-test ## Run every test
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --locked --no-fail-fast; \
	else \
	  cargo test --locked --no-fail-fast; \
	fi

chaos: tools-test ## Kill, pause, cut and restart everything for half an hour (CHAOS_PEOPLE, CHAOS_SECONDS, CHAOS_SEEDS, CHAOS_SEED)
	CHAOS_PEOPLE=$${CHAOS_PEOPLE:-2000} CHAOS_SECONDS=$${CHAOS_SECONDS:-420} CHAOS_SEEDS=$${CHAOS_SEEDS:-2} \
	  cargo test --locked --test it chaos:: -- --nocapture --test-threads 1

lint: tools-lint ## Format, lints, documentation, licences, unused dependencies
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
	cargo deny --locked check bans licenses sources
	cargo machete

check: ## The quick round while writing: format and lints
	cargo fmt
	cargo clippy --locked --all-targets -- -D warnings

bench: tools-test ## Measure, with the release build
	cargo bench --locked --bench accept
	cargo bench --locked --bench joiners
	cargo bench --locked --bench okta
	cargo bench --locked --bench replicas

# What the tests call beside cargo. Installed when this user may do that, else named.
tools-test:
	@missing=""; \
	for pair in prlimit:util-linux ps:procps curl:curl openssl:openssl cc:gcc; do \
	  command -v "$${pair%%:*}" >/dev/null || missing="$$missing $${pair##*:}"; \
	done; \
	if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
	  && ! { command -v pg_config >/dev/null && [ -x "$$(pg_config --bindir)/initdb" ]; }; then \
	  missing="$$missing postgresql"; \
	fi; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then as=""; else as="sudo -n"; fi; \
	  if command -v apt-get >/dev/null && $$as true 2>/dev/null; then \
	    echo "Installing$$missing"; \
	    $$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq $$missing; \
	  else \
	    echo "The tests need these packages; please install them:$$missing" >&2; exit 1; \
	  fi; \
	fi

tools-lint:
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny --version '^0.20'
	@cargo machete --version >/dev/null 2>&1 || cargo install --locked cargo-machete --version '^0.9'
