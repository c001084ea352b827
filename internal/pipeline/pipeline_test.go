// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
)

// stages is a pipeline whose runner fails with out and err.
type stages struct {
	out      *pipeline.Output
	err      error
	opened   int
	appended []dsai.Ended
}

func (*stages) Clear(_ context.Context, r *pipeline.Request) (*pipeline.Clearance, error) {
	return &pipeline.Clearance{Request: r}, nil
}
func (*stages) Retrieve(_ context.Context, c *pipeline.Clearance) (*pipeline.Evidence, error) {
	return &pipeline.Evidence{Clearance: c}, nil
}
func (*stages) Place(_ context.Context, e *pipeline.Evidence) (*pipeline.Plan, error) {
	return &pipeline.Plan{Evidence: e}, nil
}
func (s *stages) Run(context.Context, *pipeline.Plan, func(pipeline.Piece) error) (*pipeline.Output, error) {
	return s.out, s.err
}
func (*stages) Issue(_ context.Context, o *pipeline.Output) (*pipeline.Receipt, error) {
	return &pipeline.Receipt{Output: o}, nil
}
func (*stages) Refuse(_ context.Context, _ *pipeline.Request, no *dsai.Refusal) (*pipeline.Receipt, error) {
	return &pipeline.Receipt{Refusal: no}, nil
}
func (s *stages) Open(context.Context, *pipeline.Plan) error { s.opened++; return nil }
func (s *stages) Append(_ context.Context, r *pipeline.Receipt) error {
	ended := dsai.Ended("refused")
	if r.Output != nil {
		ended = r.Output.Ended
	}
	s.appended = append(s.appended, ended)
	return nil
}

func TestEveryOpenedPlanEnds(t *testing.T) {
	broken := errors.New("engine broke")
	for _, tt := range []struct {
		name string
		out  *pipeline.Output
		err  error
		want dsai.Ended
	}{
		{"error without output", nil, broken, dsai.EndedCrashed},
		{"error after some text", &pipeline.Output{Text: "some", Ended: dsai.EndedCrashed}, broken, dsai.EndedCrashed},
		{"refusal", nil, &dsai.Refusal{Code: dsai.CodeNoEvidence}, "refused"},
		{"refusal beside an output", &pipeline.Output{Ended: dsai.EndedCrashed}, &dsai.Refusal{Code: dsai.CodeNoEvidence}, "refused"},
		{"complete", &pipeline.Output{Ended: dsai.EndedComplete}, nil, dsai.EndedComplete},
	} {
		s := &stages{out: tt.out, err: tt.err}
		p := pipeline.Pipeline{Gate: s, Retriever: s, Placer: s, Runner: s, Issuer: s, Log: s, Signing: &sync.Mutex{}}
		rec, err := p.Do(t.Context(), &pipeline.Request{}, nil)
		if rec == nil || !errors.Is(err, tt.err) || s.opened != 1 || len(s.appended) != 1 || s.appended[0] != tt.want {
			t.Errorf("%s: Do = %v, %v, appended %q, want a receipt, %v and one %q", tt.name, rec, err, s.appended, tt.err, tt.want)
		}
	}
}
