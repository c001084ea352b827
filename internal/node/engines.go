// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/resilience/upstream"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/answer"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/verifiable/retrieve"
)

// ErrNoModel reports a model that this node does not offer.
var ErrNoModel = pipeline.ErrNoModel

// openEngines makes the engines: extract, and the servers and files that the
// operator added. The caller holds offering, or nobody else uses the node yet.
func (n *Node) openEngines(ctx context.Context) error {
	models, err := n.db.Models(ctx)
	if err != nil {
		return err
	}
	if n.modelsRead != nil {
		n.modelsRead()
	}
	engines := map[string]pipeline.Engine{extract.ModelID: quoting{n}}
	shared := map[string]bool{}
	files := map[string]*modelFile{}
	n.mu.RLock()
	before := n.files
	n.mu.RUnlock()
	for _, m := range models {
		if fingerprint, ok := fileModel(m); ok {
			f := before[m.Name]
			if f == nil || f.row != m || f.problem != nil {
				f = n.openModelFile(m, fingerprint)
			}
			engines[m.Name], files[m.Name] = f, f
			continue
		}
		e, err := n.newUpstream(m)
		if err != nil {
			return err
		}
		engines[m.Name] = e
		shared[m.Name] = !upstream.Loopback(m.URL)
	}
	n.mu.Lock()
	n.engines, n.shared, n.files = engines, shared, files
	n.mu.Unlock()
	for name, f := range before {
		if files[name] != f {
			f.remove()
		}
	}
	return nil
}

func (n *Node) newUpstream(m store.Model) (*upstream.Engine, error) {
	return upstream.New(upstream.Config{
		ID: m.Name, URL: m.URL, Model: m.Remote, Prompt: answer.Prompt, Logger: n.slog,
		Marker: func(ps []dsai.PassageBody) pipeline.Marker { return answer.NewMarker(ps) },
	})
}

// engine returns an engine by model id; "" is the default.
func (n *Node) engine(id string) (pipeline.Engine, error) {
	if id == "" {
		id = extract.ModelID
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	e, ok := n.engines[id]
	if !ok {
		return nil, fmt.Errorf("model %.80q: %w", id, ErrNoModel)
	}
	return e, nil
}

// engineFor returns the engine that serves a request: a search by the quoting
// engine lists what was found and answers nothing.
func (n *Node) engineFor(r *pipeline.Request) (pipeline.Engine, error) {
	e, err := n.engine(r.Model)
	if q, ok := e.(quoting); ok && r.Search {
		return listing{q}, nil
	}
	return e, err
}

// sharing reports whether an engine is beyond this machine, so that using it
// shares passages with a third party.
func (n *Node) sharing(e pipeline.Engine) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.shared[e.Model().ID]
}

// quoting is the engine dsai-extract-1.
type quoting struct{ n *Node }

// quotingModel is what receipts say of it.
var quotingModel = dsai.ModelRef{
	ID: extract.ModelID, Class: dsai.EngineExtract, Fingerprint: dsai.Hash("engine", []byte(extract.ModelID)),
	Engine: extract.Version, Profile: "integer",
}

// Model implements pipeline.Engine.
func (quoting) Model() dsai.ModelRef { return quotingModel }

// Assurance implements pipeline.Engine.
func (quoting) Assurance() dsai.Assurance { return dsai.Replayable }

// Answer implements pipeline.Engine.
func (q quoting) Answer(_ context.Context, e *pipeline.Evidence, emit func(pipeline.Piece) error) (*pipeline.Output, error) {
	for {
		a, err := extract.Run(retrieve.Lexicon{}, q.input(e))
		if err != nil {
			return nil, refusedWith(err, e)
		}
		if dropped := dropOverQuoted(e, a.Quotes); dropped {
			if len(e.Passages) == 0 {
				return nil, overQuoted(e)
			}
			continue // answer from the rest
		}
		return q.output(e, a, emit)
	}
}

// input is what the engine is given, which a replay has again.
func (q quoting) input(e *pipeline.Evidence) extract.Input {
	in := extract.Input{
		Question: string(e.Clearance.Request.Question), Fields: e.Ranking.Statistics().Fields, DF: e.Ranking.DF,
		// The policy can raise what the engine asks for, never lower it.
		Floor: int(q.n.parameters(e.Clearance).EvidenceFloor),
	}
	for _, p := range e.Passages {
		in.Passages = append(in.Passages, extract.Passage{Body: p.Body, Commitment: p.Use.Commitment})
	}
	return in
}

