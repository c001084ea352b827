// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// Explained is the life of one answer or refusal, stage by stage.
type Explained struct {
	Receipt  view.Receipt    `json:"receipt"`
	Stages   []ExplainedLine `json:"stages"`
	Passages []ExplainedUse  `json:"passages"`
}

// ExplainedLine is what one stage decided, and on what grounds.
type ExplainedLine struct {
	Stage string `json:"stage"`
	Text  string `json:"text"`
}

// ExplainedUse is one passage that the engine was given.
type ExplainedUse struct {
	N        int         `json:"n"`
	Document string      `json:"document"`
	Title    string      `json:"title"`
	Owner    string      `json:"owner"`
	Passage  int         `json:"passage"`
	Consent  string      `json:"consent"`
	Added    string      `json:"added,omitempty"` // CollectionAddition that joined it to the consent's collection
	Custody  string      `json:"custody"`
	Digest   dsai.Digest `json:"digest"`
	Quoted   bool        `json:"quoted"`
}

func (n *Node) callExplain(ctx context.Context, r Ref, _ func(any)) (_ *Explained, err error) {
	row, err := n.FindReceipt(ctx, r.Ref)
	if err != nil {
		return nil, err
	}
	out := &Explained{Passages: []ExplainedUse{}}
	if out.Receipt, err = n.viewReceipt(ctx, row, n.requesterNames(ctx)); err != nil {
		return nil, err
	}
	var open dsai.Openings
	if row.Openings != nil {
		if err := json.Unmarshal(row.Openings, &open); err != nil {
			return nil, err
		}
	}
	say := func(stage, format string, args ...any) {
		out.Stages = append(out.Stages, ExplainedLine{stage, fmt.Sprintf(format, args...)})
	}
	defer func() { err = errors.Join(err, n.explainObjections(ctx, row.Digest, say)) }()
	if row.Code != "" {
		return out, n.explainRefusal(ctx, row.Digest, open, say)
	}
	s, err := n.openReceipt(ctx, row.Digest)
	if err != nil {
		return nil, err
	}
	sub := s.Subject
	say("clear", "requester %s undertook %s; purpose %s, declared by the %s", out.Receipt.Requester, short(sub.Undertaking), purpose.Label(sub.Purpose), sub.DeclaredBy)
	say("clear", "policy %s allows it by rule %q", short(sub.Policy), sub.Rule)
	say("retrieve", "%d passages used, ranked under statistics %s%s", len(sub.Used), short(sub.Statistics), excludedWords(open.Excluded))
	say("place", "node %s, on its own", short(sub.Node.Digest))
	file := ""
	if sub.Model.Class == dsai.EngineInfer {
		file = " of the file " + short(sub.Model.Fingerprint)
	}
	say("run", "model %s%s (%s), %s; ended %s; %d %ss", sub.Model.ID, file, sub.Model.Engine, sub.Assurance, sub.Ended, sub.Tokens.Completion, sub.Tokens.Unit)
	if slices.Contains(sub.Operations, dsai.OpShare) {
		say("run", "the model server is on another machine: the passages were shared with it, as their consents permit")
	}
	say("issue", "receipt %s, price %s", short(row.Digest), sub.Price)
	n.explainLog(ctx, row.Digest, say)
	quoted := map[int]bool{}
	var quotes []dsai.Quote
	if open.Quotes != nil && json.Unmarshal([]byte(open.Quotes.Text), &quotes) == nil {
		for _, q := range quotes {
			quoted[q.N] = true
		}
	}
	for i, u := range sub.Used {
		out.Passages = append(out.Passages, n.explainUse(i+1, u, quoted[i+1]))
	}
	return out, nil
}

func (n *Node) explainUse(number int, u dsai.Use, quoted bool) ExplainedUse {
	e := ExplainedUse{N: number, Document: shortID("d", u.Document.Digest), Passage: u.Passage, Consent: shortID("c", u.Consent), Digest: u.Commitment, Quoted: quoted}
	if u.Addition != nil {
		e.Added = shortID("a", *u.Addition)
	}
	if d := n.lib.documentByID(u.Document); d != nil {
		e.Title, e.Owner = inert.Line(d.Title), n.memberName(d.Member)
	}
	if g := n.lib.grant(u.Consent); g != nil {
		e.Custody = string(g.Consent.Subject.Capture.Custody)
	}
	return e
}

func (n *Node) explainRefusal(ctx context.Context, d dsai.Digest, open dsai.Openings, say func(string, string, ...any)) error {
	raw, err := n.db.Raw(ctx, d)
	if err != nil {
		return err
	}
	s, err := vc.Open[dsai.RefusalReceipt](raw, dsai.TypeRefusalReceipt)
	if err != nil {
		return err
	}
	sub := s.Subject
	say("clear", "asked for %s under undertaking %s, policy %s%s", shortPurpose(sub.Purpose), short(sub.Undertaking), short(sub.Policy), ruleWords(sub.Rule))
	say("refuse", "%s", sub.Code)
	var detail dsai.RefusalDetail
	if open.Detail != nil && json.Unmarshal([]byte(open.Detail.Text), &detail) == nil {
		say("refuse", "%s", inert.Line(detail.Reason))
		for _, c := range detail.Excluded.Counts {
			say("retrieve", "%d passages held words of the question and were left out: %s%s", c.Count, c.Reason, leftOutWords(c.Reason))
		}
		for _, m := range detail.Missing {
			say("refuse", "missing: %s", inert.Line(shortPurpose(m)))
		}
	}
	n.explainLog(ctx, d, say)
	return nil
}

func (n *Node) explainLog(ctx context.Context, d dsai.Digest, say func(string, string, ...any)) {
	epoch, index, err := n.db.Index(ctx, d)
	switch {
	case err != nil:
		say("append", "not in the outbox: %v", err)
	case index < 0:
		say("append", "promised to the log, not sequenced yet")
	default:
		say("append", "entry %d of log %s, epoch %d; no witnesses yet", index, short(n.id.Digest), epoch)
	}
}

func (n *Node) explainObjections(ctx context.Context, receipt dsai.Digest, say func(string, string, ...any)) error {
	found, err := n.objectionsTo(ctx, receipt)
	for _, o := range found {
		say("object", "%s at %s: %s", o.Words(), o.At, o.Reason)
	}
	return err
}

func short(d dsai.Digest) string { return d.Short() }

func ruleWords(rule string) string {
	if rule == "" {
		return ""
	}
	return ", rule " + rule
}

// leftOutWords says what a reason for leaving passages out means; some are no
// consent's, and speak for themselves.
func leftOutWords(reason string) string {
	r := consent.Reason(reason)
	switch words := r.Words(); {
	case r == noConsent:
		return ", no consent covers them"
	case words != "":
		return ", their consent " + words
	}
	return ""
}

func excludedWords(o *dsai.Opening) string {
	var e dsai.Excluded
	if o == nil || json.Unmarshal([]byte(o.Text), &e) != nil || len(e.Counts) == 0 {
		return ""
	}
	s := "; left out:"
	for _, c := range e.Counts {
		s += fmt.Sprintf(" %d %s", c.Count, c.Reason)
	}
	return s
}
