// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// fake is a node of two keys, one document and one model. Ask is what answers.
type fake struct {
	ask    func(ctx context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error)
	limits api.Limits
}

func (f *fake) Ask(ctx context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
	return f.ask(ctx, r, emit)
}

func (f *fake) Authenticate(_ context.Context, secret string) (*pipeline.Requester, api.Limits, error) {
	if secret != "key" && secret != "entitled" {
		return nil, api.Limits{}, fmt.Errorf("authenticate: %w", view.ErrUnauthorized)
	}
	who := &pipeline.Requester{Entitled: secret == "entitled", Subject: dsai.Undertaking{Requester: dsai.Hash(secret)}}
	return who, f.limits, nil
}

func (f *fake) Documents(context.Context, *pipeline.Requester, view.Page) ([]view.Document, error) {
	return []view.Document{{Title: "Hand washing"}, {Title: "Cold chain"}}, nil
}

func (f *fake) Consents(context.Context, *pipeline.Requester, view.Page) ([]view.Consent, error) {
	return nil, nil
}

func (f *fake) Uses(context.Context, *pipeline.Requester, view.UseFilter, view.Page) ([]view.Use, error) {
	return nil, nil
}

func (f *fake) Models(context.Context) ([]view.Model, error) {
	return []view.Model{{ModelRef: dsai.ModelRef{ID: "dsai-extract-1", Class: dsai.EngineExtract}, Assurance: dsai.Replayable, Loopback: true, Default: true, Added: 1763000000},
		{ModelRef: dsai.ModelRef{ID: "gone", Class: dsai.EngineInfer}, Assurance: dsai.Replayable, Loopback: true, File: &view.ModelFile{Problem: "no such file"}}}, nil
}

func (f *fake) Status(context.Context) (*view.Status, error) {
	return &view.Status{Coop: "Clinic"}, nil
}

func (f *fake) Receipts(context.Context, *pipeline.Requester, view.Page) ([]view.Receipt, error) {
	return nil, nil
}

func (f *fake) Bundle(_ context.Context, _ *pipeline.Requester, ref string, redact []string) ([]byte, error) {
	if ref != "last" {
		return nil, fmt.Errorf("bundle %s: %w", ref, view.ErrNotFound)
	}
	return fmt.Appendf(nil, `{"redact":%d}`, len(redact)), nil
}

func (f *fake) SubmitConsent(_ context.Context, raw []byte) (dsai.Digest, error) {
	return dsai.Hash("test", raw), invalid(raw)
}

// SubmitRevocation takes "signed" as signed by one member, and "signed by NAME".
func (f *fake) SubmitRevocation(_ context.Context, raw []byte, admit func(dsai.MemberID) error) ([]byte, error) {
	who, ok := strings.CutPrefix(string(raw), "signed")
	if !ok {
		return nil, invalid(raw)
	}
	return []byte(`{"type":"WithdrawalReceipt"}`), admit(dsai.MemberID{Digest: dsai.Hash(who)})
}

func invalid(raw []byte) error {
	if string(raw) != "signed" {
		return fmt.Errorf("%w: the signature does not verify", view.ErrInvalid)
	}
	return nil
}

// engine stands for the engine of a plan.
type engine struct{ pipeline.Engine }

func (engine) Assurance() dsai.Assurance { return dsai.Replayable }

// answered is the receipt of an answer that quoted one sentence.
func answered(text string, ended dsai.Ended) *pipeline.Receipt {
	p := pipeline.Passage{Name: "Ama", Body: dsai.PassageBody{Title: "Hand washing", Heading: []string{"Soap"}, Text: "Wash hands."}}
	clear := &pipeline.Clearance{Subject: dsai.Clearance{Purpose: "https://w3id.org/dpv#SearchFunctionalities"}}
	return &pipeline.Receipt{Digest: dsai.Hash("receipt"), Output: &pipeline.Output{
		Plan: &pipeline.Plan{Engine: engine{}, Evidence: &pipeline.Evidence{Clearance: clear, Passages: []pipeline.Passage{p}}},
		Text: pipeline.Text(text), Quotes: []dsai.Quote{{N: 1, Start: 0, End: 11}}, Tokens: dsai.Tokens{Prompt: 3, Completion: 4, Unit: "word"},
		NoEffect: []string{"seed"}, Ended: ended,
	}}
}

// script answers by the words of the question, as the text scripts need.
func script(_ context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
	no := func(c dsai.Code) (*pipeline.Receipt, error) {
		return &pipeline.Receipt{Digest: dsai.Hash("receipt")},
			&dsai.Refusal{Code: c, Reason: "a reason", Rule: "rule-1", Detail: dsai.RefusalDetail{Missing: []string{"tigers"}}}
	}
	switch q := string(r.Question); q {
	case "nothing":
		return no(dsai.CodeNoGrant)
	case "broken":
		return nil, errors.New("store: disk is full of secrets")
	case "panic":
		panic("secret question")
	case "refused":
		return no(dsai.CodePolicyDenied)
	case "purpose":
		return no(dsai.CodePurposeMissing)
	case "silent upstream":
		return answered("", dsai.EndedDegraded), nil
	case "revoked", "broken midway", "panic midway":
		if err := emit(pipeline.Piece{Text: "Wash hands [1]."}); err != nil {
			return nil, err
		}
		switch q {
		case "broken midway":
			return nil, errors.New("store: disk is full of secrets")
		case "panic midway":
			panic("secret question")
		}
		return answered("Wash hands [1].", dsai.EndedRevoked), nil
	}
	for _, text := range []string{"Wash ", "hands [1]. ![x](http://evil.example/p.png)"} {
		if err := emit(pipeline.Piece{Text: text}); err != nil {
			return nil, err
		}
	}
	return answered("Wash hands [1].", dsai.EndedComplete), nil
}

// server builds a server around the fake; change may alter its configuration.
func server(t testing.TB, f *fake, change func(*api.Config)) *api.Server {
	t.Helper()
	if f.ask == nil {
		f.ask = script
	}
	c := api.Config{
		Asker: f, Keys: f, Library: f, Receipts: f, Credentials: f,
		Purpose: func(s string) string { return s },
		Pages:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "page") }),
		Log:     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "tile") }),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "metric 1") }),
		Now:     func() time.Time { return time.Unix(1764000000, 0) },
	}
	if change != nil {
		change(&c)
	}
	s, err := api.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return s
}