func overQuoted(e *pipeline.Evidence) *dsai.Refusal {
	return &dsai.Refusal{Code: dsai.CodeNoGrant, Reason: "what may be quoted to this requester " + consent.OutputLimit.Words(),
		Detail: dsai.RefusalDetail{Excluded: e.Excluded}}
}

// listing is the quoting engine asked to search: it lists every passage that it is
// given, whatever the evidence.
type listing struct{ quoting }

// Model implements pipeline.Engine: receipts say that it was a search by the
// version, since a replay makes it by other rules.
func (listing) Model() dsai.ModelRef {
	m := quotingModel
	m.Engine = extract.SearchVersion
	return m
}

// Answer implements pipeline.Engine.
func (l listing) Answer(_ context.Context, e *pipeline.Evidence, emit func(pipeline.Piece) error) (*pipeline.Output, error) {
	a, err := extract.List(retrieve.Lexicon{}, l.input(e))
	if err != nil {
		return nil, refusedWith(err, e)
	}
	if dropLast(e, a.Quotes) {
		if len(e.Passages) == 0 {
			return nil, overQuoted(e)
		}
		if a, err = extract.List(retrieve.Lexicon{}, l.input(e)); err != nil {
			return nil, refusedWith(err, e)
		}
	}
	return l.output(e, a, emit)
}

// dropLast removes the passages whose quotes, one each and in their order, go
// beyond what the consent still allows to this requester; those before them stay.
func dropLast(e *pipeline.Evidence, quotes []dsai.Quote) (dropped bool) {
	quoted := map[dsai.DocumentID]int{}
	kept := e.Passages[:0:0]
	for i, p := range e.Passages {
		chars := utf8.RuneCountInString(quoteText(p.Body, quotes[i]))
		if p.QuoteMax >= 0 && quoted[p.Use.Document]+chars > p.QuoteMax {
			withholdQuoted(e, p)
			dropped = true
			continue
		}
		quoted[p.Use.Document] += chars
		kept = append(kept, p)
	}
	e.Passages = kept
	return dropped
}

func (quoting) output(e *pipeline.Evidence, a *extract.Answer, emit func(pipeline.Piece) error) (*pipeline.Output, error) {
	out := &pipeline.Output{
		Text: pipeline.Text(a.Text), Quotes: a.Quotes, Trace: a.Trace.Bytes(), Ended: dsai.EndedComplete, Sampling: extract.Sampling,
		Tokens:   extract.Tokens(retrieve.Lexicon{}, string(e.Clearance.Request.Question), a.Text),
		NoEffect: e.Clearance.Request.Sampling.Set(),
	}
	// The text begins with one line for each quote, in their order.
	for i, line := range strings.SplitAfter(a.Text, "\n") {
		p := pipeline.Piece{Text: line}
		if i < len(a.Quotes) {
			p.Quote = &a.Quotes[i]
		}
		if err := emit(p); err != nil {
			return out, err
		}
	}
	return out, nil
}

// refusedWith adds to an engine's refusal what retrieval left out.
func refusedWith(err error, e *pipeline.Evidence) error {
	if no, ok := errors.AsType[*dsai.Refusal](err); ok {
		no.Rule = e.Clearance.Subject.Rule
		no.Detail.Excluded = e.Excluded
	}
	return err
}

// dropOverQuoted removes passages of which more was quoted than their consent
// still allows to this requester.
func dropOverQuoted(e *pipeline.Evidence, quotes []dsai.Quote) (dropped bool) {
	quoted := map[dsai.DocumentID]int{}
	for _, q := range quotes {
		p := e.Passages[q.N-1]
		quoted[p.Use.Document] += utf8.RuneCountInString(quoteText(p.Body, q))
	}
	kept := e.Passages[:0:0]
	for _, p := range e.Passages {
		if p.QuoteMax >= 0 && quoted[p.Use.Document] > p.QuoteMax {
			withholdQuoted(e, p)
			dropped = true
			continue
		}
		kept = append(kept, p)
	}
	e.Passages = kept
	return dropped
}

// withholdQuoted notes that a passage is left out because of what was quoted of its
// document.
func withholdQuoted(e *pipeline.Evidence, p pipeline.Passage) {
	exclude(&e.Excluded, string(consent.OutputLimit))
	e.Withheld = append(e.Withheld, p.Use.Document)
}
