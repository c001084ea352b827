// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

const (
	t0   dsai.Time = 1_800_000_000
	list           = "urn:dsai:list:1"
	alix           = "did:key:zDnAlix"
)

var (
	coop    = dsai.CoopID{Digest: id("coop")}
	member  = dsai.MemberID{Digest: id("member")}
	steward = dsai.NodeID{Digest: id("node")}
	docA    = dsai.DocumentID{Digest: id("a")}
	docB    = dsai.DocumentID{Digest: id("b")}
	docC    = dsai.DocumentID{Digest: id("c")}
	v1, v2  = id("v1"), id("v2")
	answers = iri("answers")
)

func id(s string) dsai.Digest { return dsai.Hash("test", []byte(s)) }

func iri(s string) string {
	i, err := purpose.Parse(s)
	if err != nil {
		panic(err)
	}
	return i
}

// seal makes what opening a signed credential yields; signatures are vc's.
func seal[S any](typ, issuer string, subject S, from, until dsai.Time) vc.Sealed[S] {
	c := vc.New(typ, issuer, subject, from, until)
	canon, err := vc.Canonical(subject)
	if err != nil {
		panic(err)
	}
	return vc.Sealed[S]{Credential: c, Digest: dsai.Hash("test", canon)}
}

func options() consent.Options {
	return consent.Options{
		Key: alix, Member: member, Coop: coop, Steward: steward, From: t0,
		Data: dsai.DataScope{Documents: []dsai.DocumentGrant{
			{Document: docA, Mode: dsai.ModeFollowing},
			{Document: docB, Mode: dsai.ModeFrozen, Version: &v1},
		}},
		Capture: dsai.Capture{Method: "cli", Custody: dsai.CustodyDevice},
	}
}

// draft returns the parts of a default consent after edit changed its terms.
func draft(t testing.TB, edit func(*dsai.ConsentBundle)) consent.Parts {
	t.Helper()
	b, until, _, err := consent.Draft(options())
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(&b)
	}
	c := seal(dsai.TypeConsentBundle, alix, b, t0, until)
	c.Status = vc.NewStatusEntry(list, 7)
	return consent.Parts{Consent: c}
}

