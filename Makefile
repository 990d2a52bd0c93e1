# Everything that people and CI call. `make` alone lists it.
SHELL   := bash
BIN     := $(CURDIR)/.cache/bin
TOOLS   := loadtest/testbed/tools.sh
# A number of runs: with a duration, go test now and then reports its own
# deadline as a failure.
FUZZTIME ?= 10000x
GO      ?= go
export DRAY_TEST_BIN := $(BIN)

# Tests that start clusters of real processes have the machine to themselves.
HEAVY := /loadtest|/tracker/app$$|/tracker/journal/redis$$
list   = $$($(GO) list ./... | grep $(1))

.DEFAULT_GOAL := help
.PHONY: help build demo test race lint fuzz bench ci clean tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build tracker, seeder and loadtest into ./bin
	$(GO) build -o bin/ ./tracker ./seeder ./loadtest

demo: ## watch a cluster pull an image from itself; needs nothing but Go
	$(GO) run ./loadtest demo

tools: ## get what the tests need into ./.cache (as root: Debian packages, too)
	$(TOOLS) test

test: tools ## unit, conformance and end-to-end tests (end-to-end needs root)
	$(GO) test -timeout 20m $(call list,-vE '$(HEAVY)')
	$(GO) test -timeout 30m -p 1 $(call list,-E '$(HEAVY)')

race: tools ## all but the tests of whole clusters, with the race detector
	$(GO) test -race -timeout 20m $(call list,-vE '/loadtest/(e2e|demo|fleet)')

lint: ## gofmt, go vet, golangci-lint
	$(TOOLS) lint
	$(BIN)/golangci-lint run ./...

fuzz: ## every fuzz target for FUZZTIME
	@grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do \
	  for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\).*/\1/p' $$file); do \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$(dirname $$file) || exit 1; \
	  done; done

bench: build tools ## print the figures of docs/performance.md (needs root)
	bin/loadtest bench

ci: ## what has to pass before a change lands
	$(MAKE) lint
	$(MAKE) build
	DRAY_TEST_REQUIRE=1 $(MAKE) test
	DRAY_TEST_REQUIRE=1 $(MAKE) race
	$(MAKE) fuzz
	$(MAKE) demo

clean: ## remove what was built; .cache as well
	rm -rf bin .cache
