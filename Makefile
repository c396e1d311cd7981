# make run serves a demo app, make test proves the server; each installs what it needs first.
.DEFAULT_GOAL := help
.PHONY: help run publish build test race soak bench bench-peers bench-cluster bench-webhooks lint format clean

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

test: ## Builds and runs every test, the acceptance gate under the sanitizers too; details in .logs
	@bash .ci/install build test
	@bash .ci/sanitize
	@bash .ci/test

race: ## Runs the end-to-end races with the server under the thread sanitizer; its reports are in .logs
	@bash .ci/install build test
	@RACE_SOCKETS=$${RACE_SOCKETS:-300} bash .ci/sanitize RaceTests thread

soak: ## Sends 100,000 webhook events through servers, queue and network that fail; takes some ten minutes
	@bash .ci/install build test
	swift build --configuration release --product martlet
	@MARTLET_SOAK_EVENTS=100000 MARTLET_BINARY="$(CURDIR)/.build/release/martlet" bash .ci/test --filter SoakTests
	@grep -h '^# ' .logs/e2e/soak-*.out

bench-webhooks: ## Measures what a webhook through SQS costs: CPU and requests
	@bash .ci/install build test
	swift build --configuration release --product martlet
	.venv/bin/python Tests/EndToEndTests/Python/webhook_cost.py --martlet .build/release/martlet --folder .logs/webhook-cost

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
	rm -rf .build .build-asan .build-tsan .venv .logs
