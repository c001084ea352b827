// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// opened returns the openings that a receipt still has.
func opened(t testing.TB, n *node.Node, rec *pipeline.Receipt) dsai.Openings {
	t.Helper()
	var b dsai.Bundle
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: rec.Digest.String()})
	if err := json.Unmarshal(raw, &b); err != nil || b.Openings == nil {
		t.Fatalf("bundle has openings %v, %v, want some", b.Openings, err)
	}
	return *b.Openings
}

// wantWithheld wants a receipt that holds, of whose answer nothing is left.
func wantWithheld(t testing.TB, n *node.Node, rec *pipeline.Receipt, model string) {
	t.Helper()
	o := opened(t, n, rec)
	if o.Response != nil || o.Trace != nil || len(o.Passages) != 0 || o.Prompt == nil || o.Quotes == nil || o.Excluded == nil {
		t.Errorf("openings after docs.forget = %+v, want the question, spans and counts alone", o)
	}
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: rec.Digest.String()})
	res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: node.Replayer{Model: model}})
	if err != nil || !res.OK || res.Replayed {
		t.Errorf("verify = %+v, %v, want ok, and not replayed", res, err)
	}
	for _, c := range res.Checks {
		if c.Name == "replay" && !strings.Contains(c.Reason, verify.ErrWithheld.Error()) {
			t.Errorf("verify says of the replay %q, want that openings are withheld", c.Reason)
		}
	}
	rs := call[[]view.Receipt](t, n, "receipts", node.ListArgs{Limit: 10})
	if len(rs) != 1 || rs[0].Digest != rec.Digest || rs[0].Question == "" {
		t.Errorf("receipts = %+v, want the one with its question", rs)
	}
}

// A model's trace is its answer in tokens: it goes with the answer.
func TestForgetModelAnswer(t *testing.T) {
	n, _ := home(t)
	doc, _ := lend(t, n, node.Contribution{}, rehydration)
	path := speaker(t, n, 8192)
	rec := askModel(t, n, pipeline.Sampling{MaxTokens: 40}, ignore)
	if tr, err := infer.ParseTrace([]byte(opened(t, n, rec).Trace.Text)); err != nil || len(tr.Tokens) == 0 {
		t.Fatalf("trace has %d tokens, %v, want some", len(tr.Tokens), err)
	}
	call[json.RawMessage](t, n, "docs.forget", node.Ref{Ref: doc.ID.String()})
	wantWithheld(t, n, rec, path)
	fsck(t, n)
}

// A document can be forgotten while an answer from it is being given.
func TestForgetDuringAnswer(t *testing.T) {
	n, _ := home(t)
	doc, _ := lend(t, n, node.Contribution{}, rehydration)
	n.SetEngine(func(ctx context.Context, e *pipeline.Evidence, emit emitter) (*pipeline.Output, error) {
		out, err := n.Quoting().Answer(ctx, e, emit)
		call[json.RawMessage](t, n, "docs.forget", node.Ref{Ref: doc.ID.String()})
		return out, err
	})
	rec, err := askWith(t, n, howMuch, ignore)
	if err != nil {
		t.Fatal(err)
	}
	wantWithheld(t, n, rec, "")
	for _, u := range call[[]view.Use](t, n, "uses", node.ListArgs{}) {
		if u.Quoted != "" {
			t.Errorf("uses quote %q of what was forgotten", u.Quoted)
		}
	}
	fsck(t, n)
}
