#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# run.sh requires that models have the same logits, bit for bit, on this machine,
# on amd64 with other instructions, and on arm64, riscv64 and s390x, emulated
# where need be; and that these are the goldens of package infer.
#
#   test/bits/run.sh                  all of them
#   test/bits/run.sh amd64 s390x      these
#   BITS_MODELS=DIR                   where tiny1m-*.gguf are, by default beside
#                                     the checkout in ../shared/models/tiny1m
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
models=${BITS_MODELS:-../shared/models/tiny1m}
arguments=()
if [ -e "$models/tiny1m-f32.gguf" ]; then
	arguments=(-models "$models")
else
	echo "SKIPPED: tiny1m, because $models has no tiny1m-f32.gguf"
fi
sort internal/verifiable/infer/testdata/logits.txt >"$dir/want"

# emulator prints what runs a program of an architecture, nothing for this one's.
emulator() {
	[ "$(go env GOHOSTARCH)" != "$1" ] || return 0
	local name=$1
	[ "$name" != arm64 ] || name=aarch64
	command -v "qemu-$name" || command -v "qemu-$name-static"
}

# bits NAME GOARCH [VARIABLE=VALUE] prints the digests into $dir/NAME.
bits() {
	local name=$1 arch=$2 qemu="" start=$SECONDS few=()
	shift 2
	if ! qemu=$(emulator "$arch"); then
		echo "SKIPPED: $name, because qemu-user for $arch is not installed"
		return 0
	fi
	[ -z "$qemu" ] || few=(-few)
	env GOARCH="$arch" "$@" go build -trimpath -o "$dir/$name.bin" ./test/bits
	# shellcheck disable=SC2086 # nothing, or the path of an emulator
	nice $qemu "$dir/$name.bin" "${few[@]}" "${arguments[@]}" >"$dir/$name"
	sort "$dir/$name" -o "$dir/$name"
	if [ -n "$(comm -23 "$dir/want" "$dir/$name")" ]; then
		echo "$name: FAILED: not the bits of internal/verifiable/infer/testdata/logits.txt:"
		diff "$dir/want" "$dir/$name" || true
		return 1
	fi
	cp "$dir/$name" "$dir/want" # from now on with the models that are no goldens
	echo "$name: $(wc -l <"$dir/$name") models have the same bits, $((SECONDS - start))s"
}

names=("$@")
[ $# -gt 0 ] || names=(amd64 amd64v3 arm64 riscv64 s390x)
for name in "${names[@]}"; do
	case $name in
	amd64v3)
		if ! grep -qsw bmi2 /proc/cpuinfo || ! grep -qsw fma /proc/cpuinfo; then
			echo "SKIPPED: $name, because the processor lacks the instructions of GOAMD64=v3"
			continue
		fi
		bits amd64v3 amd64 GOAMD64=v3
		;;
	*) bits "$name" "$name" ;;
	esac
done
