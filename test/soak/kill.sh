#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# kill.sh ends SOAK_KILLS processes; see README.md here and test/kill.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

args=(-homes "${SOAK_HOMES:-8}")
[ -z "${SOAK_KILL_FOR:-}" ] || args+=(-for "$SOAK_KILL_FOR")
test/kill/run.sh "${SOAK_KILLS:-10000}" "${args[@]}" 2>&1 | sed -u 's/^kill: \(20..-..-..: \)/soak: kill: \1/'
