// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"os"
	"path/filepath"
	"testing"

	"dsai.example/dsai/internal/verifiable/tlog"
)

// TestExportFixture writes a log, its key, a leaf and its proof into the empty
// directory DSAI_LOG_FIXTURE, for the verifiers in test/torchwood that nobody here
// wrote. Bundles and tiles of it are full and partial on two levels.
func TestExportFixture(t *testing.T) {
	dir := os.Getenv("DSAI_LOG_FIXTURE")
	if dir == "" {
		t.Skip("DSAI_LOG_FIXTURE names no directory to export to")
	}
	o := &memOutbox{}
	cfg := config(t, o)
	cfg.Dir = filepath.Join(dir, "log")
	l, stop := start(t, tlog.Create, cfg)
	leaves := leafs("fixture", 1000)
	fill(t, l, o, leaves...)
	const index = 777
	proof, err := l.Prove(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	plant(t, dir, "vkey", []byte(l.VerifierKey()))
	plant(t, dir, "proof", proof)
	plant(t, dir, "leaf", leaves[index])
}
