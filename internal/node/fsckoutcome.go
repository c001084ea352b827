// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/vc"
)

// fsckOutcome compares how an answer or a refusal is listed, and what is kept of
// it, with what was signed.
func (n *Node) fsckOutcome(ctx context.Context, c store.Credential) (err error) {
	switch c.Type {
	case dsai.TypeInferenceReceipt:
		err = n.fsckAnswer(ctx, c)
	case dsai.TypeRefusalReceipt:
		err = n.fsckRefusal(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", c.Type, short(c.Digest), err)
	}
	return nil
}

func (n *Node) fsckAnswer(ctx context.Context, c store.Credential) error {
	s, err := vc.Open[dsai.InferenceReceipt](c.Raw, c.Type)
	if err != nil {
		return err
	}
	r := s.Subject
	if err := n.fsckNamed(ctx, r.Statistics); err != nil {
		return err
	}
	num, o, err := n.fsckRow(ctx, c.Digest, store.Receipt{Ended: r.Ended, Purpose: r.Purpose, Model: r.Model.ID})
	if err != nil {
		return err
	}
	err = fsckOpenings(
		opens{dsai.DomainPrompt, o.Prompt, r.Prompt}, opens{dsai.DomainResponse, o.Response, r.Response}, opens{dsai.DomainQuotes, o.Quotes, r.Quotes},
		opens{dsai.DomainExcluded, o.Excluded, r.Excluded}, opens{dsai.DomainSettlement, o.Settlement, r.Settlement}, opens{dsai.DomainTrace, o.Trace, r.Trace},
	)
	if err != nil || o.Quotes == nil {
		return err
	}
	return n.fsckQuoted(ctx, num, r.Used, o.Quotes.Text)
}

func (n *Node) fsckRefusal(ctx context.Context, c store.Credential) error {
	s, err := vc.Open[dsai.RefusalReceipt](c.Raw, c.Type)
	if err != nil {
		return err
	}
	r := s.Subject
	_, o, err := n.fsckRow(ctx, c.Digest, store.Receipt{Code: r.Code, Purpose: r.Purpose})
	if err != nil {
		return err
	}
	return fsckOpenings(opens{dsai.DomainPrompt, o.Prompt, r.Prompt}, opens{dsai.DomainDetail, o.Detail, r.Detail})
}

// fsckRow compares the row by which an outcome is listed, and returns its number
// and openings.
func (n *Node) fsckRow(ctx context.Context, receipt dsai.Digest, want store.Receipt) (num int64, o dsai.Openings, err error) {
	row, err := n.db.Receipt(ctx, receipt)
	if err != nil {
		return 0, o, err
	}
	if row.Ended != want.Ended || publicCode(row.Code) != want.Code || row.Purpose != want.Purpose || row.Model != want.Model {
		return 0, o, errors.New("it is listed as another outcome")
	}
	if row.Openings == nil {
		return row.Num, o, nil
	}
	d := json.NewDecoder(bytes.NewReader(row.Openings))
	d.DisallowUnknownFields() // a part whose name is damaged is no part that was erased
	if err := d.Decode(&o); err != nil {
		return 0, o, fmt.Errorf("read openings: %w", err)
	}
	return row.Num, o, nil
}

// opens is what is kept beside a commitment.
type opens struct {
	domain  string
	opening *dsai.Opening // nil when it was erased
	want    dsai.Digest
}

func fsckOpenings(all ...opens) error {
	for _, c := range all {
		if c.opening != nil && dsai.Commit(c.domain, c.opening.Salt, []byte(c.opening.Text)) != c.want {
			return fmt.Errorf("its %s is not the one that it commits to", c.domain)
		}
	}
	return nil
}

// fsckQuoted compares the sentences that uses show with the quotes of an answer,
// in passages that are compared elsewhere.
func (n *Node) fsckQuoted(ctx context.Context, receipt int64, used []dsai.Use, text string) error {
	var quotes []dsai.Quote
	if err := json.Unmarshal([]byte(text), &quotes); err != nil {
		return fmt.Errorf("read quotes: %w", err)
	}
	want := map[*document]string{}
	for i, u := range used {
		d := n.lib.documentByID(u.Document)
		if d == nil {
			return fmt.Errorf("document %s is not here", shortID("d", u.Document.Digest))
		}
		var body dsai.PassageBody
		if d.Secret != nil { // else nothing is shown of it
			p, err := n.db.PassageAt(ctx, u.Version, u.Passage)
			if err == nil {
				err = json.Unmarshal(p.Body, &body)
			}
			if err != nil {
				return fmt.Errorf("passage %d: %w", i+1, err)
			}
		}
		want[d] = andQuoted(want[d], "")
		for _, q := range quotes {
			if q.N == i+1 {
				want[d] = andQuoted(want[d], quoteText(body, q))
			}
		}
	}
	for d, quoted := range want {
		got, err := n.db.QuotedIn(ctx, d.Num, receipt)
		if err == nil && got != quoted {
			err = errors.New("other sentences are listed than were quoted")
		}
		if err != nil {
			return fmt.Errorf("document %s: %w", shortID("d", d.ID.Digest), err)
		}
	}
	return nil
}
