# The commands of p2ptracker. `make` lists them.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO      := scripts/go
LINT    := tool -modfile=$(CURDIR)/tools/go.mod golangci-lint

# How long each fuzz target runs (see scripts/fuzz), and how many packages are tested at once.
FUZZTIME ?= 30000x
PARALLEL ?= 2

.DEFAULT_GOAL := help
.PHONY: help run build stub test fuzz lint format cluster compose-check bench lab microbench readme setup bare

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Run the tracker; settings come from the environment
	@exec bin/p2ptracker serve

build: ## Build a static binary, bin/p2ptracker
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/p2ptracker ./cmd/p2ptracker

stub: ## Build the SMDB of make cluster, bin/smdbstub
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/smdbstub ./cmd/smdbstub

test: setup ## Install what the tests need, and run all of them
	$(GO) test -race -timeout 30m -p $(PARALLEL) ./tracker/redisstore/... ./... # what takes longest begins first
	$(GO) -C lab test -race -timeout 30m -p $(PARALLEL) ./...
	scripts/fuzz $(FUZZTIME)

fuzz: ## Run every fuzz target for FUZZTIME
	scripts/fuzz $(FUZZTIME)

lint: setup ## Run every linter
	$(GO) vet ./... && $(GO) -C lab vet ./...
	$(GO) $(LINT) run ./... && $(GO) -C lab $(LINT) run ./...
	$(GO) mod tidy -diff && $(GO) -C lab mod tidy -diff
	scripts/luacheck
	shellcheck .ci/run scripts/* demo/push

format: ## Format the Go files
	$(GO) $(LINT) fmt ./... && $(GO) -C lab $(LINT) fmt ./...

cluster: ## Run Redis, three frontends and a proxy on loopback, until Ctrl-C
	@scripts/cluster

compose-check: ## Run docker-compose.yml with both builders and its demo, on Docker or as root on Debian
	scripts/compose-check

bench: setup ## Measure the tracker beside others, and write docs/performance.md; fails if a bound is missed
	$(GO) -C lab run ./cmd/announcebench suite

lab: setup ## Push a payload with real clients to racks of network namespaces, as root, and write docs/uplink.md
	$(GO) -C lab run ./cmd/uplinklab --docs ../docs/uplink.md

microbench: setup ## Run the Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem -p 1 ./...

readme: ## Write the settings into README.md, and the example into lua/README.md
	$(GO) generate ./cmd/p2ptracker ./tracker/redisstore

setup: ## Install what tests and linters need
	@scripts/setup

bare: setup ## Try make run on a bare Debian 12, as root; TARGETS=setup installs there what the tests need, too
	scripts/bare-check $(TARGETS)
