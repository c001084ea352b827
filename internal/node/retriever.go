// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/retrieve"
)

// defaultPassages is how many passages an engine is given.
const defaultPassages = 8

// retriever implements pipeline.Retriever: the ranking over what the consents
// permit at this moment.
type retriever struct{ n *Node }

// Retrieve implements pipeline.Retriever.
func (t retriever) Retrieve(ctx context.Context, c *pipeline.Clearance) (*pipeline.Evidence, error) {
	n, r := t.n, c.Request
	if err := n.checkClearance(c); err != nil {
		return nil, err
	}
	e, err := n.engineFor(r)
	if err != nil {
		return nil, err
	}
	if err := n.lib.mend(ctx, n.db); err != nil {
		return nil, err
	}
	v, err := n.permitsFor(c, n.sharing(e))
	if err != nil {
		return nil, err
	}
	ranked, err := n.statistics(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	k := r.Passages
	if k <= 0 {
		k = defaultPassages
	}
	res, err := n.ix.Search(ctx, ranked.Epoch, retrieve.Request{Question: string(r.Question), K: k, Permit: func(d uint32) string {
		if _, ok := v.by[int64(d)]; ok {
			return ""
		}
		if reason, ok := v.reasons[int64(d)]; ok {
			return reason
		}
		return string(noConsent) // added after the decision
	}})
	if err != nil {
		return nil, err
	}
	ev := &pipeline.Evidence{
		Clearance: c, Excluded: res.Excluded, Withheld: t.withheld(res), Statistics: ranked.credential, Ranking: ranked.Epoch, Generation: v.generation,
	}
	for _, w := range res.Query.Words {
		for _, x := range w.Terms {
			ev.Terms = append(ev.Terms, pipeline.Term{Field: x.Field, Term: x.Term, Typed: w.Text, DF: x.DF})
		}
	}
	for _, h := range res.Hits {
		if err := t.passage(ctx, ev, v, h); err != nil {
			return nil, err
		}
	}
	if err := t.limit(ctx, ev, v); err != nil {
		return nil, err
	}
	if len(ev.Passages) == 0 {
		return nil, t.nothing(ev, res)
	}
	return ev, nil
}

// passage adds one hit with its text. What changed since the index was read is
// left out: a document that was forgotten, or has another version.
func (t retriever) passage(ctx context.Context, ev *pipeline.Evidence, v *permits, h retrieve.Hit) error {
	n := t.n
	d, p := n.lib.document(int64(h.Document)), v.by[int64(h.Document)]
	if d == nil || p.grant == nil {
		return nil
	}
	row, err := n.db.Passage(ctx, int64(h.ID))
	if isNotFound(err) {
		err = errIndexAhead
	}
	if err != nil {
		return fmt.Errorf("read passage %d: %w", h.ID, err)
	}
	// The store may know of it before the library does, and the other way round.
	if row.Body == nil || d.Secret == nil || row.Version != d.version.Commitment {
		exclude(&ev.Excluded, string(noConsent))
		return nil
	}
	out := pipeline.Passage{
		Salt: passageSalt(d.Secret, d.version.Commitment, row.Index), Score: h.Score, Contributor: d.Member, QuoteMax: -1,
		Use: dsai.Use{
			Document: d.ID, Version: row.Version, Derivation: d.version.Derivation, Passage: row.Index, Commitment: row.Commitment,
			Consent: p.grant.Consent.Digest, Addition: p.addition, Status: v.status.Digest,
		},
	}
	if m := n.lib.member(d.Member); m != nil {
		out.Name = m.Name
	}
	if err := json.Unmarshal(row.Body, &out.Body); err != nil {
		return fmt.Errorf("read passage %d: %w", h.ID, err)
	}
	ev.Passages = append(ev.Passages, out)
	return nil
}

// limit holds back what may be quoted of each document whose consent limits that:
// no more than its passages have. Those of which nothing is left drop out; where an
// engine composes, those that may not be quoted whole do, because nobody can keep it
// from repeating what it was given.
func (t retriever) limit(ctx context.Context, ev *pipeline.Evidence, v *permits) error {
	most := map[dsai.DocumentID]int{}
	for _, p := range ev.Passages {
		most[p.Use.Document] += utf8.RuneCountInString(p.Body.Text)
	}
	left, given := map[dsai.DocumentID]int{}, map[dsai.DocumentID]int{}
	kept := ev.Passages[:0]
	for _, p := range ev.Passages {
		id := p.Use.Document
		g := v.by[t.n.lib.documentByID(id).Num].grant
		if g.Consent.Subject.Output.QuoteMax > 0 {
			if _, taken := left[id]; !taken {
				var err error
				if left[id], _, err = t.n.quota.take(ctx, t.n.db, ev.Clearance.Request, g.Grant, id, most[id]); err != nil {
					return err
				}
			}
			p.QuoteMax = left[id]
			whole := 1
			if composed(ev.Clearance.Model) {
				whole = utf8.RuneCountInString(p.Body.Text)
			}
			if room := left[id] - given[id]; room < whole {
				exclude(&ev.Excluded, string(consent.OutputLimit))
				ev.Withheld = append(ev.Withheld, id)
				continue
			}
			if composed(ev.Clearance.Model) {
				given[id] += whole
			}
		}
		kept = append(kept, p)
	}
	ev.Passages = kept
	return nil
}

// composed reports whether an engine writes sentences of its own.
func composed(m dsai.ModelRef) bool { return m.Class != dsai.EngineExtract }

var errIndexAhead = errors.New("index names a passage without text; run dsai fsck")

// exclude counts one passage more under a reason.
func exclude(e *dsai.Excluded, reason string) {
	for i := range e.Counts {
		if e.Counts[i].Reason == reason {
			e.Counts[i].Count++
			return
		}
	}
	at := 0
	for at < len(e.Counts) && e.Counts[at].Reason < reason {
		at++
	}
	e.Counts = append(e.Counts[:at], append([]dsai.ExcludedCount{{Reason: reason, Count: 1}}, e.Counts[at:]...)...)
}

// nothing refuses for want of evidence, or of a grant when there is evidence
// that nobody lets this requester use.
func (t retriever) nothing(ev *pipeline.Evidence, res *retrieve.Result) *dsai.Refusal {
	no := &dsai.Refusal{Code: dsai.CodeNoEvidence, Reason: "no passage here holds a word of the question", Rule: ev.Clearance.Subject.Rule}
	no.Detail.Excluded = ev.Excluded
	for _, w := range res.Query.Words {
		no.Detail.Missing = append(no.Detail.Missing, w.Text)
	}
	if len(ev.Excluded.Counts) == 0 {
		return no
	}
	no.Code, no.Detail.Missing = dsai.CodeNoGrant, []string{ev.Clearance.Subject.Purpose}
	no.Reason = "passages hold words of the question, and no consent permits this use of them"
	if slices.Contains(ev.Clearance.Operations, dsai.OpShare) {
		no.Reason += ", by a model server on another machine"
	}
	no.Considered = considered(ev)
	return no
}

// withheld names the documents that the question came to and that may not be
// used: those of the withheld passages that score at least half of the best,
// permitted or not. Who holds one of its common words does not see the question.
// There are at most as many as passages were wanted.
func (t retriever) withheld(res *retrieve.Result) []dsai.DocumentID {
	var best int64
	for _, hits := range [][]retrieve.Hit{res.Hits, res.Withheld} {
		if len(hits) > 0 {
			best = max(best, hits[0].Score)
		}
	}
	var out []dsai.DocumentID
	for _, h := range res.Withheld {
		if d := t.n.lib.document(int64(h.Document)); d != nil && 2*h.Score >= best {
			out = append(out, d.ID)
		}
	}
	return out
}

// considered lists what a refused question came to, each document once: those
// whose passages an engine was given, or would have been, then those withheld.
func considered(e *pipeline.Evidence) []dsai.Considered {
	var out []dsai.Considered
	seen := map[dsai.DocumentID]bool{}
	add := func(d dsai.DocumentID, consent dsai.Digest) {
		if !seen[d] {
			seen[d] = true
			out = append(out, dsai.Considered{Document: d, Consent: consent})
		}
	}
	for _, p := range e.Passages {
		add(p.Use.Document, p.Use.Consent)
	}
	for _, d := range e.Withheld {
		add(d, dsai.Digest{})
	}
	return out
}

// permitsFor decides which documents this request may use.
func (n *Node) permitsFor(c *pipeline.Clearance, sharing bool) (*permits, error) {
	r := c.Request
	q := consent.Query{
		At: n.clock.moment(), Purpose: c.Subject.Purpose, Operations: c.Operations, Engine: c.Model.Class, Model: c.Model.Fingerprint,
		Role: r.Requester.Subject.Role, Requester: r.Requester.Subject.ID, Region: n.cfg.Region, Sharing: sharing,
		StatusCeiling: n.parameters(c).MaxStatusAge,
	}
	return n.lib.view(viewKey{
		purpose: q.Purpose, search: r.Search, engine: q.Engine, model: q.Model, role: q.Role, requester: q.Requester, sharing: sharing, ceiling: q.StatusCeiling,
	}, q)
}
