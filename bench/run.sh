#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# run.sh measures whole programs: a node under load, the index beside raw bleve,
# the log beside raw Tessera, and the questions of bench/qa. About half an hour.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory build
for each in "answers -bin bin/dsai" "retrieve -bin bin/dsai" log "qa -tables"; do
	echo "--- bench/$each"
	# shellcheck disable=SC2086 # the words are a program and its arguments
	go run ./bench/$each
done
