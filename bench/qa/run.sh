#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# run.sh prints, in Markdown, every table of docs/BENCHMARKS.md that is about
# questions: paste it there. A few minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec go run ./bench/qa -tables "$@"
