# make run serves a demo app, make test proves the server; each installs what it needs first.
.DEFAULT_GOAL := help
.PHONY: help run publish build test race bench bench-peers bench-cluster lint format clean

CHANNEL ?= my-channel
EVENT ?= my-event
DATA ?= {"message":"hello"}

help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: build ## Builds and serves the demo app on port 6001, everything in memory
	@docker/demo/serve

publish: ## Publishes to the demo app: make publish CHANNEL=my-channel EVENT=my-event DATA='{"a":1}'
	@docker/demo/publish '$(CHANNEL)' '$(EVENT)' '$(DATA)'

build: ## Builds the server for production
	@bash .ci/install build
	swift build --configuration release --product martlet

test: ## Builds and runs every test; details in .logs
	@bash .ci/install build test
	@bash .ci/test

race: ## Runs the end-to-end races with the server under the thread sanitizer; its reports are in .logs
	@bash .ci/install build test
	swift build --sanitize thread --scratch-path .build-tsan --product martlet
	@rm -f .logs/tsan.*
	@TSAN_OPTIONS="exitcode=0 log_path=$(CURDIR)/.logs/tsan" MARTLET_BINARY="$(CURDIR)/.build-tsan/debug/martlet" \
		bash .ci/test --filter RaceTests
	@grep -h SUMMARY .logs/tsan.* 2>/dev/null | sort | uniq -c | sort -rn || echo "No reports."

bench: ## Measures the server beside the floor of a bare send loop
	@bash .ci/install build
	swift build --configuration release --product martlet
	swift build --configuration release --product martlet-bench
	.build/release/martlet-bench micro
	.build/release/martlet-bench compare --peers floor --peers martlet

bench-peers: ## Measures the server beside the floor and nchan and writes the report
	@bash .ci/install build peers
	swift build --configuration release --product martlet
	swift build --configuration release --product martlet-bench
	.build/release/martlet-bench compare --report Sources/martlet-bench/RESULTS.md --json .logs/bench.json

bench-cluster: ## Measures three nodes on Redis Clusters of one, two and three masters
	@bash .ci/install build test
	swift build --configuration release --product martlet
	swift build --configuration release --product martlet-bench
	@bash .ci/bench-cluster

lint: ## Checks the format and the scripts
	@bash .ci/install build lint
	@bash .ci/lint

format: ## Formats the Swift sources
	swift format --in-place --recursive Sources Tests Package.swift

clean: ## Removes what was built, installed here and logged
	rm -rf .build .build-tsan .venv .logs
