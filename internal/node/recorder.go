// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/receipt"
	"dsai.example/dsai/internal/verifiable/vc"
)

// recorder implements pipeline.Log. What has begun and what has ended is durable
// in a journal before anybody hears of it; the store follows, and the log follows
// the store's outbox.
type recorder struct{ n *Node }

// opened is a record of the journal: what is known before an answer begins, its
// receipt, should the process die before there is a better one.
type opened struct {
	Draft     receipt.Draft `json:"draft"`
	Requester dsai.Digest   `json:"requester"`
	Charges   []charge      `json:"charges"` // held back; see quota
}

// ended is a record of the journal: an outcome, until the store has it.
type ended struct {
	Artifact store.Credential `json:"artifact"`
	Receipt  store.Receipt    `json:"receipt"`
	Uses     []store.Use      `json:"uses,omitempty"`
	Charges  []charge         `json:"charges,omitempty"` // on top of what the uses quote
	// Mark is the meta value by which its statistics stay; "" when they have one.
	Mark   string `json:"mark,omitempty"`
	Marked []byte `json:"marked,omitempty"`

	named *mark // the same, for pins
}

// entry is either; each has its own members.
type entry struct {
	opened
	Ended *ended `json:"ended,omitempty"`
}

// Open implements pipeline.Log.
func (l recorder) Open(_ context.Context, p *pipeline.Plan) error {
	d, err := l.n.issuer.Draft(&pipeline.Output{Plan: p, Ended: dsai.EndedCrashed})
	if err != nil {
		return err
	}
	r := p.Evidence.Clearance.Request
	b, err := vc.Canonical(opened{d, r.Requester.Subject.Requester, l.n.quota.charges(r.ID)})
	if err != nil {
		return err
	}
	if err := l.n.opened.Append(string(r.ID[:]), b); err != nil {
		return fmt.Errorf("open request: %w", err)
	}
	l.n.quota.open(r.ID)
	l.n.pins.open(r.ID)
	return nil
}

// Append implements pipeline.Log. It is called under the lock on signing, which
// Forget takes alone: an answer of a forgotten document either was stored before,
// or leaves its text out here.
func (l recorder) Append(ctx context.Context, r *pipeline.Receipt) error {
	if l.n.log.current().closed.Load() {
		return errClosedLog
	}
	row := store.Receipt{
		Request: r.Request.ID, At: l.n.clock.now(), Requester: r.Request.Requester.Subject.Requester, Purpose: r.Request.Purpose,
	}
	if row.Purpose == "" {
		row.Purpose = r.Request.Requester.Subject.Default
	}
	var uses []store.Use
	var statistics dsai.Digest
	typ := dsai.TypeInferenceReceipt
	if r.Refusal != nil {
		typ, row.Code = dsai.TypeRefusalReceipt, r.Refusal.Code
		for _, c := range r.Refusal.Considered {
			uses = append(uses, l.use(c.Document, c.Consent))
		}
	} else {
		row.Ended, row.Model = r.Output.Ended, r.Output.Plan.Evidence.Clearance.Model.ID
		uses, statistics = l.usesOf(r.Output), r.Output.Plan.Evidence.Statistics
	}
	e, err := l.outcome(ctx, r, typ, row, statistics, uses)
	if err != nil {
		return fmt.Errorf("append receipt: %w", err)
	}
	b, err := json.Marshal(struct {
		Ended *ended `json:"ended"`
	}{e})
	if err != nil {
		return err
	}
	if err := l.n.opened.Append(endedKey(row.Request), b); err != nil {
		return fmt.Errorf("append receipt: %w", err)
	}
	l.n.quota.end(row.Request, e.Uses)
	l.n.db.Later(e.store, func() {
		l.n.opened.End(endedKey(row.Request))
		l.n.quota.settle(row.Request)
	})
	l.n.opened.End(string(row.Request[:]))
	l.n.pins.named(statistics, e.named)
	l.n.pins.settle(row.Request)
	l.n.log.wake()
	return nil
}

func endedKey(request dsai.Digest) string { return "ended " + string(request[:]) }

// outcome gathers what the store is to hold of a receipt.
func (l recorder) outcome(ctx context.Context, r *pipeline.Receipt, typ string, row store.Receipt, statistics dsai.Digest, uses []store.Use) (*ended, error) {
	e := &ended{Artifact: store.Credential{Digest: r.Digest, Type: typ, Raw: r.Raw, Created: row.At, Kind: r.Kind, Salt: r.Salt, Body: r.Body}, Uses: uses}
	var err error
	if e.named, err = l.n.naming(ctx, statistics); err != nil {
		return nil, err
	}
	if e.named != nil {
		e.Mark, e.Marked = e.named.meta(statistics)
	}
	openings := r.Openings
	if l.leaveOutForgotten(uses) {
		openings.Response, openings.Trace = nil, nil
	}
	if row.Openings, err = json.Marshal(openings); err != nil {
		return nil, err
	}
	e.Receipt = row
	return e, nil
}

// leaveOutForgotten takes the text out of uses of documents that were forgotten
// while the answer was being given, and reports whether there are any.
func (l recorder) leaveOutForgotten(uses []store.Use) (any bool) {
	for i, u := range uses {
		if _, ok := l.n.forgotten.Load(u.Document); ok {
			uses[i].Quoted, any = "", true
		}
	}
	return any
}