func grant(t testing.TB, p consent.Parts) *consent.Grant {
	t.Helper()
	g, err := consent.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func status(t testing.TB, sequence uint64, from dsai.Time, revoked ...int) *consent.Status {
	t.Helper()
	var bits vc.Bits
	for _, i := range revoked {
		if err := bits.Revoke(i); err != nil {
			t.Fatal(err)
		}
	}
	text, err := vc.EncodeBits(&bits)
	if err != nil {
		t.Fatal(err)
	}
	s, err := consent.OpenStatus(seal(dsai.TypeStatusList, "did:key:z6MkNode", dsai.StatusList{
		ID: vc.ListID(list), Type: vc.StatusListType, StatusPurpose: vc.StatusPurpose,
		EncodedList: text, Coop: coop, Node: steward, Sequence: sequence,
	}, from, from+300))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func query() consent.Query {
	return consent.Query{
		At: consent.Moment{Now: t0 + 100}, Purpose: answers, Operations: []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer},
		Engine: dsai.EngineExtract, Model: id("model"), Role: dsai.RecipientCoop, Requester: "did:key:zDnAsker",
	}
}

func TestDecide(t *testing.T) {
	type bundle = dsai.ConsentBundle
	share := func(b *bundle) {
		b.Operations = append(b.Operations, dsai.OpShare)
		b.Recipients = append(b.Recipients, dsai.RecipientShared)
	}
	for _, tc := range []struct {
		name  string
		terms func(*bundle)
		ask   func(*consent.Query)
		want  consent.Reason
	}{
		{"default", nil, nil, consent.OK},
		{"upstream on this machine", nil, func(q *consent.Query) { q.Engine = dsai.EngineUpstream }, consent.OK},
		{"first second", nil, func(q *consent.Query) { q.At.Now = t0 }, consent.OK},
		{"before it", nil, func(q *consent.Query) { q.At.Now = t0 - 1 }, consent.NotYetValid},
		{"after it", nil, func(q *consent.Query) { q.At.Now = t0 + consent.Term + 1 }, consent.Expired},
		{"clock behind", nil, func(q *consent.Query) { q.At.Untrusted = consent.ClockBehind }, consent.ClockBehind},
		{"clock before purpose", nil, func(q *consent.Query) { q.At.Untrusted, q.Purpose = consent.ClockJumped, "" }, consent.ClockJumped},

		{"other purpose", nil, func(q *consent.Query) { q.Purpose = iri("marketing") }, consent.Purpose},
		{"no purpose", nil, func(q *consent.Query) { q.Purpose = "" }, consent.Purpose},
		{"top", nil, func(q *consent.Query) { q.Purpose = purpose.Top }, consent.Purpose},
		{"denied narrower", func(b *bundle) {
			b.Purposes.Allow, b.Purposes.Deny = []string{iri("marketing")}, []string{iri("Advertising")}
		}, func(q *consent.Query) { q.Purpose = iri("TargetedAdvertising") }, consent.Purpose},
		{"one of two parents", func(b *bundle) { b.Purposes.Allow = []string{iri("ResearchAndDevelopment")} },
			func(q *consent.Query) { q.Purpose = iri("CommercialResearch") }, consent.Purpose},

		{"operation not named", nil, func(q *consent.Query) { q.Operations = append(q.Operations, dsai.OpEmbed) }, consent.Operation},
		{"operation unknown", nil, func(q *consent.Query) { q.Operations = []dsai.Operation{"sell"} }, consent.Operation},
		{"no operation", nil, func(q *consent.Query) { q.Operations = nil }, consent.Operation},
		{"infer does not imply retrieve", func(b *bundle) { b.Operations = []dsai.Operation{dsai.OpInfer} }, nil, consent.Operation},

		{"engine not named", func(b *bundle) { b.Engines = []dsai.EngineClass{dsai.EngineExtract} },
			func(q *consent.Query) { q.Engine = dsai.EngineInfer }, consent.Engine},
		{"engine unknown", nil, func(q *consent.Query) { q.Engine = "magic" }, consent.Engine},
		{"model named", func(b *bundle) { b.Models = []dsai.Digest{id("model")} }, nil, consent.OK},
		{"model not named", func(b *bundle) { b.Models = []dsai.Digest{id("other")} }, nil, consent.Model},

		{"public asks coop", nil, func(q *consent.Query) { q.Role = dsai.RecipientPublic }, consent.Recipient},
		{"coop asks public", func(b *bundle) { b.Recipients = []string{dsai.RecipientPublic} }, nil, consent.OK},
		{"no role", nil, func(q *consent.Query) { q.Role = "" }, consent.Recipient},
		{"named requester", func(b *bundle) { b.Recipients = []string{"did:key:zDnAsker"} }, func(q *consent.Query) { q.Role = "" }, consent.OK},
		{"another named", func(b *bundle) { b.Recipients = []string{"did:key:zDnOther"} }, nil, consent.Recipient},
		{"shared needs the operation", func(b *bundle) { b.Recipients = append(b.Recipients, dsai.RecipientShared) },
			func(q *consent.Query) { q.Sharing = true }, consent.Operation},
		{"shared needs the recipient", func(b *bundle) { b.Operations = append(b.Operations, dsai.OpShare) },
			func(q *consent.Query) { q.Sharing = true }, consent.Recipient},
		{"shared with both", share, func(q *consent.Query) { q.Sharing = true }, consent.OK},
		{"third party is no requester", func(b *bundle) { b.Recipients = []string{dsai.RecipientShared} }, nil, consent.Recipient},

		{"any region", nil, func(q *consent.Query) { q.Region = "KE" }, consent.OK},
		{"region named", func(b *bundle) { b.Regions = []string{"KE", "TZ"} }, func(q *consent.Query) { q.Region = "TZ" }, consent.OK},
		{"region not named", func(b *bundle) { b.Regions = []string{"KE"} }, func(q *consent.Query) { q.Region = "TZ" }, consent.Region},
		{"region not stated", func(b *bundle) { b.Regions = []string{"KE"} }, nil, consent.Region},
	} {
		g, q := grant(t, draft(t, tc.terms)), query()
		if tc.ask != nil {
			tc.ask(&q)
		}
		// A list that is fresh at any of these times.
		if got := g.Decide(&q, status(t, 1, q.At.Now), consent.Seen{}); got != tc.want {
			t.Errorf("%s: Decide(%+v) = %s, want %s", tc.name, q, got, tc.want)
		}
	}
}

func TestDecideStatus(t *testing.T) {
	now := t0 + 10_000
	fresh := func() *consent.Status { return status(t, 5, now-300) }
	other := dsai.NodeID{Digest: id("other node")}
	for _, tc := range []struct {
		name   string
		status func() *consent.Status
		ask    func(*consent.Query)
		seen   consent.Seen
		want   consent.Reason
	}{
		{"fresh", fresh, nil, consent.Seen{}, consent.OK},
		{"none", func() *consent.Status { return nil }, nil, consent.Seen{}, consent.StatusMissing},
		{"bit set", func() *consent.Status { return status(t, 5, now, 7) }, nil, consent.Seen{}, consent.Revoked},
		{"neighbours set", func() *consent.Status { return status(t, 5, now, 6, 8) }, nil, consent.Seen{}, consent.OK},
		{"bit set in an old list", func() *consent.Status { return status(t, 5, t0, 7) }, nil, consent.Seen{}, consent.Revoked},
		{"from the next second", func() *consent.Status { return status(t, 5, now+1) }, nil, consent.Seen{}, consent.StatusStale},
		{"last second", func() *consent.Status { return status(t, 5, now-300) }, nil, consent.Seen{}, consent.OK},
		{"one second later", func() *consent.Status { return status(t, 5, now-301) }, nil, consent.Seen{}, consent.StatusStale},
		{"valid for long but older than the consent allows", func() *consent.Status {
			s := status(t, 5, now-301)
			s.Until = now + 3600
			return s
		}, nil, consent.Seen{}, consent.StatusStale},
		{"young but ended", func() *consent.Status {
			s := status(t, 5, now-20)
			s.Until = now - 1
			return s
		}, nil, consent.Seen{}, consent.StatusStale},
		{"policy is stricter", fresh, func(q *consent.Query) { q.StatusCeiling = 200 }, consent.Seen{}, consent.StatusStale},
		{"policy cannot loosen", func() *consent.Status {
			s := status(t, 5, now-400)
			s.Until = now + 3600
			return s
		}, func(q *consent.Query) { q.StatusCeiling = 86400 }, consent.Seen{}, consent.StatusStale},
		{"other node", func() *consent.Status { s := fresh(); s.Node = other; return s }, nil, consent.Seen{}, consent.StatusUnverified},
		{"other co-op", func() *consent.Status { s := fresh(); s.Coop = dsai.CoopID{}; return s }, nil, consent.Seen{}, consent.StatusUnverified},
		{"other list", func() *consent.Status { s := fresh(); s.List = "urn:dsai:list:2"; return s }, nil, consent.Seen{}, consent.StatusUnverified},
		{"older sequence", fresh, nil, consent.Seen{Sequence: 6, Digest: id("six")}, consent.StatusSequence},
		{"fork", fresh, nil, consent.Seen{Sequence: 5, Digest: id("fork")}, consent.StatusSequence},
		{"newer than seen", fresh, nil, consent.Seen{Sequence: 4, Digest: id("four")}, consent.OK},
	} {
		g, q := grant(t, draft(t, nil)), query()
		q.At.Now = now
		if tc.ask != nil {
			tc.ask(&q)
		}
		if got := g.Decide(&q, tc.status(), tc.seen); got != tc.want {
			t.Errorf("%s: Decide = %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestListed(t *testing.T) {
	g := grant(t, draft(t, nil))
	list := func(withdrawn ...dsai.Digest) dsai.StatusList {
		text, err := vc.EncodeBits(new(vc.Bits))
		if err != nil {
			t.Fatal(err)
		}
		return dsai.StatusList{ID: vc.ListID(list), Type: vc.StatusListType, StatusPurpose: vc.StatusPurpose,
			EncodedList: text, Coop: coop, Node: steward, Sequence: 1, Withdrawn: withdrawn}
	}
	s, err := consent.OpenStatus(seal(dsai.TypeStatusList, "did:key:z6MkNode", list(dsai.WithdrawnDocument(g.Consent.Digest, docA)), t0, t0+300))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := g.Listed(s, docA), g.Listed(s, docB); a != consent.Revoked || b != consent.OK {
		t.Errorf("Listed = %v and %v, want %v and %v", a, b, consent.Revoked, consent.OK)
	}
	if _, err := consent.OpenStatus(seal(dsai.TypeStatusList, "did:key:z6MkNode", list(id("b"), id("b")), t0, t0+300)); !errors.Is(err, dsai.ErrSyntax) {
		t.Errorf("OpenStatus(a document twice) = %v, want %v", err, dsai.ErrSyntax)
	}
}

func TestSeen(t *testing.T) {
	five, six := status(t, 5, t0), status(t, 6, t0)
	m, err := consent.Seen{}.Accept(six)
	if err != nil || m.Sequence != 6 {
		t.Fatalf("Accept(6) = %+v, %v", m, err)
	}
	if n, err := m.Accept(six); err != nil || n != m {
		t.Errorf("Accept(6 again) = %+v, %v", n, err)
	}
	if n, err := m.Accept(five); !errors.Is(err, consent.ErrOlder) || n != m {
		t.Errorf("Accept(5 after 6) = %+v, %v, want ErrOlder", n, err)
	}
	forked := status(t, 6, t0, 1)
	if n, err := m.Accept(forked); !errors.Is(err, consent.ErrFork) || n != m {
		t.Errorf("Accept(another 6) = %+v, %v, want ErrFork", n, err)
	}
}

func TestOpenStatusRefuses(t *testing.T) {
	good := dsai.StatusList{ID: vc.ListID(list), Type: vc.StatusListType, StatusPurpose: vc.StatusPurpose, Coop: coop, Node: steward}
	good.EncodedList, _ = vc.EncodeBits(new(vc.Bits))
	for _, tc := range []struct {
		name  string
		edit  func(*dsai.StatusList)
		until dsai.Time
	}{
		{"other type", func(s *dsai.StatusList) { s.Type = "Other" }, t0 + 1},
		{"suspension", func(s *dsai.StatusList) { s.StatusPurpose = "suspension" }, t0 + 1},
		{"no list", func(s *dsai.StatusList) { s.ID = vc.ListID("") }, t0 + 1},
		{"short id", func(s *dsai.StatusList) { s.ID = "l" }, t0 + 1},
		{"bits", func(s *dsai.StatusList) { s.EncodedList = "uAAAA" }, t0 + 1},
		{"no end", func(*dsai.StatusList) {}, 0},
		{"no time", func(*dsai.StatusList) {}, t0},
	} {
		s := good
		tc.edit(&s)
		if _, err := consent.OpenStatus(seal(dsai.TypeStatusList, "did:key:z6MkNode", s, t0, tc.until)); !errors.Is(err, dsai.ErrSyntax) {
			t.Errorf("%s: OpenStatus = %v, want ErrSyntax", tc.name, err)
		}
	}
}

func TestCoversAndRevocations(t *testing.T) {
	collection := id("collection")
	base := draft(t, func(b *dsai.ConsentBundle) { b.Data.Collection = &collection })
	addition := func(edit func(*dsai.CollectionAddition), from, until dsai.Time) vc.Sealed[dsai.CollectionAddition] {
		a := dsai.CollectionAddition{ID: alix, Member: member, Coop: coop, Collection: collection,
			Document: dsai.DocumentGrant{Document: docC, Mode: dsai.ModeFrozen, Version: &v1}}
		if edit != nil {
			edit(&a)
		}
		return seal(dsai.TypeCollectionAddition, alix, a, from, until)
	}
	revocation := func(consent dsai.Digest, docs ...dsai.DocumentID) vc.Sealed[dsai.Revocation] {
		return seal(dsai.TypeRevocation, alix, dsai.Revocation{ID: alix, Member: member, Coop: coop, Consent: consent, Documents: docs,
			Effective: t0 + 500}, t0, 0)
	}
	plain := addition(nil, t0, 0)
	now := t0 + 100
	for _, tc := range []struct {
		name      string
		additions []vc.Sealed[dsai.CollectionAddition]
		revoked   []vc.Sealed[dsai.Revocation]
		held      []dsai.DocumentID
		document  dsai.DocumentID
		version   dsai.Digest
		want      consent.Reason
	}{
		{name: "followed, first version", document: docA, version: v1, want: consent.OK},
		{name: "followed, later version", document: docA, version: v2, want: consent.OK},
		{name: "frozen at it", document: docB, version: v1, want: consent.OK},
		{name: "frozen elsewhere", document: docB, version: v2, want: consent.Document},
		{name: "not named", document: docC, version: v1, want: consent.Document},
		{name: "added", additions: []vc.Sealed[dsai.CollectionAddition]{plain}, document: docC, version: v1, want: consent.OK},
		{name: "added, other version", additions: []vc.Sealed[dsai.CollectionAddition]{plain}, document: docC, version: v2, want: consent.Document},
		{name: "added later", additions: []vc.Sealed[dsai.CollectionAddition]{addition(nil, now+1, 0)}, document: docC, version: v1, want: consent.NotYetValid},
		{name: "added for a while", additions: []vc.Sealed[dsai.CollectionAddition]{addition(nil, t0, now-1)}, document: docC, version: v1, want: consent.Expired},
		{name: "added twice, second holds", additions: []vc.Sealed[dsai.CollectionAddition]{addition(nil, t0, now-1), plain},
			document: docC, version: v1, want: consent.OK},
		{name: "added to another collection", additions: []vc.Sealed[dsai.CollectionAddition]{
			addition(func(a *dsai.CollectionAddition) { a.Collection = id("x") }, t0, 0)}, document: docC, version: v1, want: consent.Document},
		{name: "added by another member", additions: []vc.Sealed[dsai.CollectionAddition]{
			addition(func(a *dsai.CollectionAddition) { a.Member = dsai.MemberID{} }, t0, 0)}, document: docC, version: v1, want: consent.Document},
		{name: "added frozen at nothing", additions: []vc.Sealed[dsai.CollectionAddition]{
			addition(func(a *dsai.CollectionAddition) { a.Document.Version = nil }, t0, 0)}, document: docC, version: v1, want: consent.Document},
		{name: "quarantined", held: []dsai.DocumentID{docA}, document: docA, version: v1, want: consent.Quarantined},
		{name: "another quarantined", held: []dsai.DocumentID{docB}, document: docA, version: v1, want: consent.OK},
		{name: "document revoked", revoked: []vc.Sealed[dsai.Revocation]{revocation(base.Consent.Digest, docA)}, document: docA, version: v1, want: consent.Revoked},
		{name: "other document revoked", revoked: []vc.Sealed[dsai.Revocation]{revocation(base.Consent.Digest, docB)}, document: docA, version: v1, want: consent.OK},
		{name: "all revoked", revoked: []vc.Sealed[dsai.Revocation]{revocation(base.Consent.Digest)}, document: docA, version: v1, want: consent.Revoked},
		{name: "other consent revoked", revoked: []vc.Sealed[dsai.Revocation]{revocation(id("x"))}, document: docA, version: v1, want: consent.OK},
	} {
		p := base
		p.Additions, p.Revocations, p.Quarantined = tc.additions, tc.revoked, tc.held
		g := grant(t, p)
		a, got := g.Covers(consent.Moment{Now: now}, tc.document, tc.version)
		if got != tc.want {
			t.Errorf("%s: Covers = %s, want %s", tc.name, got, tc.want)
		}
		if wantAddition := got == consent.OK && tc.document == docC; (a != nil) != wantAddition {
			t.Errorf("%s: Covers returns addition %v, want one: %v", tc.name, a, wantAddition)
		}
		// The effective time lies ahead of now: seeing the revocation is enough.
		_, withdrawn := g.Withdrawn(tc.document)
		if withdrawn != (tc.want == consent.Revoked) {
			t.Errorf("%s: Withdrawn = %v", tc.name, withdrawn)
		}
	}

	p := base
	p.Revocations = []vc.Sealed[dsai.Revocation]{revocation(base.Consent.Digest)}
	q := query()
	if got := grant(t, p).Decide(&q, status(t, 1, now), consent.Seen{}); got != consent.Revoked {
		t.Errorf("Decide after a revocation = %s, want %s", got, consent.Revoked)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*vc.Sealed[dsai.ConsentBundle])
	}{
		{"no end", func(c *vc.Sealed[dsai.ConsentBundle]) { c.ValidUntil = 0 }},
		{"no status", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Status = nil }},
		{"odd status", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Status.StatusPurpose = "suspension" }},
		{"no point", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.RevocationPoints = nil }},
		{"other issuer", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Issuer = "did:key:zDnMallory" }},
		{"top purpose", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Purposes.Allow = []string{purpose.Top} }},
		{"unknown denial", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Purposes.Deny = []string{"urn:x"} }},
		{"other vocabulary", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Purposes.Digest = id("x") }},
		{"unknown operation", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Operations = []dsai.Operation{"sell"} }},
		{"operation twice", func(c *vc.Sealed[dsai.ConsentBundle]) {
			c.Subject.Operations = []dsai.Operation{dsai.OpInfer, dsai.OpInfer}
		}},
		{"no engine", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Engines = nil }},
		{"empty models", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Models = []dsai.Digest{} }},
		{"unknown recipient", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Recipients = []string{"world"} }},
		{"no recipient", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Recipients = nil }},
		{"unknown region", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Regions = []string{"ke"} }},
		{"no region", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Regions = nil }},
		{"no staleness", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.MaxStatusAge = 0 }},
		{"too stale", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.MaxStatusAge = consent.MaxStatusAge + 1 }},
		{"negative quotes", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Output.QuoteMax = -1 }},
		{"no notice", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Notice.Digest = dsai.Digest{} }},
		{"no data", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Data = dsai.DataScope{} }},
		{"document twice", func(c *vc.Sealed[dsai.ConsentBundle]) {
			d := c.Subject.Data.Documents[0]
			c.Subject.Data.Documents = []dsai.DocumentGrant{d, d}
		}},
		{"unknown mode", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Data.Documents[0].Mode = "thawed" }},
		{"unknown basis", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.RightsBasis = "proven" }},
		{"unknown share", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Revenue.Share = "all" }},
		{"unknown custody", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Capture.Custody = "cloud" }},
		{"unknown capture", func(c *vc.Sealed[dsai.ConsentBundle]) { c.Subject.Capture.Method = "silence" }},
	} {
		p := draft(t, nil)
		tc.edit(&p.Consent)
		if _, err := consent.New(p); !errors.Is(err, consent.ErrConsent) {
			t.Errorf("%s: New = %v, want ErrConsent", tc.name, err)
		}
	}
}

