// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/ui"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// fake is a node with one document and one receipt, whose every text is Text.
type fake struct {
	text      string
	custody   dsai.Custody
	refusal   *dsai.Refusal
	failure   error
	already   bool
	withdrawn int
	spent     bool
	asked     *pipeline.Request
	model     dsai.ModelRef // of the receipt
}

type engine struct{ pipeline.Engine }

func (engine) Assurance() dsai.Assurance { return dsai.Replayable }
func (engine) Model() dsai.ModelRef      { return dsai.ModelRef{ID: "dsai-extract-1"} }

func (f *fake) Ask(_ context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
	f.asked = r
	if f.failure != nil {
		return nil, f.failure
	}
	if f.refusal != nil {
		return &pipeline.Receipt{Digest: dsai.Hash("r")}, f.refusal
	}
	if err := emit(pipeline.Piece{Text: f.text + " [1] [9]"}); err != nil {
		return nil, err
	}
	return &pipeline.Receipt{Digest: dsai.Hash("r"), Output: &pipeline.Output{Plan: &pipeline.Plan{Engine: engine{}}, Ended: dsai.EndedComplete}}, nil
}

func (f *fake) citations(*pipeline.Output) []view.Citation {
	return []view.Citation{{N: 1, Title: f.text, Owner: f.text, Heading: []string{f.text}, Page: 2, Quote: f.text}}
}

func (f *fake) row() view.Document {
	c := &view.Consent{Short: "c-19be", Owner: f.text, Purposes: []string{"answers"}, Denied: []string{"marketing"}, Words: f.text, Custody: f.custody, Until: 1800000000}
	return view.Document{ID: dsai.DocumentID{Digest: dsai.Hash("d")}, Short: "d-3fa1", Title: f.text, Owner: f.text, State: "in use", Consent: c,
		Versions: 1, Passages: 7, Uses: 3, Added: 1763000000, LastUse: 1764000000, Sensitive: true}
}

func (f *fake) Documents(context.Context, *pipeline.Requester, view.Page) ([]view.Document, error) {
	return []view.Document{f.row()}, nil
}

func (f *fake) Document(_ context.Context, _ *pipeline.Requester, ref string) (*view.Document, error) {
	d := f.row()
	if ref != d.ID.String() {
		return nil, fmt.Errorf("document: %w", view.ErrNotFound)
	}
	return &d, nil
}

func (f *fake) Uses(context.Context, *pipeline.Requester, view.UseFilter, view.Page) ([]view.Use, error) {
	return []view.Use{{At: 1764000000, Receipt: dsai.Hash("r"), Short: "r-03fd", Requester: f.text, Purpose: "https://w3id.org/dpv#SearchFunctionalities",
		Title: f.text, Quoted: f.text, Outcome: "answered"}}, nil
}

func (f *fake) Preview(_ context.Context, _ *pipeline.Requester, ref string) (*view.Withdrawal, error) {
	w := &view.Withdrawal{Ref: ref, Consent: *f.row().Consent, Documents: []view.Document{f.row()}, Uses: 3, LastUse: 1764000000, Custody: f.custody}
	if f.already {
		w.Done, w.At, w.Receipt = true, 1764000050, dsai.Hash("before")
	}
	if f.custody == dsai.CustodyDevice {
		w.Command = "dsai consent revoke c-19be"
	}
	return w, nil
}

func (f *fake) Withdraw(ctx context.Context, who *pipeline.Requester, ref string) (*view.Withdrawal, error) {
	f.withdrawn++
	w, err := f.Preview(ctx, who, ref)
	w.Done, w.At, w.Receipt = true, 1764000100, dsai.Hash("w")
	return w, err
}

func (f *fake) Receipts(context.Context, *pipeline.Requester, view.Page) ([]view.Receipt, error) {
	return []view.Receipt{{Digest: dsai.Hash("r"), Short: "r-03fd", At: 1764000000, Question: f.text, Purpose: "https://w3id.org/dpv#SearchFunctionalities",
		Requester: f.text, Model: "dsai-extract-1", Assurance: dsai.Replayable, Ended: dsai.EndedComplete, Passages: 1, Index: 41}}, nil
}

func (f *fake) Bundle(_ context.Context, _ *pipeline.Requester, _ string, redact []string) ([]byte, error) {
	r := dsai.Credential[dsai.InferenceReceipt]{Type: []string{"VerifiableCredential", dsai.TypeInferenceReceipt}, Subject: dsai.InferenceReceipt{
		Purpose: "https://w3id.org/dpv#SearchFunctionalities", Model: f.model, Used: []dsai.Use{{}}, Assurance: dsai.Replayable,
		Ended: dsai.EndedComplete, Started: 1764000000}}
	raw, err := json.Marshal(r)
	b := dsai.Bundle{Format: dsai.BundleFormat, Receipt: raw}
	if redact == nil {
		body := dsai.PassageBody{Title: f.text, Heading: []string{f.text}, Text: f.text}
		b.Openings = &dsai.Openings{Prompt: &dsai.Opening{Text: f.text}, Response: &dsai.Opening{Text: f.text}, Passages: []dsai.PassageOpening{{N: 1, Body: body}}}
	}
	out, err2 := json.Marshal(b)
	if err == nil {
		err = err2
	}
	return out, err
}

func (f *fake) Verify(context.Context, *pipeline.Requester, string) (*verify.Result, error) {
	return &verify.Result{Consistent: true, Anchor: "unknown", Assurance: dsai.Replayable, Checks: []verify.Check{
		{Name: "receipt signature", OK: true, Reason: "by the node's receipt key"},
		{Name: "consent of passage 1", OK: true, Reason: f.text},
		{Name: "anchor", Reason: "no trust file names this co-op"}}}, nil
}

func (f *fake) Redeem(_ context.Context, token string) (string, dsai.Time, error) {
	if token != "once" || f.spent {
		return "", 0, view.ErrUnauthorized
	}
	f.spent = true
	return "session", 1800000000, nil
}

func (f *fake) Session(_ context.Context, s string) (*pipeline.Requester, error) {
	if s != "session" {
		return nil, view.ErrUnauthorized
	}
	return &pipeline.Requester{Entitled: true}, nil
}

func (f *fake) End(context.Context, string) error { return nil }

func pages(t testing.TB, f *fake) *ui.UI {
	t.Helper()
	u, err := ui.New(ui.Config{Asker: f, Library: f, Receipts: f, Sessions: f, Citations: f.citations, Models: f.models, Coop: "Clinic " + f.text,
		Purposes: []ui.Purpose{{Name: "answers", Meaning: "Answer questions", IRI: "iri:answers"}, {Name: "care", Meaning: "Improve care", IRI: "iri:care"}},
		Now:      func() time.Time { return time.Unix(1764000000, 0) }})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return u
}

func (f *fake) models(context.Context) ([]string, error) {
	return []string{"dsai-extract-1", "tiny"}, nil
}
