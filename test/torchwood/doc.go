// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package torchwood checks a log of ours with a verifier that nobody here wrote:
// filippo.io/torchwood, the second implementation of C2SP tlog-tiles and
// tlog-proof. It is a module of its own, so that it cannot import the code that
// it checks and dsai does not depend on it.
//
//	DSAI_LOG_FIXTURE=$(mktemp -d)
//	export DSAI_LOG_FIXTURE
//	go test -count=1 -run TestExportFixture ./internal/verifiable/tlog
//	cd test/torchwood && go test -count=1 .
package torchwood
