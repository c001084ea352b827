#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# load.sh asks a whole node for SOAK_LOAD; see README.md here and bench/answers.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if [ -z "${DSAI_BIN:-}" ]; then
	DSAI_BIN=$tmp/dsai
	go build -trimpath -o "$DSAI_BIN" ./cmd/dsai
fi

go build -o "$tmp/answers" ./bench/answers
"$tmp/answers" -bin "$DSAI_BIN" -for "${SOAK_LOAD:-10m}" -rate "${SOAK_RATE:-100}" -n "${SOAK_PASSAGES:-50000}" -dir "${SOAK_DOCS:-/usr/share/doc}" | tee "$tmp/out"
echo "soak: load: $(date -u +%F): ${SOAK_LOAD:-10m}: $(grep -E 'answers/s|p99|error' "$tmp/out" | tr '\n' ' ')"
grep -q '; 0 errors' "$tmp/out"
