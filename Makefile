# Everything that people and CI call. `make` alone lists it.
SHELL   := bash
BIN     := $(CURDIR)/.cache/bin
TOOLS   := loadtest/testbed/tools.sh
# A number of runs: with a duration, go test now and then reports its own
# deadline as a failure.
FUZZTIME ?= 10000x
# What `make images` names and builds for.
IMAGE_REGISTRY ?= ghcr.io/drayproject/dray
TAG            ?= dev
PLATFORMS      ?= linux/$$($(GO) env GOARCH)
# Where `make e2e-kube` writes what it has seen.
REPORT  ?= docs/e2e-kube.md
GO      ?= go
export DRAY_TEST_BIN := $(BIN)

# Tests that start clusters of real processes have the machine to themselves.
HEAVY := /loadtest|/tracker/app$$|/tracker/journal/redis$$
list   = $$($(GO) list ./... | grep $(1))

.DEFAULT_GOAL := help
.PHONY: help build images demo compose-demo test race lint fuzz bench helm e2e-kube checks ci clean tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Without gRPC's tracing pages, whose templates would keep 6 MB that nobody calls.
build: ## build tracker, seeder and loadtest into ./bin
	$(GO) build -tags=grpcnotrace -o bin/ ./tracker ./seeder ./loadtest

images: ## build container images into ./bin/images, for docker load or ctr images import
	$(GO) run ./deploy/image --registry $(IMAGE_REGISTRY) --tag $(TAG) --platforms $(PLATFORMS)

demo: ## watch a cluster pull an image from itself; needs nothing but Go
	$(GO) run ./loadtest demo

compose-demo: ## the same in containers, from docker-compose.yml; needs Docker
	docker compose --profile demo up --no-log-prefix --exit-code-from demo demo; status=$$?; \
	  docker compose --profile demo down --volumes; exit $$status

tools: ## get what the tests need into ./.cache (as root: Debian packages, too)
	$(TOOLS) test

test: tools ## unit, conformance and end-to-end tests (end-to-end needs root)
	$(GO) test -timeout 20m $(call list,-vE '$(HEAVY)')
	$(GO) test -timeout 30m -p 1 $(call list,-E '$(HEAVY)')

race: tools ## all but the tests of whole clusters, with the race detector
	$(GO) test -race -timeout 20m $(call list,-vE '/loadtest/(e2e|demo|fleet|compose|faults|dashboard|metrics)')

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

helm: tools ## check the Helm chart; as UPDATE=1 make helm, accept what it renders now
	$(GO) test ./deploy/helm $(if $(UPDATE),-update)

e2e-kube: tools images ## the chart on a real Kubernetes, with faults (go doc ./loadtest/kube)
	$(GO) run ./loadtest kube --report "$(REPORT)"

# A machine that stops for seconds now and then breaks real clusters, too. What has
# failed is run once more, alone and in the open: what has passed is cached.
twice = $(1) || { echo "$(1): FAILED; once more"; $(1); }

ci: export DRAY_TEST_REQUIRE := 1
ci: ## what has to pass before a change lands: all checks, and then e2e-kube
	.ci/kube make checks

checks: ## all of `make ci` but e2e-kube
	$(MAKE) lint
	$(MAKE) build
	$(call twice,$(MAKE) test)
	$(call twice,$(MAKE) race)
	$(MAKE) fuzz
	$(MAKE) demo

clean: ## remove what was built; .cache as well
	rm -rf bin .cache
