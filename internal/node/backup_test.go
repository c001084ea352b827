// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// TestBackupOfBusyLog backs up while receipts wait for the log, and while more of
// them come: all that the backup holds verify after a restore, under the log that
// they name.
func TestBackupOfBusyLog(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	ask := func() {
		t.Helper()
		if _, err := askWith(t, n, howMuch, ignore); err != nil {
			t.Fatal(err)
		}
	}
	var release func()
	for { // until a receipt is acknowledged and not in the log by the database
		ask()
		release = n.HoldStore(t.Context())
		if k, err := n.Pending(t.Context()); err != nil {
			t.Fatal(err)
		} else if k > 0 {
			break
		}
		release()
	}
	kept := len(call[[]view.Receipt](t, n, "receipts", node.ListArgs{Limit: 1000}))
	archive := filepath.Join(t.TempDir(), "backup")
	if err := n.BackUpWhile(t.Context(), archive, func() { release(); ask() }); err != nil {
		t.Fatal(err)
	}
	trust := n.Trust()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}

	said := ""
	cfg := node.Config{Home: node.Home(filepath.Join(t.TempDir(), "restored")), Say: func(line string) { said += line }}
	if err := node.Restore(t.Context(), archive, cfg); err != nil || said != "" {
		t.Fatalf("Restore = %v, and says %q, want nothing", err, said)
	}
	n = reopen(t, cfg)
	rs := call[[]view.Receipt](t, n, "receipts", node.ListArgs{Limit: 1000})
	if len(rs) != kept {
		t.Errorf("%d receipts are restored, want %d", len(rs), kept)
	}
	for _, r := range rs {
		raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: r.Digest.String()})
		if res, err := verify.Bundle(raw, verify.Options{Trust: trust, Replayer: node.Replayer{}}); err != nil || !res.OK || !res.Replayed {
			t.Errorf("verify of a restored receipt = %+v, %v, want ok and replayed", res, err)
		}
	}
	fsck(t, n)
	ask()
	fsck(t, n)
}
