// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/verify"
)

// home founds a co-op in a temporary folder and opens it.
func home(t testing.TB) (*node.Node, node.Config) {
	t.Helper()
	cfg := node.Config{Home: node.Home(filepath.Join(t.TempDir(), "home"))}
	if err := node.Found(t.Context(), cfg.Home, node.FoundOptions{Coop: "Test", Member: "Amina", Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	return reopen(t, cfg), cfg
}

func reopen(t testing.TB, cfg node.Config) *node.Node {
	t.Helper()
	n, err := node.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func call[R any](t testing.TB, n *node.Node, method string, params any) R {
	t.Helper()
	var r R
	if err := n.Methods().Call(t.Context(), method, params, nil, &r); err != nil {
		t.Fatalf("%s(%+v): %v", method, params, err)
	}
	return r
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

const rehydration = `# Oral rehydration

Mix six level teaspoons of sugar and half a level teaspoon of salt into one litre of clean water.
Give small sips every few minutes. Throw away what is left after 24 hours.
`

func TestMainJob(t *testing.T) {
	n, cfg := home(t)
	doc := write(t, "oral.md", rehydration)
	added := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, Never: []string{"marketing"}})
	if len(added.Documents) != 1 || added.Consent.IsZero() {
		t.Fatalf("add = %+v, want one document under a consent", added)
	}
	q := "How much sugar and salt for one litre of clean water?"
	asked := call[node.Asked](t, n, "ask", node.AskArgs{Question: q})
	if asked.Refusal != nil || !strings.Contains(asked.Answer, "six level teaspoons") || len(asked.Citations) == 0 {
		t.Fatalf("ask = %+v, want a cited answer", fmt.Sprintf("%+v", asked.Refusal))
	}
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
	res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: node.Replayer{}})
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK || !res.Replayed || res.Anchor != verify.AnchorPinned {
		t.Errorf("verify = %+v, want ok, replayed and pinned", res)
	}
	no := call[node.Asked](t, n, "ask", node.AskArgs{Question: q, Purpose: "marketing"})
	if no.Refusal == nil || no.Refusal.Code != dsai.CodeNoGrant {
		t.Errorf("ask for marketing = %+v, want %s", no.Refusal, dsai.CodeNoGrant)
	}
	raw = call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
	if res, err = verify.Bundle(raw, verify.Options{Trust: n.Trust()}); err != nil || !res.OK {
		t.Errorf("verify refusal = %+v, %v, want ok", res, err)
	}
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: "oral.md"})
	gone := call[node.Asked](t, n, "ask", node.AskArgs{Question: q})
	if gone.Refusal == nil || gone.Refusal.Code != dsai.CodeNoGrant {
		t.Errorf("ask after withdrawal = %+v, want %s", gone, dsai.CodeNoGrant)
	}
	rep := call[node.FsckReport](t, n, "fsck", nil)
	if !rep.OK {
		t.Errorf("fsck = %+v, want ok", rep)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	if gone := call[node.Asked](t, n, "ask", node.AskArgs{Question: q}); gone.Refusal == nil {
		t.Errorf("ask after restart = %+v, want a refusal", gone)
	}
}
