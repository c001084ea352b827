# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# Every target is an alias of one command that you may type yourself.

export CGO_ENABLED ?= 0

# Packages that start goroutines or guard state with locks. The race detector
# looks at these only; it needs a C compiler and triples their time.
export RACE_PKGS ?= \
	./internal/node ./internal/api ./internal/control ./internal/store ./internal/durable ./internal/pipeline ./internal/policy \
	./internal/resilience/upstream \
	./internal/verifiable/engine ./internal/verifiable/infer ./internal/verifiable/ingest ./internal/verifiable/retrieve ./internal/verifiable/receipt ./internal/verifiable/tensor ./internal/verifiable/tlog ./internal/verifiable/vc

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD     := go build -trimpath -ldflags '-X main.version=$(VERSION)'
RELEASE   := go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
PLATFORMS := linux/amd64 linux/arm64 linux/arm linux/riscv64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
PREFIX    ?= /usr/local
BENCH     ?= .
OPEN      ?=

help: ## list the targets (default)
	@awk -F ':.*## ' '/^[a-z0-9 ]+:.*## / { printf (length($$1) > 9 ? "  %s\n            %s\n" : "  %-9s %s\n"), $$1, $$2 }' $(MAKEFILE_LIST)

# Using it

build: ## build bin/dsai
	$(BUILD) -o bin/dsai ./cmd/dsai

demo: build ## build, then play the seven beats; OPEN=1 leaves the node running
	./bin/dsai demo $(if $(OPEN),,--exit --out bin/demo)

install: build ## copy dsai to $(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 bin/dsai $(DESTDIR)$(PREFIX)/bin/dsai

dist: ## build dist/ for all platforms, with checksums
	rm -rf dist && mkdir dist
	set -e; for p in $(PLATFORMS); do \
		os=$${p%/*} arch=$${p#*/} ext=; [ $$os != windows ] || ext=.exe; \
		echo "dist/dsai-$$os-$$arch$$ext"; \
		GOOS=$$os GOARCH=$$arch $(RELEASE) -o dist/dsai-$$os-$$arch$$ext ./cmd/dsai; \
	done
	cd dist && sha256sum dsai-* > SHA256SUMS

# Checking it

test: ## the tests without the long ones, a few minutes; make check has all
	go test -short ./...

check: ## everything that CI checks, at most 40 minutes on 2 cores
	test/ci/check.sh

race e2e service fuzz arch amd64v3 arm64 crossing cross generated kill torchwood strangers: ## one step of check
	test/ci/check.sh $@

bits: ## the bits of models on five kinds of CPU, emulated where need be
	test/bits/run.sh

lint: ## gofmt, go vet and staticcheck
	test/ci/check.sh gofmt vet staticcheck

vuln: ## known vulnerabilities that dsai reaches (asks vuln.go.dev)
	go tool -modfile=tools/go.mod govulncheck ./...

soak: ## hours: 10,000 kills, minutes of fuzzing per target, long loads; see test/soak
	test/ci/check.sh --soak

bench: ## benchmarks, ready for benchstat; BENCH=regexp chooses
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...
	set -e; for s in $(wildcard bench/*.sh bench/*/run.sh); do echo "==> $$s"; $$s; done

# Generating parts of it

gen: ## run the generators; their results are checked in
	go generate ./...

codemap: ## rewrite docs/CODEMAP.md
	go run ./internal/arch/cmd/codemap

golden: ## rewrite the golden files, then show what changed
	DSAI_UPDATE_GOLDEN=1 go test -count=1 ./...
	git diff --stat

# None of these names a file.
.PHONY: build $(MAKECMDGOALS)
