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

// recorder implements pipeline.Log on the store; the log follows its outbox.
type recorder struct{ n *Node }

// opened is a record of the journal: what is known before an answer begins, its
// receipt, should the process die before there is a better one.
type opened struct {
	Draft     receipt.Draft `json:"draft"`
	Requester dsai.Digest   `json:"requester"`
	Charges   []charge      `json:"charges"` // held back; see quota
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

// Append implements pipeline.Log.
func (l recorder) Append(ctx context.Context, r *pipeline.Receipt) error {
	if l.n.log.current().closed.Load() {
		return errClosedLog
	}
	now := l.n.clock.now()
	openings, err := json.Marshal(r.Openings)
	if err != nil {
		return err
	}
	row := store.Receipt{
		Digest: r.Digest, Request: r.Request.ID, At: now, Requester: r.Request.Requester.Subject.Requester, Openings: openings,
		Purpose: r.Request.Purpose,
	}
	if row.Purpose == "" {
		row.Purpose = r.Request.Requester.Subject.Default
	}
	var uses []use
	var statistics dsai.Digest
	typ := dsai.TypeInferenceReceipt
	if r.Refusal != nil {
		typ, row.Code = dsai.TypeRefusalReceipt, r.Refusal.Code
		for _, d := range r.Refusal.Considered {
			uses = append(uses, use{document: d})
		}
	} else {
		row.Ended, row.Model = r.Output.Ended, r.Output.Plan.Evidence.Clearance.Model.ID
		uses, statistics = usesOf(r.Output), r.Output.Plan.Evidence.Statistics
	}
	err = l.finish(ctx, row, typ, r, statistics, uses, nil)
	if err == nil {
		l.n.opened.End(string(row.Request[:]))
		l.n.quota.settle(row.Request)
		l.n.pins.settle(row.Request)
	}
	l.n.log.wake()
	return err
}

// finish records an outcome. Charges come on top of what the uses quote.
func (l recorder) finish(ctx context.Context, row store.Receipt, typ string, r *pipeline.Receipt, statistics dsai.Digest, uses []use, charges []charge) error {
	named, err := l.n.naming(ctx, statistics)
	if err != nil {
		return fmt.Errorf("append receipt: %w", err)
	}
	err = l.n.db.Update(ctx, func(tx *store.Tx) error {
		if err := l.n.redactForgotten(&row, uses); err != nil {
			return err
		}
		if err := tx.Put(store.Credential{
			Digest: r.Digest, Type: typ, Raw: r.Raw, Created: row.At, Kind: r.Kind, Salt: r.Salt, Body: r.Body,
		}); err != nil {
			return err
		}
		num, err := tx.Finish(row)
		if err != nil {
			return err
		}
		for _, u := range uses {
			d := l.n.lib.documentByID(u.document)
			if d == nil {
				continue
			}
			if err := tx.AddUse(store.Use{Document: d.Num, Receipt: num, Consent: u.consent, Quoted: u.quoted, Chars: u.chars}, row.Requester, u.document); err != nil {
				return err
			}
		}
		for _, c := range charges {
			if err := tx.Charge(row.Requester, c.Document, c.Chars); err != nil {
				return err
			}
		}
		if named != nil {
			return tx.AddMeta(named.meta(statistics))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("append receipt: %w", err)
	}
	l.n.pins.named(statistics, named)
	return nil
}

// redactForgotten leaves out an answer whose document was forgotten while it was
// being given: what Forget removed must not come back. The caller is in a
// transaction, and so was Forget, so that one of them sees the other.
func (n *Node) redactForgotten(row *store.Receipt, uses []use) error {
	any := false
	for i, u := range uses {
		d := n.lib.documentByID(u.document)
		if d == nil {
			continue
		}
		if _, ok := n.forgotten.Load(d.Num); ok {
			uses[i].quoted, any = "", true
		}
	}
	if !any {
		return nil
	}
	var o dsai.Openings
	if err := json.Unmarshal(row.Openings, &o); err != nil {
		return fmt.Errorf("read openings: %w", err)
	}
	o.Response, o.Trace = nil, nil
	var err error
	row.Openings, err = json.Marshal(o)
	return err
}

// use is what one answer used of one document.
type use struct {
	document dsai.DocumentID
	consent  dsai.Digest
	quoted   string
	chars    int
}

// usesOf sums up an output by document.
func usesOf(o *pipeline.Output) []use {
	var out []use
	at := map[dsai.DocumentID]int{}
	for i, p := range o.Plan.Evidence.Passages {
		k, ok := at[p.Use.Document]
		if !ok {
			k = len(out)
			at[p.Use.Document] = k
			out = append(out, use{document: p.Use.Document, consent: p.Use.Consent})
		}
		whole := p.QuoteMax >= 0 && composed(o.Plan.Engine.Model())
		if whole { // it may have repeated all of it
			out[k].chars += utf8.RuneCountInString(p.Body.Text)
		}
		for _, q := range o.Quotes {
			if q.N != i+1 {
				continue
			}
			s := quoteText(p.Body, q)
			if !whole {
				out[k].chars += utf8.RuneCountInString(s)
			}
			out[k].quoted = strings.TrimSpace(out[k].quoted + " " + s)
		}
	}
	return out
}

// quoteText is the text of a quote, "" when it lies outside the passage.
func quoteText(b dsai.PassageBody, q dsai.Quote) string {
	lo, hi := q.Start-b.Start, q.End-b.Start
	if lo < 0 || hi > len(b.Text) || lo > hi {
		return ""
	}
	return b.Text[lo:hi]
}

// recover turns work that a crash interrupted, which the journal names and no
// receipt does, into receipts that say so. It runs before the node takes requests.
func (l recorder) recover(ctx context.Context) error {
	records, err := durable.ReadJournal(l.n.home.Opened())
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", durable.ErrDamaged, err)
	}
	if err != nil {
		return fmt.Errorf("recover what was interrupted: %w", err)
	}
	for _, record := range records {
		var o opened
		if err := json.Unmarshal(record, &o); err != nil {
			return fmt.Errorf("recover what was interrupted: %w", err)
		}
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
	if ended, err := l.n.db.Ended(ctx, s.Request); err != nil || ended {
		return err
	}
	r, err := l.n.issuer.Sign(o.Draft)
	if err != nil {
		return err
	}
	openings, err := json.Marshal(r.Openings)
	if err != nil {
		return err
	}
	uses := make([]use, 0, len(s.Used))
	for _, u := range s.Used {
		uses = append(uses, use{document: u.Document, consent: u.Consent})
	}
	return l.finish(ctx, store.Receipt{
		Digest: r.Digest, Request: s.Request, At: s.Started, Requester: o.Requester, Ended: dsai.EndedCrashed,
		Purpose: s.Purpose, Model: s.Model.ID, Openings: openings,
	}, dsai.TypeInferenceReceipt, r, s.Statistics, uses, o.Charges)
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
