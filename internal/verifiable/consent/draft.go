// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
)

// ErrTerms reports terms that contradict each other.
var ErrTerms = errors.New("terms contradict each other")

// Term is how long a consent lasts when nobody says.
const Term dsai.Time = 365 * 24 * 3600

// Options say what to draft. Zero values choose the default named at each field.
type Options struct {
	Key     string // did:key of the member's consent key
	Member  dsai.MemberID
	Coop    dsai.CoopID
	Steward dsai.NodeID // also the revocation point
	Data    dsai.DataScope

	For       []string // purposes in any form of purpose.Parse; "answers"
	Never     []string // purposes denied
	Sensitive bool     // the member's own node only: no servers, short staleness
	Share     bool     // also to model servers on other machines; not with Sensitive
	QuoteMax  int      // code points quoted per requester and document; no limit
	From      dsai.Time
	Until     dsai.Time // From + Term
	Basis     string    // "asserted:own"
	Capture   dsai.Capture
}

// Draft returns the consent that "dsai add" asks a member to sign, its end, and
// the words to show before signing, which the consent commits to. Errors are
// those of purpose.Parse and purpose.CheckGrant, ErrTerms, and ErrConsent.
func Draft(o Options) (b dsai.ConsentBundle, until dsai.Time, notice string, err error) {
	fail := func(err error) (dsai.ConsentBundle, dsai.Time, string, error) {
		return dsai.ConsentBundle{}, 0, "", err
	}
	if len(o.For) == 0 {
		o.For = []string{"answers"}
	}
	allow, err := parseAll(o.For)
	if err != nil {
		return fail(err)
	}
	deny, err := parseAll(o.Never)
	if err != nil {
		return fail(err)
	}
	if err := purpose.CheckGrant(allow, deny); err != nil {
		return fail(err)
	}
	if o.Sensitive && o.Share {
		return fail(fmt.Errorf("%w: it is sensitive, so it stays on this node, and is shared with other machines", ErrTerms))
	}
	if o.Until == 0 {
		o.Until = o.From + Term
	}
	if o.Until <= o.From {
		return fail(fmt.Errorf("%w: it ends at %v, before it begins", ErrConsent, o.Until))
	}
	if o.Basis == "" {
		o.Basis = "asserted:own"
	}
	if o.Data.Documents == nil {
		o.Data.Documents = []dsai.DocumentGrant{}
	}

	b = dsai.ConsentBundle{
		ID: o.Key, Member: o.Member, Coop: o.Coop, Steward: o.Steward,
		Data: o.Data, RightsBasis: o.Basis, Categories: []string{},
		Purposes:   dsai.Purposes{Allow: allow, Deny: deny, Vocabulary: purpose.Vocabulary, Digest: purpose.Digest()},
		Operations: []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer},
		Engines:    []dsai.EngineClass{dsai.EngineExtract, dsai.EngineInfer, dsai.EngineUpstream},
		Recipients: []string{dsai.RecipientCoop}, Regions: []string{AnyRegion},
		Output:           dsai.OutputLimits{QuoteMax: o.QuoteMax},
		Revenue:          dsai.RevenueTerms{Share: "policy", Payee: o.Member},
		RevocationPoints: []dsai.NodeID{o.Steward}, MaxStatusAge: Standard.MaxStatusAge,
		Capture: o.Capture,
	}
	if o.Sensitive {
		b.Engines = []dsai.EngineClass{dsai.EngineExtract, dsai.EngineInfer}
		b.MaxStatusAge = Sensitive.MaxStatusAge
	}
	if o.Share {
		b.Operations = append(b.Operations, dsai.OpShare)
		b.Recipients = append(b.Recipients, dsai.RecipientShared)
	}
	notice = Words(b, o.Until)
	b.Notice = dsai.Notice{Digest: NoticeDigest(notice), Language: "en"}
	return b, o.Until, notice, nil
}

// NoticeDigest is what Notice.Digest commits to.
func NoticeDigest(text string) dsai.Digest { return dsai.Hash("notice", []byte(text)) }

// parseAll parses purposes into a sorted list without repeats, never nil.
func parseAll(names []string) ([]string, error) {
	iris := make([]string, 0, len(names))
	for _, n := range names {
		iri, err := purpose.Parse(n)
		if err != nil {
			return nil, err
		}
		iris = append(iris, iri)
	}
	slices.Sort(iris)
	return slices.Compact(iris), nil
}
