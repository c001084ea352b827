// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"testing"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/view"
)

// TestAddedAgainAsSensitive adds a file again, with and without saying that it is
// sensitive: it becomes so when somebody says it, and ceases to be only when
// somebody says that.
func TestAddedAgainAsSensitive(t *testing.T) {
	n, _ := home(t)
	doc := write(t, "oral.md", rehydration)
	add := func(c node.Contribution) node.Contributed {
		t.Helper()
		c.Paths = []string{doc}
		return call[node.Contributed](t, n, "add", c)
	}
	want := func(sensitive bool, when string) {
		t.Helper()
		ds := call[[]view.Document](t, n, "docs.list", nil)
		if len(ds) != 1 || ds[0].Sensitive != sensitive {
			t.Errorf("%s: documents = %+v, want one whose sensitive is %v", when, ds, sensitive)
		}
	}
	ceases := func(c node.Contributed, signed bool, when string) {
		t.Helper()
		said := false
		for _, change := range c.Changes {
			for _, term := range change.Terms {
				said = said || term == node.TermChange{Name: "sensitive", Old: "yes", New: "no", Wider: true}
			}
		}
		if !said || c.Asks == signed || c.Consent.IsZero() == signed {
			t.Errorf("%s: add = %+v, want that it ceases to be sensitive said, signed %v", when, c, signed)
		}
	}
	add(node.Contribution{})
	want(false, "added")
	first := add(node.Contribution{Sensitive: true})
	want(true, "added again as sensitive")
	if kept := add(node.Contribution{Keep: true}); kept.Consent != first.Consent {
		t.Errorf("adding again without terms: consent %s, want %s", kept.Consent, first.Consent)
	}
	want(true, "added again without terms")
	ceases(add(node.Contribution{For: []string{"care"}, Ask: true}), false, "asked for other terms")
	want(true, "asked for other terms")
	ceases(add(node.Contribution{For: []string{"care"}}), true, "other terms")
	want(false, "other terms")

	// Lent no more, it is as sensitive as it was last.
	add(node.Contribution{Sensitive: true})
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	want(true, "withdrawn")
	ceases(add(node.Contribution{Keep: true, Ask: true}), false, "lent again after a withdrawal")
}

// TestRequestedAgainAsSensitive has a member who signs elsewhere asked again for
// a document that waits for a signature.
func TestRequestedAgainAsSensitive(t *testing.T) {
	n, _ := home(t)
	d := newDevice(t)
	call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: "Mateo", Inception: d.file.Inception})
	doc := write(t, "oral.md", rehydration)
	for i, c := range []node.Contribution{{Keep: true}, {Sensitive: true}, {Keep: true}} {
		c.Paths = []string{doc}
		r := call[node.RequestResult](t, n, "consent.request", node.RequestArgs{Contribution: c, To: "Mateo"}).Request
		ds := call[[]view.Document](t, n, "docs.list", nil)
		sensitive := r.Subject.MaxStatusAge <= consent.Sensitive.MaxStatusAge
		if want := i > 0; len(ds) != 1 || ds[0].Sensitive != want || sensitive != want {
			t.Errorf("request %d: the consent is sensitive %v, documents = %+v, want sensitive %v", i+1, sensitive, ds, want)
		}
	}
}
