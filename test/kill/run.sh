#!/bin/sh
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# Kills dsai $1 times (default 40); more arguments go to the kill program, such as
# -homes 8 -for 30m. DSAI_BIN names the program; without it one is built. Homes
# are made in TMPDIR.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if [ -z "${DSAI_BIN:-}" ]; then
	DSAI_BIN=$tmp/dsai
	CGO_ENABLED=0 go build -o "$DSAI_BIN" ./cmd/dsai
fi
CGO_ENABLED=0 go build -o "$tmp/kill" ./test/kill
kills=${1:-40}
[ $# -eq 0 ] || shift
"$tmp/kill" -kills "$kills" -bin "$DSAI_BIN" "$@"
