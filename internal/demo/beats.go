// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// beats are the play, in order. Each rests on those before it.
var beats = []struct {
	name string
	play func(*play, context.Context, *Step) error
}{
	{"lend", (*play).lend},
	{"ask", (*play).ask},
	{"verify", (*play).verify},
	{"forge", (*play).forge},
	{"refuse", (*play).refuse},
	{"withdraw", (*play).withdraw},
	{"uses", (*play).uses},
}

// play is what the beats hand on.
type play struct {
	n      *node.Node
	lib    *library
	dir    string
	report Report

	trust  *dsai.Trust
	main   view.Document // what the question is about
	answer []byte        // bundle of the first answer
	gone   dsai.Time     // when main was withdrawn
}

// lend has every contributor lend a folder, sensitive files under a consent of
// their own.
func (p *play) lend(ctx context.Context, s *Step) error {
	consents := 0
	for _, c := range p.lib.Contributors {
		if _, err := p.n.AddMember(ctx, c.Name); err != nil {
			return err
		}
		for _, part := range []node.Contribution{{Paths: c.open}, {Paths: c.closed, Sensitive: true}} {
			if len(part.Paths) == 0 {
				continue
			}
			part.Member, part.For, part.Never = c.Name, c.For, c.Deny
			if err := p.contribute(ctx, part); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			consents++
		}
	}
	return p.lent(ctx, consents, s)
}

func (p *play) contribute(ctx context.Context, c node.Contribution) error {
	done, err := p.n.Contribute(ctx, c, nil)
	if err != nil {
		return err
	}
	if len(done.Skipped) > 0 || len(done.Documents) != len(c.Paths) {
		return fmt.Errorf("%d of %d files were taken: %+v", len(done.Documents), len(c.Paths), done.Skipped)
	}
	return nil
}

// lent compares what the node holds now with what was lent to it.
func (p *play) lent(ctx context.Context, consents int, s *Step) error {
	docs, err := p.n.Documents(ctx)
	if err != nil {
		return err
	}
	passages := 0
	owners, languages, grants := map[string]bool{}, map[string]bool{}, map[dsai.Digest]bool{}
	var sensitive []view.Document
	for _, d := range docs {
		if d.Consent == nil || d.Passages == 0 || d.State != "in use" {
			return fmt.Errorf("%s: %d passages, %s", d.Title, d.Passages, d.State)
		}
		passages += d.Passages
		owners[d.Owner], languages[d.Language], grants[d.Consent.Digest] = true, true, true
		if d.Sensitive {
			sensitive = append(sensitive, d)
		}
		if d.Path == p.lib.main() {
			p.main = d
		}
	}
	c := p.main.Consent
	switch {
	case len(docs) != p.lib.files || len(owners) != len(p.lib.Contributors) || len(grants) != consents:
		return fmt.Errorf("the node holds %d documents of %d contributors under %d consents; %d, %d and %d were lent",
			len(docs), len(owners), len(grants), p.lib.files, len(p.lib.Contributors), consents)
	case c == nil || !slices.Contains(c.Purposes, "answers") || !slices.Contains(c.Denied, "marketing"):
		return fmt.Errorf("consent to %s = %+v, want answers and not marketing", p.lib.Demo.MainDocument, c)
	case len(sensitive) == 0 || len(sensitive) != p.lib.closed:
		return fmt.Errorf("%d documents are sensitive, %d were lent as such", len(sensitive), p.lib.closed)
	case !readBy(c, server) || readBy(sensitive[0].Consent, server):
		return fmt.Errorf("a server may read %s, or may not read %s", sensitive[0].Title, p.main.Title)
	}
	s.Detail = fmt.Sprintf("%d documents (%d passages, %d languages) of %d contributors, under %d signed consents",
		len(docs), passages, len(languages), len(owners), len(grants))
	s.More = []string{
		fmt.Sprintf("%s said yes to %s and no to %s", p.main.Owner, strings.Join(c.Purposes, ", "), strings.Join(c.Denied, ", ")),
		fmt.Sprintf("%s is sensitive: under a consent of its own, closed to model servers", sensitive[0].Title),
	}
	return nil
}

// server is how a consent names model servers in the words that its member saw.
const server = "a server that the operator named"

func readBy(c *view.Consent, who string) bool { return strings.Contains(c.Words, who) }

