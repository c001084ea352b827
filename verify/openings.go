// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/vc"
)

// checkOpenings shows that what is revealed is what the receipt committed to,
// and that each quote lies within its passage.
func (a *audit) checkOpenings() (string, error) {
	o := a.b.openings
	if o == nil {
		return "none: the bundle is redacted", nil
	}
	count := 0
	for _, c := range a.commitments(o) {
		if c.opening == nil {
			continue
		}
		if c.absent {
			return "", fmt.Errorf("a %s has no %s", a.receipt.typ, c.domain)
		}
		if dsai.Commit(c.domain, c.opening.Salt, []byte(c.opening.Text)) != c.want {
			return "", fmt.Errorf("%s is not what the receipt commits to", c.domain)
		}
		count++
	}
	for i, p := range o.Passages {
		if p.N < 1 || p.N > len(a.receipt.used) || i > 0 && o.Passages[i-1].N >= p.N {
			return "", fmt.Errorf("opened passage %d is not in its place", p.N)
		}
		if dsai.PassageCommitment(p.Salt, a.b.bodies[i]) != a.receipt.used[p.N-1].Commitment {
			return "", fmt.Errorf("passage %d is not what the receipt commits to", p.N)
		}
	}
	if err := a.checkQuotes(o); err != nil {
		return "", err
	}
	if err := checkExcluded(o); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d commitments and %d of %d passages open", count, len(o.Passages), len(a.receipt.used)), nil
}

// commitment pairs an opening with what it must match.
type commitment struct {
	domain  string
	opening *dsai.Opening
	want    dsai.Digest
	absent  bool // receipts of this kind have none
}

func (a *audit) commitments(o *dsai.Openings) []commitment {
	var answer dsai.InferenceReceipt
	prompt, detail, refused := dsai.Digest{}, dsai.Digest{}, a.receipt.refusal != nil
	if refused {
		prompt, detail = a.receipt.refusal.Prompt, a.receipt.refusal.Detail
	} else {
		answer = *a.receipt.answer
		prompt = answer.Prompt
	}
	return []commitment{
		{dsai.DomainPrompt, o.Prompt, prompt, false},
		{dsai.DomainResponse, o.Response, answer.Response, refused},
		{dsai.DomainQuotes, o.Quotes, answer.Quotes, refused},
		{dsai.DomainExcluded, o.Excluded, answer.Excluded, refused},
		{dsai.DomainSettlement, o.Settlement, answer.Settlement, refused},
		{dsai.DomainTrace, o.Trace, answer.Trace, refused},
		{dsai.DomainDetail, o.Detail, detail, !refused},
	}
}

// opened decodes the canonical JSON in an opening whose commitment holds.
func opened[T any](o *dsai.Opening) (T, error) { return vc.DecodeStrict[T]([]byte(o.Text)) }

// checkQuotes checks that quotes lie within their passages, and within what the
// consents let be quoted in one answer. What was quoted before is not in a bundle.
func (a *audit) checkQuotes(o *dsai.Openings) error {
	if o.Quotes == nil {
		return nil
	}
	quotes, err := opened[[]dsai.Quote](o.Quotes)
	if err != nil {
		return fmt.Errorf("quotes: %w", err)
	}
	passages := map[int]*quotable{}
	for _, p := range o.Passages {
		passages[p.N] = &quotable{body: p.Body}
	}
	quoted := map[dsai.DocumentID]int64{}
	for i, q := range quotes {
		if q.N < 1 || q.N > len(a.receipt.used) || q.Start < 0 || q.Start > q.End {
			return fmt.Errorf("quote %d is of passage %d, bytes %d to %d", i+1, q.N, q.Start, q.End)
		}
		p := passages[q.N]
		if p == nil {
			continue
		}
		if b := p.body; q.Start < b.Start || q.End > b.End || b.End-b.Start != len(b.Text) {
			return fmt.Errorf("quote %d lies outside passage %d", i+1, q.N)
		}
		u := a.receipt.used[q.N-1]
		quoted[u.Document] += p.codePoints(q.Start, q.End)
		if c := a.grants[u.Consent]; c != nil && c.Subject.Output.QuoteMax > 0 && quoted[u.Document] > int64(c.Subject.Output.QuoteMax) {
			return fmt.Errorf("document %s is quoted beyond the %d characters that its consent allows", short(u.Document.Digest), c.Subject.Output.QuoteMax)
		}
	}
	return nil
}

