// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
)

// What root makes in the home of a service, which has a user of its own, that
// user may not be able to read.
func TestRootLeavesAHomeOfAnotherUserAlone(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: needs root, for only root may open such a home at all")
	}
	cfg := node.Config{Home: node.Home(filepath.Join(t.TempDir(), "home"))}
	if err := node.Found(t.Context(), cfg.Home, node.FoundOptions{Coop: "Test", Member: "Amina", Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	format := filepath.Join(string(cfg.Home), "format")
	if err := os.Chown(format, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), cfg)
	if !errors.Is(err, node.ErrForeign) {
		t.Fatalf("Open of another user's home = %v, %v, want %v", n, err, node.ErrForeign)
	}
	if e := node.Describe(err); e.Kind != control.Usage || e.Hint == "" {
		t.Errorf("Describe(%v) = %+v, want a hint", err, e)
	}
	if err := os.Chown(format, 0, 0); err != nil {
		t.Fatal(err)
	}
	if n, err = node.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}