// ask asks the demo's question and expects the main document first.
func (p *play) ask(ctx context.Context, s *Step) error {
	a, err := p.question(ctx, "")
	if err != nil {
		return err
	}
	if a.Refusal != nil {
		return fmt.Errorf("refused: %s: %s", a.Refusal.Code, a.Refusal.Reason)
	}
	if len(a.Citations) == 0 || a.Citations[0].Document != p.main.ID {
		return fmt.Errorf("the answer does not begin with %s: %s", p.main.Title, a.Answer)
	}
	if p.answer, err = p.save(ctx, a.Receipt, "answer.dsai"); err != nil {
		return err
	}
	s.Detail = p.lib.Demo.Question
	s.More = cited(a)
	return nil
}

// question asks the demo's question as the verb does.
func (p *play) question(ctx context.Context, purpose string) (*node.Asked, error) {
	a := &node.Asked{}
	return a, p.n.Methods().Call(ctx, "ask", node.AskArgs{Question: p.lib.Demo.Question, Purpose: purpose}, nil, a)
}

// cited shows the first sentence of an answer, then its sources once each.
func cited(a *node.Asked) []string {
	first := a.Citations[0]
	var sources []string
	last := 0
	for _, c := range a.Citations {
		if c.N != last {
			sources = append(sources, fmt.Sprintf("[%d] %s, %s", c.N, c.Title, c.Owner))
			last = c.N
		}
	}
	return []string{
		fmt.Sprintf("“%s” [%d]", strings.Join(strings.Fields(first.Quote), " "), first.N),
		strings.Join(sources, "; "),
	}
}

// save writes the bundle of a receipt where anybody can verify it later.
func (p *play) save(ctx context.Context, receipt dsai.Digest, name string) ([]byte, error) {
	raw, err := p.n.Bundle(ctx, receipt)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(p.dir, name)
	if err := durable.CreateFile(path, append(slices.Clip(raw), '\n'), 0o600); err != nil {
		return nil, err
	}
	p.report.Bundles = append(p.report.Bundles, path)
	return raw, nil
}

// verify checks the answer as a stranger would: with the bundle, a trust file,
// and an engine to make the answer again; without the node.
func (p *play) verify(_ context.Context, s *Step) error {
	if err := p.saveTrust(); err != nil {
		return err
	}
	r, err := p.check(p.answer)
	if err != nil {
		return err
	}
	if !r.Replayed {
		return fmt.Errorf("the answer was not made again")
	}
	receipt, err := answered(p.answer)
	if err != nil {
		return err
	}
	if p.report.ModelBytes, err = modelBytes(receipt.Model); err != nil {
		return err
	}
	p.report.Witnesses = r.Witnesses
	s.Detail = fmt.Sprintf("receipt %s offline: %d of %d checks hold, and the answer made again is the same",
		r.Receipt.Short(), len(r.Checks), len(r.Checks))
	return nil
}