// quotable is an opened passage whose quotes are counted without reading its
// text again for each: nothing bounds how many quotes a bundle lists.
type quotable struct {
	body    dsai.PassageBody
	ordinal []int32 // of the code point that each byte belongs to
}

// codePoints returns how many code points the span from start to end touches,
// which lies in the body.
func (p *quotable) codePoints(start, end int) int64 {
	if start == end {
		return 0
	}
	if p.ordinal == nil {
		p.ordinal = make([]int32, 0, len(p.body.Text))
		n := int32(-1)
		for i := range len(p.body.Text) {
			if utf8.RuneStart(p.body.Text[i]) {
				n++
			}
			p.ordinal = append(p.ordinal, n)
		}
	}
	return int64(p.ordinal[end-1-p.body.Start]-p.ordinal[start-p.body.Start]) + 1
}

// checkExcluded checks the forms of what was left out, and of a refusal's detail.
func checkExcluded(o *dsai.Openings) error {
	var e dsai.Excluded
	var err error
	switch {
	case o.Excluded != nil:
		e, err = opened[dsai.Excluded](o.Excluded)
	case o.Detail != nil:
		var d dsai.RefusalDetail
		d, err = opened[dsai.RefusalDetail](o.Detail)
		e = d.Excluded
	}
	if err != nil {
		return fmt.Errorf("excluded: %w", err)
	}
	for i, c := range e.Counts {
		if c.Count < 1 || i > 0 && e.Counts[i-1].Reason >= c.Reason {
			return errors.New("excluded: counts are not positive and sorted by reason")
		}
	}
	return nil
}

// checkStatistics shows that the ranking's numbers are those that the node
// signed, as far as terms are revealed.
func (a *audit) checkStatistics() (string, error) {
	r := a.receipt.answer
	if r == nil || r.Statistics.IsZero() {
		if a.b.statistics != nil || a.b.openings != nil && len(a.b.openings.Terms) > 0 {
			return "", errors.New("the receipt names no statistics")
		}
		return "nothing was ranked", nil
	}
	if a.b.statistics == nil {
		return "", fmt.Errorf("statistics %s are not here", short(r.Statistics))
	}
	s, err := open[dsai.Statistics](a.v, a.b.statistics, dsai.TypeStatistics)
	if err != nil {
		return "", err
	}
	sub := s.Subject
	if s.Digest != r.Statistics || sub.ID != s.Issuer || sub.Coop != r.Coop || sub.Node != r.Node || s.Proof[0].Created > r.Started {
		return "", errors.New("not the statistics that the receipt names, of another co-op or node, or signed later")
	}
	if err := byNode(a, s, sub.Node); err != nil {
		return "", err
	}
	for i, f := range sub.Fields {
		if i > 0 && sub.Fields[i-1].Field >= f.Field {
			return "", errors.New("fields are not sorted by name")
		}
		// What ranking computes with them must stay in its range.
		if f.Passages < 0 || f.Passages > rank.MaxPassages || f.Tokens < 0 || f.Tokens/rank.MaxLength > f.Passages {
			return "", fmt.Errorf("field %.20q is of %d passages with %d words, which cannot be", f.Field, f.Passages, f.Tokens)
		}
	}
	terms, err := a.checkTerms(sub)
	if err != nil {
		return "", err
	}
	a.statistics = s
	return fmt.Sprintf("ranking %s over %d terms; %d of the question's are proven", sub.Ranking, sub.Terms, terms), nil
}

