// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
)

// KeptConsent is a consent that went on deciding about documents that were
// added again.
type KeptConsent struct {
	Consent   dsai.Digest `json:"consent"`
	Short     string      `json:"short"`
	Documents int         `json:"documents"` // of the contribution
}

// TermsChanged says how documents are lent from now on that were lent under
// other terms, or that were added as sensitive and are not lent.
type TermsChanged struct {
	Consent   dsai.Digest  `json:"consent"` // the old one; zero, and Short "", when they are not lent
	Short     string       `json:"short"`
	Documents int          `json:"documents"`
	Terms     []TermChange `json:"terms"`
}

// TermChange is one term, in words.
type TermChange struct {
	Name  string `json:"name"`
	Old   string `json:"old"`
	New   string `json:"new"`
	Wider bool   `json:"wider"` // allows more than before
}

// place puts the documents of a contribution under a consent each: the one in
// force where that stays, else a new one. It signs nothing when c asks first and
// something would be wider.
func (n *Node) place(ctx context.Context, m *member, docs []*document, c Contribution, out *Contributed) error {
	var kept []*grant
	elsewhere := c.Signed != nil || c.Additions != nil
	if !elsewhere {
		var err error
		if kept, docs, err = n.standing(m, docs, c); err != nil {
			return err
		}
		if out.Changes, err = n.termsChanged(m, docs, c); err != nil {
			return err
		}
		if c.Ask {
			if out.Words, err = n.asks(m, docs, c, anyWider(out.Changes)); err != nil || out.Words != "" {
				out.Asks = err == nil
				return err
			}
		}
	}
	out.keep(kept)
	g := (*grant)(nil)
	if len(docs) > 0 {
		var err error
		if g, out.Joined, err = n.consentFor(ctx, m, docs, c); err != nil {
			return err
		}
	} else {
		g = kept[0]
	}
	out.Collection = n.collectionName(g)
	out.Consent, out.Short = g.Consent.Digest, shortID("c", g.Consent.Digest)
	out.Words = consent.Words(g.Consent.Subject, g.Consent.ValidUntil)
	return nil
}

// asks returns the words to be agreed to before anything is signed, "" when
// nobody has to be asked: the terms are no wider than before, and a new consent
// permits only what the purposes named in it say.
func (n *Node) asks(m *member, docs []*document, c Contribution, wider bool) (string, error) {
	if len(docs) == 0 {
		return "", nil
	}
	o := n.draftOptions(m, docs, c, n.clock.now())
	if c.Collection != "" {
		id, g, err := n.collectionNamed(m, c.Collection)
		if err != nil {
			return "", err
		}
		if g != nil { // agreed to when the collection began
			if !wider {
				return "", nil
			}
			return consent.Words(g.Consent.Subject, g.Consent.ValidUntil), nil
		}
		o.Data = collectionScope(id)
	}
	b, _, words, err := consent.Draft(o)
	if err != nil || !wider && (c.Agreed || !consent.AsksMore(b)) {
		return "", err
	}
	return words, nil
}

// keep counts documents by the consent that stays.
func (out *Contributed) keep(kept []*grant) {
	for _, g := range kept {
		i := slices.IndexFunc(out.Kept, func(k KeptConsent) bool { return k.Consent == g.Consent.Digest })
		if i < 0 {
			i = len(out.Kept)
			out.Kept = append(out.Kept, KeptConsent{Consent: g.Consent.Digest, Short: shortID("c", g.Consent.Digest)})
		}
		out.Kept[i].Documents++
	}
}

// standing returns the consents that stay, one for each of their documents, and
// the documents that need another: a consent stays when c names no terms or the
// same, so that adding twice changes nothing.
func (n *Node) standing(m *member, docs []*document, c Contribution) (kept []*grant, rest []*document, err error) {
	if c.Collection != "" {
		return nil, docs, nil // which documents are in it already, it knows itself
	}
	b, _, _, err := consent.Draft(n.draftOptions(m, nil, c, n.clock.now()))
	if err != nil {
		return nil, nil, err
	}
	want := termsOf(b)
	for _, d := range docs {
		g := n.lentUnder(d)
		if g != nil && (c.Keep || termsOf(g.Consent.Subject) == want && (c.Until == 0 || c.Until == g.Consent.ValidUntil)) {
			kept = append(kept, g)
		} else {
			rest = append(rest, d)
		}
	}
	return kept, rest, nil
}

