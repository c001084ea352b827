// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"slices"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// TestReceiptsPage turns every page of a list of receipts: a requester gets all of
// theirs, however many there are, and the operator those of others too.
func TestReceiptsPage(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	key := call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: "app"})
	who, _, err := n.Authenticate(t.Context(), key.Secret)
	if err != nil {
		t.Fatal(err)
	}
	console := n.Console()
	total, limit := 1003, 100 // beyond what any list once held
	if testing.Short() {
		total, limit = 13, 5
	}
	var theirs, all []dsai.Digest // newest last
	for i := range total {
		by := *who
		if i%10 == 3 {
			by = console
		}
		r, err := n.Ask(t.Context(), &pipeline.Request{Question: "nonsense", Requester: by}, func(pipeline.Piece) error { return nil })
		if r == nil {
			t.Fatal(err)
		}
		all = append(all, r.Digest)
		if i%10 != 3 {
			theirs = append(theirs, r.Digest)
		}
	}
	for _, tc := range []struct {
		name string
		who  *pipeline.Requester
		want []dsai.Digest
	}{{"key", who, theirs}, {"operator", &console, all}} {
		var got []dsai.Digest
		for p := (view.Page{Limit: limit}); ; p.After = got[len(got)-1].String() {
			rows, err := n.ReceiptsFor(t.Context(), tc.who, p)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) == 0 {
				break
			}
			for _, r := range rows {
				got = append(got, r.Digest)
			}
		}
		slices.Reverse(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: pages list %d receipts, want %d and in this order", tc.name, len(got), len(tc.want))
		}
	}
	// A place in a list of others is none.
	for _, after := range []string{all[3].String(), dsai.Hash("x").String(), "nonsense"} {
		if rows, err := n.ReceiptsFor(t.Context(), who, view.Page{After: after}); err != nil || len(rows) != 0 {
			t.Errorf("receipts after %.8s = %d, %v, want none", after, len(rows), err)
		}
	}
}
