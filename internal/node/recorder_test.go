// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// A crash after an outcome was acknowledged and before the store took it: a home
// as it was before two questions, with the journal as it was after them. An
// outcome that the store has taken is in the journal too, until that is rewritten.
func TestOutcomesAreRepeated(t *testing.T) {
	n, cfg := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	first := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch}) // what it needs beside is there then
	if err := n.Settle(t.Context(), first.Receipt); err != nil {
		t.Fatal(err)
	}
	before := filepath.Join(t.TempDir(), "home")
	if err := os.CopyFS(before, os.DirFS(string(cfg.Home))); err != nil {
		t.Fatal(err)
	}
	// CopyFS adds permissions that key files must not have.
	if err := filepath.WalkDir(filepath.Join(before, "keys"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(p, 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	answered := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch})
	refused := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch, Purpose: "marketing"})
	journal, err := os.ReadFile(cfg.Home.Opened())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}

	for name, cfg := range map[string]node.Config{
		"the store has taken nothing": {Home: node.Home(before)},
		"the store has taken all":     cfg,
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(cfg.Home.Opened(), journal, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // and once more, to find what is repeated twice
				n := reopen(t, cfg)
				rows := call[[]view.Receipt](t, n, "receipts", node.ListArgs{Limit: 10})
				if len(rows) != 3 || rows[0].Digest != refused.Receipt || rows[1].Digest != answered.Receipt || rows[1].Ended != dsai.EndedComplete {
					t.Fatalf("receipts = %+v, want the refusal and both answers, once each", rows)
				}
				for _, r := range rows {
					raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: r.Digest.String()})
					if res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust()}); err != nil || !res.OK {
						t.Errorf("verify %s = %+v, %v, want ok", r.Digest, res, err)
					}
				}
				if uses := call[[]view.Use](t, n, "uses", node.ListArgs{}); len(uses) != 3 {
					t.Errorf("uses = %+v, want one by each answer and one by the refusal", uses)
				}
				if rep := call[node.FsckReport](t, n, "fsck", nil); !rep.OK {
					t.Errorf("fsck = %+v", rep)
				}
				if err := n.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
