#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# check.sh runs the checks of this repository, each as a step with a name:
#
#   test/ci/check.sh              all steps
#   test/ci/check.sh race fuzz    these steps
#   test/ci/check.sh --soak       the long runs of test/soak: see there for how to
#                                 shorten them
#
# A step fails when any command in it fails. A step that cannot run here says
# SKIPPED and why; it never counts as passed. make sets RACE_PKGS.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."

export CGO_ENABLED=0
: "${FUZZ_SECONDS:=60}" # for all fuzz targets together
: "${FUZZ_SEED=1}"      # of Go's fuzzer; "" = another one each time
: "${KILLS:=40}"        # processes to kill

readonly all=(build gofmt vet staticcheck arch test faults demo race amd64v3 arm64 crossing cross generated e2e service fuzz kill serve torchwood strangers)
readonly soak=(soak)
readonly skipped_code=77

skip() {
	echo "SKIPPED: $*"
	exit $skipped_code
}

# script runs a script of the repository with arguments, or skips the step.
script() {
	[ -e "$1" ] || skip "$1 is not there yet"
	"$@"
}

# gotest is go test that names what it skipped.
gotest() { go test -json "$@" | env -u GOARCH -u GOAMD64 CGO_ENABLED=0 go run ./internal/arch/cmd/testsum; }

d_packages() { go run ./internal/arch/cmd/dpkgs; }

step_build() { go build -trimpath ./...; }

step_gofmt() {
	local unformatted
	unformatted=$(gofmt -l .)
	[ -z "$unformatted" ] || { echo "run gofmt -w on:"; echo "$unformatted"; return 1; }
}

step_vet() { go vet ./...; }

step_staticcheck() { go tool -modfile=tools/go.mod staticcheck ./...; }

step_arch() { gotest -count=1 ./internal/arch/...; }

# test leaves out what takes long; the peak of loading, which the race detector
# would falsify, is measured here.
step_test() {
	gotest -short ./...
	gotest -count=1 -run 'TestLoadPeak$' ./internal/verifiable/engine
}

# faults flips bits, fills disks and turns clocks back.
step_faults() { gotest -count=1 -timeout 5m ./test/faults; }

# demo plays the seven beats as the README promises them to a newcomer.
step_demo() {
	[ -e cmd/dsai ] || skip "cmd/dsai is not there yet"
	make --no-print-directory demo
}

step_race() {
	: "${RACE_PKGS:?set by make; run: make race}"
	command -v gcc >/dev/null || skip "the race detector needs gcc"
	# shellcheck disable=SC2086 # a list of packages
	CGO_ENABLED=1 gotest -race $RACE_PKGS
}

# amd64v3 and arm64 repeat the tests of deterministic packages where the
# compiler may use other instructions: the same goldens must come out.
step_amd64v3() {
	[ "$(go env GOARCH)" = amd64 ] || skip "this machine is not amd64"
	grep -qw fma /proc/cpuinfo && grep -qw avx2 /proc/cpuinfo && grep -qw bmi2 /proc/cpuinfo ||
		skip "this processor lacks the instructions of GOAMD64=v3"
	local pkgs
	pkgs=$(d_packages)
	# shellcheck disable=SC2086
	GOAMD64=v3 gotest $pkgs
}

step_arm64() {
	local pkgs run=()
	pkgs=$(d_packages)
	if [ "$(uname -m)" != aarch64 ]; then
		run=(-exec "$(command -v qemu-aarch64 || command -v qemu-aarch64-static)") || skip "qemu-aarch64 is not installed"
	fi
	# shellcheck disable=SC2086
	GOARCH=arm64 gotest "${run[@]}" -timeout 20m $pkgs
}

# crossing has answers of amd64 made again on arm64, and the other way round.
step_crossing() { script test/crossing/run.sh; }

# cross compiles, without linking, for the systems that differ most.
step_cross() {
	local platform
	for platform in windows/amd64 darwin/arm64 linux/arm; do
		echo "$platform"
		GOOS=${platform%/*} GOARCH=${platform#*/} go build ./...
	done
}

