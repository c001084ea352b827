#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# serve.sh keeps a node with two model files busy for SOAK_SERVE, and ends it
# with SIGKILL each SOAK_SERVE_KILL of the first half; see README.md here and
# test/serve. Arguments go to that program.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if [ -z "${DSAI_BIN:-}" ]; then
	DSAI_BIN=$tmp/dsai
	go build -trimpath -o "$DSAI_BIN" ./cmd/dsai
fi

go build -o "$tmp/serve" ./test/serve
# Ctrl-C reaches both: sed must stay for what is said after it.
"$tmp/serve" -bin "$DSAI_BIN" -for "${SOAK_SERVE:-1h}" -kill "${SOAK_SERVE_KILL:-10m}" "$@" |
	(trap '' INT TERM; exec sed -u 's/^serve: \(20..-..-..: \)/soak: serve: \1/')
