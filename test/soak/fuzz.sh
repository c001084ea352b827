#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# fuzz.sh runs each fuzz target for SOAK_FUZZTIME seconds; see README.md here.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

FUZZ_EACH=${SOAK_FUZZTIME:-180} FUZZ_SEED='' test/ci/check.sh fuzz
echo "soak: fuzz: $(date -u +%F): every target${FUZZ_ONLY:+ that matches $FUZZ_ONLY} for ${SOAK_FUZZTIME:-180} s, no failing input"