// checkTerms checks the revealed document frequencies and returns their number.
func (a *audit) checkTerms(s dsai.Statistics) (int, error) {
	if a.b.openings == nil {
		return 0, nil
	}
	terms := a.b.openings.Terms
	for i, t := range terms {
		if i > 0 && (terms[i-1].Field > t.Field || terms[i-1].Field == t.Field && terms[i-1].Term >= t.Term) {
			return 0, errors.New("term proofs are not sorted by field and term")
		}
		if t.DF < 0 || t.DF > rank.MaxPassages {
			return 0, fmt.Errorf("term %.40q: in %d passages, which cannot be", t.Term, t.DF)
		}
		if err := included(t.Hashes, s.Terms, s.Root, t.Index, dsai.TermLeaf(t.Salt, t.Field, t.Term, t.DF)); err != nil {
			return 0, fmt.Errorf("term %.40q: %w", t.Term, err)
		}
	}
	return len(terms), nil
}

// checkSettlement shows that the shares add up to the price, and that
// contributors' shares go to those whom the consents name.
func (a *audit) checkSettlement() (string, error) {
	r := a.receipt.answer
	if r == nil {
		return "nothing was used", nil
	}
	price, err := amount(r.Price)
	if err != nil {
		return "", err
	}
	if a.b.openings == nil || a.b.openings.Settlement == nil {
		return fmt.Sprintf("price %d; who shares it is withheld", price), nil
	}
	s, err := opened[dsai.SettlementRecord](a.b.openings.Settlement)
	if err != nil {
		return "", err
	}
	if s.Price != r.Price {
		return "", fmt.Errorf("settles a price of %.30q, receipt says %d", s.Price, price)
	}
	payees := a.payees()
	var sum uint64
	for i, share := range s.Shares {
		n, err := amount(share.Amount)
		if err != nil {
			return "", err
		}
		if sum += n; n > price || sum > price {
			return "", fmt.Errorf("shares exceed the price of %d", price)
		}
		if i > 0 && compareShares(s.Shares[i-1], share) >= 0 {
			return "", errors.New("shares are not sorted by payee and role")
		}
		if share.Role == "contributor" && !payees[share.Payee] {
			return "", fmt.Errorf("contributor %s is named by no consent used", short(share.Payee))
		}
	}
	if sum != price {
		return "", fmt.Errorf("shares add up to %d of %d", sum, price)
	}
	return fmt.Sprintf("%d shares add up to the price of %d", len(s.Shares), price), nil
}

func compareShares(a, b dsai.SettlementShare) int {
	if c := slices.Compare(a.Payee[:], b.Payee[:]); c != 0 {
		return c
	}
	return strings.Compare(a.Role, b.Role)
}

// payees are those whom the consents of the uses name.
func (a *audit) payees() map[dsai.Digest]bool {
	out := map[dsai.Digest]bool{}
	for _, u := range a.receipt.used {
		if c := a.grants[u.Consent]; c != nil {
			out[c.Subject.Revenue.Payee.Digest] = true
		}
	}
	return out
}

// checkReplay re-executes the answer where that is possible and asked for.
func (a *audit) checkReplay() (string, error) {
	r := a.receipt.answer
	switch {
	case r == nil:
		return "a refusal is not re-executed", nil
	case r.Assurance != dsai.Replayable:
		return "recorded: the node says so, and nobody can re-execute it", nil
	case a.v.o.Replayer == nil:
		return "not replayed", nil
	case a.b.openings == nil:
		return "not replayed: " + ErrWithheld.Error(), nil
	}
	for _, needed := range []string{"openings", "statistics", "passages", "policy", "consents", "receipt"} {
		if !a.done[needed].OK {
			return "", needs(needed)
		}
	}
	in := Replay{Receipt: *r, Openings: *a.b.openings, Policy: a.b.policy}
	if a.statistics != nil {
		in.Statistics = &a.statistics.Subject
	}
	for _, u := range r.Used {
		in.QuoteMax = append(in.QuoteMax, a.grants[u.Consent].Subject.Output.QuoteMax)
	}
	err := a.v.o.Replayer.Replay(in)
	if errors.Is(err, ErrWithheld) || errors.Is(err, ErrMissing) {
		return "not replayed: " + err.Error(), nil
	}
	if err != nil {
		return "", err
	}
	a.result.Replayed = true
	if r.Model.Class == dsai.EngineInfer {
		return fmt.Sprintf("re-executed with the same outcome, with the model file %s", short(r.Model.Fingerprint)), nil
	}
	return "re-executed with the same outcome", nil
}