// lentUnder returns the consent under which a document is lent as it is now; nil
// without one.
func (n *Node) lentUnder(d *document) *grant {
	g := d.governing()
	if g == nil || !g.stands(n.clock.now()) {
		return nil
	}
	if _, r := g.Covers(n.clock.moment(), d.ID, d.Version); r != consent.OK {
		return nil
	}
	return g
}

// termsOf is what a consent says, without over which documents.
func termsOf(b dsai.ConsentBundle) string {
	b.ID = "" // another key of the same member agrees to the same
	b.Data, b.Notice, b.Supersedes = dsai.DataScope{Documents: []dsai.DocumentGrant{}}, dsai.Notice{}, nil
	return string(mustCanonical(b))
}

// termsChanged compares what documents are lent under with what c asks for. Of
// those that are not lent it says that they would no longer be sensitive.
func (n *Node) termsChanged(m *member, docs []*document, c Contribution) ([]TermsChanged, error) {
	b, until, _, err := consent.Draft(n.draftOptions(m, nil, c, n.clock.now()))
	if err != nil {
		return nil, err
	}
	if c.Collection != "" {
		_, g, err := n.collectionNamed(m, c.Collection)
		if err != nil {
			return nil, err
		}
		if g != nil {
			b, until, docs = g.Consent.Subject, g.Consent.ValidUntil, n.toJoin(g, docs)
		}
	}
	var out []TermsChanged
	for _, d := range docs {
		var t TermsChanged
		switch g := n.lentUnder(d); {
		case g != nil:
			t = TermsChanged{Consent: g.Consent.Digest, Short: shortID("c", g.Consent.Digest)}
			t.Terms = compareTerms(g.Consent.Subject, g.Consent.ValidUntil, b, until)
		case d.sensitive() && !sensitive(b): // no longer lent, or not yet; this is not lost by saying nothing
			t.Terms = []TermChange{{"sensitive", yesNo(true), yesNo(false), true}}
		default:
			continue
		}
		i := slices.IndexFunc(out, func(o TermsChanged) bool { return o.Consent == t.Consent })
		if i < 0 {
			i = len(out)
			out = append(out, t)
		}
		out[i].Documents++
	}
	return slices.DeleteFunc(out, func(t TermsChanged) bool { return len(t.Terms) == 0 }), nil
}

// compareTerms lists the terms that differ.
func compareTerms(old dsai.ConsentBundle, oldUntil dsai.Time, b dsai.ConsentBundle, until dsai.Time) []TermChange {
	before, _ := purpose.Permitted(old.Purposes.Allow, old.Purposes.Deny)
	after, _ := purpose.Permitted(b.Purposes.Allow, b.Purposes.Deny)
	lessDenied := slices.ContainsFunc(old.Purposes.Deny, func(p string) bool { return !slices.Contains(b.Purposes.Deny, p) })
	was, is := old.Output.QuoteMax, b.Output.QuoteMax
	all := []TermChange{
		{"for", purposeNames(old.Purposes.Allow), purposeNames(b.Purposes.Allow), !after.Within(before)},
		{"never for", purposeNames(old.Purposes.Deny), purposeNames(b.Purposes.Deny), lessDenied},
		{"ends", oldUntil.String(), until.String(), until > oldUntil},
		{"sensitive", yesNo(sensitive(old)), yesNo(sensitive(b)), sensitive(old) && !sensitive(b)},
		{"shared", yesNo(consent.Shared(old)), yesNo(consent.Shared(b)), !consent.Shared(old) && consent.Shared(b)},
		{"quotes", quoteWords(was), quoteWords(is), was != 0 && (is == 0 || is > was)},
	}
	return slices.DeleteFunc(all, func(t TermChange) bool { return t.Old == t.New })
}

func anyWider(changes []TermsChanged) bool {
	return slices.ContainsFunc(changes, func(t TermsChanged) bool {
		return slices.ContainsFunc(t.Terms, func(c TermChange) bool { return c.Wider })
	})
}

func sensitive(b dsai.ConsentBundle) bool { return b.MaxStatusAge <= consent.Sensitive.MaxStatusAge }

// sensitive reports whether a document is lent as sensitive. The consent that
// decides about it says so; until there is one, whoever added it did.
func (d *document) sensitive() bool {
	if g := d.governing(); g != nil {
		return sensitive(g.Consent.Subject)
	}
	return d.Sensitive
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func quoteWords(most int) string {
	if most == 0 {
		return "no limit"
	}
	return "at most " + strconv.Itoa(most) + " characters"
}

func purposeNames(iris []string) string {
	if len(iris) == 0 {
		return "nothing"
	}
	var names []string
	for _, iri := range iris {
		names = append(names, purpose.Short(iri))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