// saveTrust writes the trust file and reads it back as a stranger would.
func (p *play) saveTrust() error {
	raw, err := json.MarshalIndent(p.n.Trust(), "", "  ")
	if err != nil {
		return err
	}
	if p.trust, err = verify.ParseTrust(raw); err != nil {
		return err
	}
	path := filepath.Join(p.dir, "trust.json")
	if err := durable.CreateFile(path, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	p.report.Trust = path
	return nil
}

// check verifies a bundle; one that does not hold is an error.
func (p *play) check(bundle []byte) (*verify.Result, error) {
	r, err := verify.Bundle(bundle, verify.Options{Trust: p.trust, Replayer: node.Replayer{}})
	if err != nil {
		return nil, err
	}
	for _, c := range r.Checks {
		if !c.OK {
			return nil, fmt.Errorf("check %q fails: %s", c.Name, c.Reason)
		}
	}
	if !r.OK || r.Anchor != verify.AnchorPinned {
		return nil, fmt.Errorf("all checks hold, and the anchor is %s", r.Anchor)
	}
	return r, nil
}

// answered reads the receipt of an answer out of its bundle.
func answered(bundle []byte) (*dsai.InferenceReceipt, error) {
	var b dsai.Bundle
	if err := json.Unmarshal(bundle, &b); err != nil {
		return nil, err
	}
	r, err := vc.Open[dsai.InferenceReceipt](b.Receipt, dsai.TypeInferenceReceipt)
	return &r.Subject, err
}

// refuse asks the same for a purpose that every contributor denied.
func (p *play) refuse(ctx context.Context, s *Step) error {
	a, err := p.question(ctx, "marketing")
	if err != nil {
		return err
	}
	if a.Refusal == nil || a.Refusal.Code != dsai.CodeNoGrant || a.Answer != "" {
		return fmt.Errorf("want %s, got %+v", dsai.CodeNoGrant, a)
	}
	raw, err := p.save(ctx, a.Receipt, "refusal.dsai")
	if err != nil {
		return err
	}
	r, err := p.check(raw)
	if err != nil {
		return err
	}
	s.Detail = fmt.Sprintf("the same question for marketing: %s, with a receipt: %d of %d checks hold",
		a.Refusal.Code, len(r.Checks), len(r.Checks))
	return nil
}

// withdraw takes the main document back and asks again.
func (p *play) withdraw(ctx context.Context, s *Step) error {
	who, err := p.lib.withdrawing()
	if err != nil {
		return err
	}
	if p.main.Owner != who.Name {
		return fmt.Errorf("%s is %s's, not %s's", p.main.Title, p.main.Owner, who.Name)
	}
	raw, err := p.n.Withdraw(ctx, p.main.Consent.Digest, []dsai.DocumentID{p.main.ID}, "")
	if err != nil {
		return err
	}
	w, err := vc.Open[dsai.WithdrawalReceipt](raw, dsai.TypeWithdrawalReceipt)
	if err != nil {
		return err
	}
	if !slices.Equal(w.Subject.Documents, []dsai.DocumentID{p.main.ID}) {
		return fmt.Errorf("the withdrawal is of %v, not of %s alone", w.Subject.Documents, p.main.Title)
	}
	p.gone = w.Subject.Effective
	a, err := p.question(ctx, "")
	if err != nil {
		return err
	}
	if a.Refusal != nil || len(a.Citations) == 0 {
		return fmt.Errorf("nobody else's document answers: %+v", a.Refusal)
	}
	if err := p.omits(ctx, a); err != nil {
		return err
	}
	s.Detail = fmt.Sprintf("%s takes %s back; the next answer was made without it", who.Name, p.main.Title)
	s.More = cited(a)
	return nil
}

// omits checks that an answer cites others only, and that its receipt names no
// passage of the main document among those that the engine was given.
func (p *play) omits(ctx context.Context, a *node.Asked) error {
	raw, err := p.save(ctx, a.Receipt, "after-withdrawal.dsai")
	if err != nil {
		return err
	}
	if _, err := p.check(raw); err != nil {
		return err
	}
	receipt, err := answered(raw)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(receipt.Used, func(u dsai.Use) bool { return u.Document == p.main.ID }) {
		return fmt.Errorf("a passage of %s was used after it was withdrawn", p.main.Title)
	}
	if a.Citations[0].Owner == p.main.Owner {
		return fmt.Errorf("the answer begins with %s, again of %s", a.Citations[0].Title, p.main.Owner)
	}
	return nil
}

// uses shows the contributor what was done with the document.
func (p *play) uses(ctx context.Context, s *Step) error {
	rows, err := p.n.Uses(ctx, []dsai.DocumentID{p.main.ID}, 0)
	if err != nil {
		return err
	}
	at := map[string]view.Use{}
	for _, u := range rows {
		at[u.Outcome] = u
	}
	used, refused, gone := at["answered"], at["refused"], at["withdrawn"]
	switch {
	case len(rows) != 3 || len(at) != 3:
		return fmt.Errorf("uses of %s = %+v, want one answered, one refused, one withdrawn", p.main.Title, rows)
	case used.Quoted == "" || refused.Quoted != "" || refused.Purpose != "marketing" || gone.At == 0 || gone.At > p.gone:
		// The member's signature counts from its own second on, the receipt from the node's.
		return fmt.Errorf("uses of %s = %+v, want a sentence used for answers, none for marketing, withdrawn by %s", p.main.Title, rows, p.gone)
	}
	s.Detail = fmt.Sprintf("%s sees of %s: used once for %s (%s), refused once for %s (%s), withdrawn at %s",
		p.main.Owner, p.main.Title, used.Purpose, used.Short, refused.Purpose, refused.Short, gone.At.Std().Local().Format(time.TimeOnly))
	return nil
}
