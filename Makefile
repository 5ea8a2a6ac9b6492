# The contributing guide: what to run, and when.
.PHONY: check test parity bench demo

check: ## before every commit: format, lints, docs, tests
	.ci/run

test:
	cargo test

parity: ## the model against independent runs, fast
	cargo test --release parity

bench: ## one step of training and restoration: time and memory
	cargo bench

demo: ## five minutes, no download
	cargo run --release -- demo
