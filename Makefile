# The contributing guide: what to run, and when.
.PHONY: check test parity

check: ## before every commit: format, lints, docs, tests
	.ci/run

test:
	cargo test

parity: ## the model against independent runs, fast
	cargo test --release parity
