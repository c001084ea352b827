#!/bin/sh
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# gen.sh rewrites table.go from the vocabulary that the W3C community group
# publishes, which is not part of this repository: without it nothing changes.
set -eu
if [ ! -e "$1" ]; then
	echo "SKIPPED: table.go stays as it is, because the published $(basename "$1") is not beside this checkout"
	exit 0
fi
go run gen.go "$1" >table.go.tmp
mv table.go.tmp table.go
