# The contributing guide: what to run, and when.
.PHONY: check test parity bench sanitize emulate full crash fuzz demo

check: ## before every commit: format, lints, docs, tests
	.ci/run

test:
	cargo test

parity: ## the model against independent runs, fast
	cargo test --release parity

bench: ## one step of training and restoration: time and memory; every layer: share of the processor's peak
	cargo bench

sanitize: ## the kernels' tests under AddressSanitizer
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo test -p lacuna-kernels \
		--target x86_64-unknown-linux-gnu --target-dir target/sanitize

emulate: ## the kernels' tests on an emulated processor with AVX-512 and bf16, about half an hour
	CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=$(CURDIR)/kernels/emulate \
		cargo test --release -p lacuna-kernels --tests

full: ## the store of a run on a disk of 8 MiB that fills up; as root, who may mount one
	folder=$$(mktemp -d) && mount -t tmpfs -o size=8m tmpfs $$folder && { \
		LACUNA_SMALL_DISK=$$folder cargo test --release --lib a_real_disk_that_fills_up -- --ignored; \
		status=$$?; umount $$folder; rmdir $$folder; exit $$status; }

crash: ## training killed 1,000 times at any moment, some minutes; says how many of the kills fell within a commit
	LACUNA_KILLS=1000 cargo test --release --test crash -- --nocapture

fuzz: ## every parser of foreign bytes, ten minutes each (cargo install cargo-fuzz); SECONDS_EACH=60 for less
	export RUSTC_BOOTSTRAP=1; for target in $$(cargo fuzz list); do mkdir -p fuzz/found/$$target && \
		cargo fuzz run -O -s none $$target fuzz/found/$$target fuzz/corpus/$$target -- -timeout=60 -max_len=65536 \
			-rss_limit_mb=4096 -max_total_time=$(or $(SECONDS_EACH),600) -print_final_stats=1 || exit 1; \
	done

demo: ## five minutes, no download
	cargo run --release -- demo
