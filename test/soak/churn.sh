#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# churn.sh keeps a node busy for SOAK_CHURN; see README.md here and test/churn.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if [ -z "${DSAI_BIN:-}" ]; then
	DSAI_BIN=$tmp/dsai
	go build -trimpath -o "$DSAI_BIN" ./cmd/dsai
fi

go build -o "$tmp/churn" ./test/churn
"$tmp/churn" -bin "$DSAI_BIN" -for "${SOAK_CHURN:-30m}" -slow "${SOAK_SLOW:-50}" | sed -u 's/^churn: /soak: churn: /'
