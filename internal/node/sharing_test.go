// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// elsewhere is a model server that counts as beyond this machine, because its URL
// names no loopback address. Package net dials this machine for 0.0.0.0.
type elsewhere struct {
	*httptest.Server
	url   string
	asked []string // what it was given; one request at a time
}

func newElsewhere(t testing.TB) *elsewhere {
	t.Helper()
	e := &elsewhere{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"far","object":"model"}]}`)
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e.asked = append(e.asked, string(body))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"Mix six level teaspoons of sugar and half a level teaspoon of salt into one litre of clean water [1]."}}]}`)
	})
	e.Server = httptest.NewServer(mux)
	t.Cleanup(e.Close)
	e.url = strings.Replace(e.URL, "127.0.0.1", "0.0.0.0", 1) + "/v1"
	return e
}

// TestSharing asks a server on another machine: without a consent to share, with
// one, and after its withdrawal.
func TestSharing(t *testing.T) {
	n, _ := home(t)
	s := newElsewhere(t)
	if m := call[view.Model](t, n, "model.add", node.ModelArgs{Name: "far", URL: s.url}); m.Loopback {
		t.Fatalf("%s counts as this machine", s.url)
	}
	doc := write(t, "oral.md", rehydration)
	ask := func() node.Asked {
		t.Helper()
		return call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch, Model: "far"})
	}
	verified := func() *verify.Result {
		t.Helper()
		res, err := verify.Bundle(call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"}), verify.Options{Trust: n.Trust()})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}

	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}})
	a := ask()
	if a.Refusal == nil || a.Refusal.Code != dsai.CodeNoGrant || !strings.Contains(a.Refusal.Reason, "another machine") || len(s.asked) > 0 {
		t.Fatalf("ask without a consent to share = %+v after %d requests, want %s and none", a.Refusal, len(s.asked), dsai.CodeNoGrant)
	}
	if res := verified(); !res.OK {
		t.Errorf("verify the refusal = %+v, want ok", res)
	}

	asks := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, Share: true, Ask: true})
	if !asks.Asks || !strings.Contains(asks.Words, "Shared:") || !slices.ContainsFunc(asks.Changes, func(c node.TermsChanged) bool {
		return slices.Contains(c.Terms, node.TermChange{Name: "shared", Old: "no", New: "yes", Wider: true})
	}) {
		t.Errorf("add to share, asking first = %+v, want words and a wider term", asks)
	}
	if a := ask(); a.Refusal == nil {
		t.Fatal("a consent that nobody said yes to is in force")
	}
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, Share: true})
	a = ask()
	if a.Refusal != nil || len(a.Citations) == 0 || len(s.asked) != 1 || !strings.Contains(s.asked[0], "six level teaspoons") {
		t.Fatalf("ask with a consent to share = %+v after %d requests, want an answer", a, len(s.asked))
	}
	if res := verified(); !res.OK {
		t.Errorf("verify the answer = %+v, want ok", res)
	}
	told := call[node.Explained](t, n, "explain", node.Ref{Ref: "last"})
	if !slices.ContainsFunc(told.Stages, func(l node.ExplainedLine) bool { return strings.Contains(l.Text, "shared with it") }) {
		t.Errorf("explain = %+v, want that passages were shared", told.Stages)
	}

	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: "oral.md"})
	if a := ask(); a.Refusal == nil || a.Refusal.Code != dsai.CodeNoGrant || len(s.asked) != 1 {
		t.Errorf("ask after the withdrawal = %+v after %d requests, want %s", a.Refusal, len(s.asked), dsai.CodeNoGrant)
	}
}

// TestSharingCollection has a collection shared as a whole, and no document join
// one under other terms.
func TestSharingCollection(t *testing.T) {
	n, _ := home(t)
	s := newElsewhere(t)
	call[view.Model](t, n, "model.add", node.ModelArgs{Name: "far", URL: s.url})
	doc := write(t, "oral.md", rehydration)
	c := node.Contribution{Paths: []string{doc}, Collection: "far", Share: true, Ask: true}
	if out := call[node.Contributed](t, n, "add", c); !out.Asks {
		t.Fatalf("a first shared collection = %+v, want a question", out)
	}
	c.Ask = false
	call[node.Contributed](t, n, "add", c)
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch, Model: "far"}); a.Refusal != nil {
		t.Errorf("ask of a shared collection = %+v, want an answer", a.Refusal)
	}
	// What was agreed to when the collection began is not asked again.
	c.Ask, c.Paths = true, []string{write(t, "more.md", "Boil the water for a minute before the salt goes in.")}
	if out := call[node.Contributed](t, n, "add", c); out.Asks || out.Joined != 1 {
		t.Errorf("joining a shared collection = %+v, want one more and no question", out)
	}
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, Collection: "near"})
	err := n.Methods().Call(t.Context(), "add", node.Contribution{Paths: []string{doc}, Collection: "near", Share: true}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "other terms") {
		t.Errorf("add to a collection that is not shared, to share = %v, want other terms", err)
	}
}

// TestAsksFirst has a person asked before terms are agreed to that permit more than
// the purposes named in them say, also on a first contribution.
func TestAsksFirst(t *testing.T) {
	n, _ := home(t)
	for _, tc := range []struct {
		name string
		c    node.Contribution
		want bool
	}{
		{"plain.md", node.Contribution{}, false},
		{"care.md", node.Contribution{For: []string{"answers", "care"}, Sensitive: true}, false},
		{"marketing.md", node.Contribution{For: []string{"marketing"}}, true},
		{"shared.md", node.Contribution{Share: true}, true},
		{"agreed.md", node.Contribution{Share: true, Agreed: true}, false},
	} {
		tc.c.Paths, tc.c.Ask = []string{write(t, tc.name, rehydration+tc.name)}, true
		out := call[node.Contributed](t, n, "add", tc.c)
		if out.Asks != tc.want || out.Consent.IsZero() != tc.want || out.Words == "" {
			t.Errorf("add %s = asks %v, consent %s, words %q, want asks %v", tc.name, out.Asks, out.Short, out.Words, tc.want)
		}
	}
}