# generated compares the files before and after generation, so that it also
# works with uncommitted changes.
step_generated() {
	git rev-parse --is-inside-work-tree >/dev/null 2>&1 || skip "not a git checkout"
	local before after
	before=$(files_digest)
	make --no-print-directory gen codemap
	after=$(files_digest)
	[ "$before" = "$after" ] || {
		echo "generated files were out of date; review and commit:"
		diff <(echo "$before") <(echo "$after") | sed -n 's/^> [0-9a-f]*  /  /p'
		return 1
	}
}

files_digest() {
	git ls-files -z --cached --others --exclude-standard | sort -zu |
		while IFS= read -r -d '' f; do if [ -f "$f" ]; then sha256sum "$f"; fi; done
}

# e2e drives the built program: testscripts of cmd/dsai, then shell scripts.
step_e2e() {
	local s scripts=(test/e2e/*.sh)
	[ -e cmd/dsai ] || skip "cmd/dsai is not there yet"
	gotest -count=1 ./cmd/dsai
	[ -e "${scripts[0]}" ] || { echo "note: there are no test/e2e/*.sh yet"; return 0; }
	go build -trimpath -o bin/dsai ./cmd/dsai
	for s in "${scripts[@]}"; do
		echo "--- $s"
		"$s"
	done
}

# service loads the units that dsai service install writes, without starting
# them. systemd-analyze also ends with 0 for what it only warns of.
step_service() {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
	systemd-analyze --help | grep -qe --offline || skip "systemd-analyze is older than 250"
	go build -trimpath -o bin/dsai ./cmd/dsai
	d=$(mktemp -d)
	trap 'rm -rf "$d"' EXIT
	mkdir -p "$d/system" "$d/user"
	bin/dsai service install --print >"$d/system/dsai.service"
	bin/dsai service install --print --user --home "$d/home" >"$d/user/dsai.service"
	systemd-analyze --man=no verify "$d/system/dsai.service" 2>&1 | tee "$d/said"
	XDG_RUNTIME_DIR=$d systemd-analyze --user --man=no verify "$d/user/dsai.service" 2>&1 | tee -a "$d/said"
	[ ! -s "$d/said" ] || return 1
	# 0 is no exposure and 100 all of it; what is left is what a node is there
	# for: the network, and executable memory to read PDFs.
	systemd-analyze security --no-pager --offline=true --threshold=15 "$d/system/dsai.service" | tail -n 1
}

# fuzz splits its time evenly; the seed corpora are replayed by test anyway.
# FUZZ_ONLY is a regular expression that chooses targets, FUZZ_EACH how long each
# is given. Here the same seed each time lets a red check mean a change; soak
# looks further, with seeds of its own.
step_fuzz() {
	local targets each file name failed=0
	targets=$(fuzz_targets | grep -E "${FUZZ_ONLY:-.}" || true)
	[ -n "$targets" ] || skip "there are no fuzz targets yet"
	each=${FUZZ_EACH:-$((FUZZ_SECONDS / $(wc -l <<<"$targets")))}
	[ "$each" -ge 1 ] || each=1
	while IFS=: read -r file name; do
		echo "--- $name in $(dirname "$file"), ${each}s"
		fuzz_one "$name" "$each" "./$(dirname "$file")" || failed=$((failed + 1))
	done <<<"$targets"
	[ "$failed" -eq 0 ] || { echo "$failed fuzz targets failed"; return 1; }
}

# fuzz_one runs one target. The Go command sometimes reports the end of its own
# time as a failure (golang.org/issue/48591): a failure without a failing input
# whose only message is that is none. One worker and little minimising keep a
# run with a seed close to the one before it. Nobody may be there to fetch the
# file of a failing input, so it is printed whole.
fuzz_one() {
	local out begin input
	out=$(mktemp)
	begin=$(mktemp)
	if GODEBUG=${GODEBUG:-}${FUZZ_SEED:+${GODEBUG:+,}fuzzseed=$FUZZ_SEED} go test -run '^$' -fuzz "^$1\$" -fuzztime "${2}s" \
		-fuzzminimizetime 5s -parallel 1 "$3" </dev/null >"$out" 2>&1; then
		tail -n 2 "$out"
	elif grep -q 'context deadline exceeded' "$out" && ! grep -qE 'Failing input|panic|_test.go:' "$out"; then
		echo "time was up while the workers were busy: no failing input"
	else
		cat "$out"
		while IFS= read -r -d '' input; do
			echo "failing input, to be written by: base64 -d >$input"
			base64 "$input"
		done < <(find "$3/testdata/fuzz/$1" -type f -newer "$begin" -print0 2>/dev/null)
		rm -f "$out" "$begin"
		return 1
	fi
	rm -f "$out" "$begin"
}

# fuzz_targets prints file:name of every target of this module.
fuzz_targets() {
	local f
	while IFS= read -r -d '' f; do
		sed -nE "s|^func (Fuzz[A-Za-z0-9_]+)\(.*|${f#./}:\1|p" "$f"
	done < <(find . -name '*_test.go' -not -path '*/testdata/*' -not -path '*/node_modules/*' -print0 | sort -z)
}

step_kill() { script test/kill/run.sh "$KILLS"; }

# serve is the soak of model files in short: whatever a node said under load, and
# under SIGKILL, is made again from its receipts.
step_serve() {
	[ "$(go env GOOS)" = linux ] || skip "test/serve reads /proc"
	SOAK_SERVE=25s SOAK_SERVE_KILL=6s script test/soak/serve.sh
}

# torchwood has a log of ours checked by the second implementation of C2SP.
step_torchwood() {
	[ -e test/torchwood ] || skip "test/torchwood is not there yet"
	DSAI_LOG_FIXTURE=$(mktemp -d)
	export DSAI_LOG_FIXTURE
	trap 'rm -rf "$DSAI_LOG_FIXTURE"' EXIT
	go test -count=1 -run TestExportFixture ./internal/verifiable/tlog
	cd test/torchwood
	go test -count=1 .
}

# strangers are verifiers and clients from npm.
step_strangers() {
	command -v npm >/dev/null || skip "npm is not installed"
	script test/strangers/run.sh
}

# soak runs what takes hours, and all of it: one that fails hides no other.
step_soak() {
	local s failed=0 out
	out=$(mktemp)
	for s in test/soak/*.sh; do
		echo "--- $s"
		"$s" 2>&1 | tee -a "$out" || { failed=$((failed + 1)); echo "soak: $s: FAILED" | tee -a "$out"; }
	done
	echo
	grep '^soak: ' "$out"
	rm -f "$out"
	[ "$failed" -eq 0 ]
}

main() {
	local steps=("$@") name code result start passed=0 failed=0 skipped=0 table=""
	[ $# -gt 0 ] || steps=("${all[@]}")
	if [ "${1:-}" = --soak ]; then
		steps=("${soak[@]}")
	fi
	for name in "${steps[@]}"; do
		[ "$(type -t "step_$name")" = function ] || { echo "unknown step: $name; there are: ${all[*]} soak"; exit 2; }
	done
	for name in "${steps[@]}"; do
		printf '\n==> %s\n' "$name"
		start=$SECONDS
		# Not part of a condition: there bash would ignore errors inside the step.
		set +e
		(set -euo pipefail; "step_$name")
		code=$?
		set -e
		case $code in
		0) passed=$((passed + 1)) result=passed ;;
		"$skipped_code") skipped=$((skipped + 1)) result=SKIPPED ;;
		*) failed=$((failed + 1)) result=FAILED ;;
		esac
		printf '==> %s: %s in %ds\n' "$name" "$result" $((SECONDS - start))
		table+=$(printf '  %-12s %-8s %5ds' "$name" "$result" $((SECONDS - start)))$'\n'
	done
	printf '\n%s\n%d passed, %d failed, %d skipped\n' "$table" "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ]
}

main "$@"
