// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// quoting returns the bundle of an answer whose first passage is text, quoted so,
// under a consent with the limit most. The passage is in no derivation.
func (s *scene) quoting(text string, most int, quotes []dsai.Quote) []byte {
	s.t.Helper()
	s.consent = func(_ int, c *dsai.Credential[dsai.ConsentBundle]) { c.Subject.Output.QuoteMax = most }
	x := s.set()
	b := dsai.PassageBody{Title: "Guide", Heading: []string{}, End: len(text), Language: "en", Text: text}
	canon, err := vc.Canonical(b)
	must(s.t, err)
	p := &x.p.openings[0]
	p.Body, p.Salt = b, s.salt("long passage")
	x.p.used[0].Commitment = dsai.PassageCommitment(p.Salt, canon)
	listed, err := vc.Canonical(quotes)
	must(s.t, err)
	salt := s.salt("many quotes")
	s.receipt = func(r *dsai.InferenceReceipt) { r.Quotes = dsai.Commit(dsai.DomainQuotes, salt, listed) }
	receipt, o := s.answer(x)
	o.Quotes = &dsai.Opening{Salt: salt, Text: string(listed)}
	return s.assemble(x, receipt, s.appendTo(receipt.Subject.Log, s.logLeaf(receipt)), o)
}

// Counting each of 200,000 quotes by reading a passage of 4 MiB would take the
// best part of an hour; the time limit of the tests would end it.
func TestManyQuotesOfALongPassage(t *testing.T) {
	text := strings.Repeat("é", 2<<20)
	quotes := slices.Repeat([]dsai.Quote{{N: 1, Start: 0, End: len(text)}}, 200_000)
	s := newScene(t, "clinic")
	r := check(t, s.quoting(text, 0, quotes), verify.Options{})
	if got := failing(r); slices.Contains(got, "openings") || !slices.Contains(got, "passages") {
		t.Errorf("failing %q, want passages and not openings%s", got, report(r))
	}
}

// Limits count code points, and one that a quote cuts counts whole.
func TestQuoteLimitCountsCodePoints(t *testing.T) {
	const text = "aé€😀z" // bytes: 0, 1-2, 3-5, 6-9, 10
	for _, tt := range []struct{ start, end, points int }{
		{0, 1, 1}, {0, 11, 5}, {1, 3, 1}, {3, 10, 2}, {2, 3, 1}, {2, 4, 2}, {7, 9, 1}, {9, 11, 2},
	} {
		for _, twice := range []int{1, 2} {
			quotes := slices.Repeat([]dsai.Quote{{N: 1, Start: tt.start, End: tt.end}}, twice)
			for _, most := range []int{tt.points * twice, tt.points*twice - 1} {
				if most == 0 {
					continue // no limit
				}
				r := check(t, newScene(t, "clinic").quoting(text, most, quotes), verify.Options{})
				if beyond := slices.Contains(failing(r), "openings"); beyond != (most < tt.points*twice) {
					t.Errorf("%d times bytes %d to %d, at most %d: beyond = %v", twice, tt.start, tt.end, most, beyond)
				}
			}
		}
	}
}

// A passage may be named when no more of it may be quoted.
func TestEmptyQuote(t *testing.T) {
	const text = "aé€😀z"
	for _, at := range []int{0, 3, len(text)} {
		r := check(t, newScene(t, "clinic").quoting(text, 1, []dsai.Quote{{N: 1, Start: at, End: at}, {N: 1, Start: 0, End: 1}}), verify.Options{})
		if slices.Contains(failing(r), "openings") {
			t.Errorf("an empty quote at %d is refused%s", at, report(r))
		}
	}
	r := check(t, newScene(t, "clinic").quoting(text, 1, []dsai.Quote{{N: 1, Start: 3, End: 1}}), verify.Options{})
	if !slices.Contains(failing(r), "openings") {
		t.Errorf("a quote that ends before it begins passes%s", report(r))
	}
}