func TestQuoteLeft(t *testing.T) {
	limited := grant(t, draft(t, func(b *dsai.ConsentBundle) { b.Output.QuoteMax = 100 }))
	for _, tc := range []struct {
		g          *consent.Grant
		used, left int
		want       consent.Reason
	}{
		{grant(t, draft(t, nil)), 1 << 30, -1, consent.OK},
		{limited, 0, 100, consent.OK},
		{limited, 99, 1, consent.OK},
		{limited, 100, 0, consent.OutputLimit},
		{limited, 101, 0, consent.OutputLimit},
	} {
		if left, got := tc.g.QuoteLeft(tc.used); left != tc.left || got != tc.want {
			t.Errorf("QuoteLeft(%d) = %d, %s, want %d, %s", tc.used, left, got, tc.left, tc.want)
		}
	}
}

func TestBound(t *testing.T) {
	for _, tc := range []struct {
		name string
		p    consent.Profile
		want dsai.Seconds
	}{
		{"default", consent.Standard, 365},
		{"sensitive", consent.Sensitive, 45},
		{"thirty days, lists of five minutes", consent.ProfileFor(consent.MaxStatusAge), 365},
		{"one minute", consent.ProfileFor(60), 125},
		{"sensitive by age", consent.ProfileFor(30), 45},
	} {
		if got := tc.p.Bound(); got != tc.want {
			t.Errorf("%s: Bound() = %d, want %d", tc.name, got, tc.want)
		}
	}
}