// store puts an outcome where it stays.
func (e *ended) store(tx *store.Tx) error {
	num, err := tx.Finish(e.Artifact, e.Receipt)
	if err != nil {
		return fmt.Errorf("store receipt: %w", err)
	}
	for _, u := range e.Uses {
		u.Receipt = num
		if err := tx.AddUse(u, e.Receipt.Requester); err != nil {
			return fmt.Errorf("store receipt: %w", err)
		}
	}
	for _, c := range e.Charges {
		if err := tx.Charge(e.Receipt.Requester, c.Document, c.Chars); err != nil {
			return fmt.Errorf("store receipt: %w", err)
		}
	}
	if e.Mark == "" {
		return nil
	}
	return tx.AddMeta(e.Mark, e.Marked)
}

// use is that of a document, or that a refused question came to it. No consent
// means that it was withheld.
func (l recorder) use(d dsai.DocumentID, consent dsai.Digest) store.Use {
	u := store.Use{ID: d, Consent: consent}
	if doc := l.n.lib.documentByID(d); doc != nil {
		u.Document = doc.Num
	}
	return u
}

// usesOf sums up an output by document.
func (l recorder) usesOf(o *pipeline.Output) []store.Use {
	var out []store.Use
	at := map[dsai.DocumentID]int{}
	for i, p := range o.Plan.Evidence.Passages {
		k, ok := at[p.Use.Document]
		if !ok {
			k = len(out)
			at[p.Use.Document] = k
			out = append(out, l.use(p.Use.Document, p.Use.Consent))
		}
		whole := p.QuoteMax >= 0 && composed(o.Plan.Engine.Model())
		if whole { // it may have repeated all of it
			out[k].Chars += utf8.RuneCountInString(p.Body.Text)
		}
		for _, q := range o.Quotes {
			if q.N != i+1 {
				continue
			}
			s := quoteText(p.Body, q)
			if !whole {
				out[k].Chars += utf8.RuneCountInString(s)
			}
			out[k].Quoted = andQuoted(out[k].Quoted, s)
		}
	}
	return out
}

// andQuoted adds a sentence to those that uses show of a document.
func andQuoted(before, s string) string { return strings.TrimSpace(before + " " + s) }

// quoteText is the text of a quote, "" when it lies outside the passage.
func quoteText(b dsai.PassageBody, q dsai.Quote) string {
	lo, hi := q.Start-b.Start, q.End-b.Start
	if lo < 0 || hi > len(b.Text) || lo > hi {
		return ""
	}
	return b.Text[lo:hi]
}

// journal reads what a process left of the journal: what had begun, and what had
// ended, each oldest first.
func (l recorder) journal() (began []opened, over []*ended, err error) {
	records, err := durable.ReadJournal(l.n.home.Opened())
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", durable.ErrDamaged, err)
	}
	for _, record := range records {
		var e entry
		if err == nil {
			err = json.Unmarshal(record, &e)
		}
		if e.Ended != nil {
			over = append(over, e.Ended)
		} else {
			began = append(began, e.opened)
		}
	}
	if err != nil {
		err = fmt.Errorf("recover what was interrupted: %w", err)
	}
	return began, over, err
}

// repeat has the store take the outcomes that it had not taken when the process
// ended. It runs before the log looks into the outbox, under the epoch that was
// in use: no other one begins before the store has all of the last.
func (l recorder) repeat(ctx context.Context) error {
	_, over, err := l.journal()
	if err != nil || len(over) == 0 {
		return err
	}
	epoch, err := epochNumber(ctx, l.n.db)
	if err != nil {
		return err
	}
	l.n.db.SetEpoch(epoch)
	for _, e := range over {
		has, err := l.n.db.Ended(ctx, e.Receipt.Request)
		if err == nil && !has {
			err = l.n.db.Update(ctx, e.store)
		}
		if err != nil {
			return fmt.Errorf("recover request %s: %w", e.Receipt.Request, err)
		}
	}
	return nil
}

// recover turns work that a crash interrupted, which the journal names and no
// receipt does, into receipts that say so. It runs before the node takes requests.
func (l recorder) recover(ctx context.Context) error {
	began, _, err := l.journal()
	if err != nil {
		return err
	}
	for _, o := range began {
		if err := l.crashed(ctx, o); err != nil {
			return fmt.Errorf("recover request %s: %w", o.Draft.Subject.Request, err)
		}
	}
	l.n.opened, err = durable.OpenJournal(l.n.home.Opened())
	return err
}

// crashed records that work was interrupted, unless it had ended.
func (l recorder) crashed(ctx context.Context, o opened) error {
	s := o.Draft.Subject
	if has, err := l.n.db.Ended(ctx, s.Request); err != nil || has {
		return err
	}
	r, err := l.n.issuer.Sign(o.Draft)
	if err != nil {
		return err
	}
	uses := make([]store.Use, 0, len(s.Used))
	for _, u := range s.Used {
		uses = append(uses, l.use(u.Document, u.Consent))
	}
	e, err := l.outcome(ctx, r, dsai.TypeInferenceReceipt, store.Receipt{
		Request: s.Request, At: s.Started, Requester: o.Requester, Ended: dsai.EndedCrashed, Purpose: s.Purpose, Model: s.Model.ID,
	}, s.Statistics, uses)
	if err != nil {
		return err
	}
	e.Charges = o.Charges
	if err := l.n.db.Update(ctx, e.store); err != nil {
		return err
	}
	l.n.pins.named(s.Statistics, e.named)
	return nil
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
