// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/ingest"
)

// many writes a folder of n files of passages sections each; one says how deep the
// well in each file's name is.
func many(t testing.TB, n, passages int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		var b strings.Builder
		fmt.Fprintf(&b, "# Well w%03d\n\nWell w%03d is %d metres deep.\n", i, i, 10+i)
		for j := range passages - 1 {
			fmt.Fprintf(&b, "\n## Visit %d\n\nOn visit %d of w%03d the cover was closed.\n", j, j, i)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("w%03d.md", i)), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestContributeMany adds more than the index takes at once, so that it is filled
// while files are still being read, and looks for what came first and last.
func TestContributeMany(t *testing.T) {
	n, _ := home(t)
	added := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{many(t, 12, 600)}})
	if added.Added != 12 || added.Passages != 12*600 {
		t.Fatalf("added %d documents with %d passages, want 12 with 7200", added.Added, added.Passages)
	}
	for _, i := range []int{0, 11} {
		a := call[node.Asked](t, n, "ask", node.AskArgs{Question: fmt.Sprintf("How many metres deep is well w%03d?", i)})
		if want := fmt.Sprintf("%d metres", 10+i); !strings.Contains(a.Answer, want) {
			t.Errorf("ask about w%03d = %q, %+v, want %q in it", i, a.Answer, a.Refusal, want)
		}
	}
}

// TestContributeInterrupted ends an addition after some files: they are kept, and
// adding again reads the rest.
func TestContributeInterrupted(t *testing.T) {
	n, _ := home(t)
	dir := many(t, 5, 2)
	ctx, stop := context.WithCancel(t.Context())
	_, err := n.Contribute(ctx, node.Contribution{Paths: []string{dir}}, func(p any) {
		if p, ok := p.(ingest.Progress); ok && p.Files == 3 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Contribute = %v, want it interrupted", err)
	}
	added := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{dir}})
	if added.Added != 2 || added.Unchanged != 3 || len(added.Documents) != 5 {
		t.Errorf("the second addition added %d and found %d, want 2 and 3", added.Added, added.Unchanged)
	}
}

// TestContributeChanged asks about a document that changed while an addition goes
// on that has stored its new version and fills the index: it answers as it was.
func TestContributeChanged(t *testing.T) {
	n, _ := home(t)
	dir := many(t, 12, 600)
	spring := filepath.Join(dir, "a.md") // read first
	write := func(metres int) {
		text := fmt.Appendf(nil, "# Springs\n\nThe spring is %d metres deep.\n%s", metres, strings.Repeat("\n\n## Cover\n\nThe spring has a cover.\n", 600))
		if err := os.WriteFile(spring, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(3)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{spring}})
	write(4)
	depth := func() string {
		a := call[node.Asked](t, n, "ask", node.AskArgs{Question: "How many metres deep is the spring?"})
		return fmt.Sprint(a.Answer, a.Refusal)
	}
	calls := 0
	_, err := n.Contribute(t.Context(), node.Contribution{Paths: []string{dir}}, func(p any) {
		if p, ok := p.(ingest.Progress); ok && p.Files > 5 {
			calls++
			if got := depth(); !strings.Contains(got, "3 metres") {
				t.Errorf("ask after %d files = %q, want what it was lent as", p.Files, got)
			}
		}
	})
	if err != nil || calls == 0 {
		t.Fatalf("Contribute = %v after %d looks", err, calls)
	}
	if got := depth(); !strings.Contains(got, "4 metres") {
		t.Errorf("ask at the end = %q, want the new version", got)
	}
}

// TestContributeRenamed adds a folder in which a file that was withdrawn took the
// name of one that is lent: it does not come back with it.
func TestContributeRenamed(t *testing.T) {
	n, _ := home(t)
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.md"), filepath.Join(dir, "b.md")
	for path, text := range map[string]string{a: rehydration, b: "# Tanks\n\nThe tanks are cleaned every three months.\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{dir}})
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: a})
	if err := os.Rename(a, b); err != nil {
		t.Fatal(err)
	}
	again := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{dir}})
	if len(again.Documents) != 1 || again.Added != 0 || len(again.Skipped) != 1 || again.Skipped[0].Code != "withdrawn" {
		t.Errorf("add = %+v, want the version that stays, and the file left out as withdrawn", again)
	}
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch}); a.Refusal == nil {
		t.Errorf("ask = %q, want a refusal", a.Answer)
	}
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: "How often are the tanks cleaned?"}); a.Refusal != nil {
		t.Errorf("ask about the version that stays = %+v, want an answer", a.Refusal)
	}
	// Who names the file means it.
	if named := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{b}}); len(named.Documents) != 1 {
		t.Errorf("add of the file itself = %+v, want it lent", named)
	}
}