// BenchmarkDecide200Grants is what a node does for each distinct purpose, engine
// and class of requester.
func BenchmarkDecide200Grants(b *testing.B) {
	var grants []*consent.Grant
	for i := range 200 {
		p := draft(b, func(c *dsai.ConsentBundle) {
			c.Output.QuoteMax = i
			if i%10 == 0 {
				c.Purposes.Allow = []string{iri("care")}
			}
		})
		p.Consent.Status = vc.NewStatusEntry(list, i*600)
		grants = append(grants, grant(b, p))
	}
	s, q, seen := status(b, 1, t0), query(), consent.Seen{}
	b.ReportAllocs()
	for b.Loop() {
		permitted := 0
		for _, g := range grants {
			if g.Decide(&q, s, seen) == consent.OK {
				permitted++
			}
		}
		if permitted != 180 {
			b.Fatal(permitted)
		}
	}
}

func BenchmarkCovers(b *testing.B) {
	p := draft(b, func(c *dsai.ConsentBundle) {
		for i := range 1000 {
			c.Data.Documents = append(c.Data.Documents, dsai.DocumentGrant{Document: dsai.DocumentID{Digest: id(strconv.Itoa(i))}, Mode: dsai.ModeFollowing})
		}
	})
	g := grant(b, p)
	b.ReportAllocs()
	for b.Loop() {
		if _, r := g.Covers(consent.Moment{Now: t0}, docA, v1); r != consent.OK {
			b.Fatal(r)
		}
	}
}

func TestReasonsHaveWords(t *testing.T) {
	all := []consent.Reason{
		consent.OK, consent.ClockBehind, consent.ClockJumped, consent.Revoked, consent.NotYetValid, consent.Expired, consent.Purpose,
		consent.Operation, consent.Engine, consent.Model, consent.Recipient, consent.Region, consent.StatusMissing, consent.StatusUnverified,
		consent.StatusSequence, consent.StatusStale, consent.Document, consent.Quarantined, consent.OutputLimit,
	}
	for i, r := range all {
		if r.Words() == "" || slices.Contains(all[:i], r) {
			t.Errorf("reason %q: words %q, or not unique", r, r.Words())
		}
	}
}
