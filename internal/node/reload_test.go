// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"dsai.example/dsai/internal/node"
)

// TestReloadBesideContribution: the library is read again, table by table, while
// contributions are stored. A document that comes in between is not there yet,
// and no reason to fail: whoever stored it reads the library once more.
func TestReloadBesideContribution(t *testing.T) {
	n, _ := home(t)
	dir := t.TempDir()
	var wg sync.WaitGroup
	stored := make(chan bool)
	wg.Go(func() {
		defer close(stored)
		for i := range 40 {
			p := filepath.Join(dir, fmt.Sprintf("%d.md", i))
			if err := os.WriteFile(p, fmt.Appendf(nil, "# Pump %d\n\nThe valve of pump %d opens by %d turns.\n", i, i, i), 0o600); err != nil {
				t.Error(err)
				return
			}
			if err := n.Methods().Call(t.Context(), "add", node.Contribution{Paths: []string{p}}, nil, nil); err != nil {
				t.Errorf("add: %v", err)
			}
		}
	})
	for i, done := 0, false; !done; i++ {
		if err := n.Reload(t.Context()); err != nil {
			t.Fatalf("reload %d: %v", i, err)
		}
		select {
		case <-stored:
			done = true
		default:
		}
	}
	wg.Wait()
	if ds, err := n.Documents(t.Context()); err != nil || len(ds) != 40 {
		t.Errorf("Documents = %d, %v, want 40", len(ds), err)
	}
}
