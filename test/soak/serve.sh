#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# serve.sh keeps the inference engine busy for SOAK_SERVE; see README.md here
# and test/serve.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/serve" ./test/serve
"$tmp/serve" -for "${SOAK_SERVE:-1h}" | sed -u 's/^serve: /soak: serve: /'
