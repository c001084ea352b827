// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/identity"
	"dsai.example/dsai/internal/verifiable/vc"
)

// library is what the node holds and who allows what: documents with their
// consents, in memory, rebuilt from the store at start. It answers the one
// question of the gate, "may this document be used for that, now?", for every
// passage that a search meets, so the answers for a kind of use are decided once
// for each change of consents or status (a view) and then looked up.
type library struct {
	status *statusLists

	loading sync.Mutex // held by reload, so that an older reading never replaces a newer one

	mu         sync.RWMutex
	documents  map[int64]*document
	byID       map[dsai.DocumentID]*document
	grants     map[dsai.Digest]*grant
	members    map[dsai.MemberID]*member
	generation uint64 // grows with every change that a decision rests on
	views      map[viewKey]*permits
	guards     map[*guard]bool
	withheld   map[dsai.Digest]withheld // revocations that are being recorded, by digest
	unread     error                    // why the store, which has changed, could not be read again

	collections map[dsai.Digest]collection
	additions   map[dsai.Digest]addition
}

// document is a store.Document with its current version and the consents that
// name it.
type document struct {
	store.Document
	version store.Version
	grants  []*grant // newest first: by when the document was named, then by arrival
	taken   taken
}

// taken says that a document was taken back, under whichever consent.
type taken struct {
	last  dsai.Time // when that took effect the last time; zero: never
	times int
}

func (t *taken) note(o taken) {
	t.last, t.times = max(t.last, o.last), t.times+o.times
}

type grant struct {
	*consent.Grant
	state store.Grant
}

// stands reports whether nobody withdrew the consent or replaced it, and its time
// has not run out. Which documents it covers then is for Covers to say.
func (g *grant) stands(now dsai.Time) bool {
	return g.state.Revoked == 0 && g.state.Superseded.IsZero() && now <= g.Consent.ValidUntil
}

// reduced reports whether any of what the consent lent is not lent under it any
// more.
func (g *grant) reduced(now dsai.Time) bool {
	return !g.stands(now) || slices.ContainsFunc(g.Consent.Subject.Data.Documents, func(d dsai.DocumentGrant) bool {
		_, taken := g.Withdrawn(d.Document)
		return taken
	})
}

type member struct {
	store.Member
	num uint32 // counts contributors for the ranking's cap
	inc vc.Sealed[dsai.MemberInception]

	keys   identity.History
	events []*identity.Event // that made it, in order
}

// loadLibrary reads all of it from the store.
func loadLibrary(ctx context.Context, db *store.Store, st *statusLists) (*library, error) {
	l := &library{status: st, views: map[viewKey]*permits{}, guards: map[*guard]bool{}, withheld: map[dsai.Digest]withheld{}}
	if err := l.reload(ctx, db); err != nil {
		return nil, fmt.Errorf("load library: %w", err)
	}
	return l, nil
}

// reload reads the library again after the store changed, whoever asked for the
// change and has gone since. When it returns nothing is sent any more that rests
// on what no longer holds. While the store cannot be read nothing is permitted:
// what it would say may be a withdrawal.
func (l *library) reload(ctx context.Context, db *store.Store) error {
	fresh, err := l.reread(context.WithoutCancel(ctx), db)
	l.mu.Lock()
	if l.unread = err; err == nil {
		l.documents, l.byID, l.grants, l.members = fresh.documents, fresh.byID, fresh.grants, fresh.members
		l.collections, l.additions = fresh.collections, fresh.additions
	}
	stopped := l.changedLocked()
	l.mu.Unlock()
	l.loading.Unlock()
	awaitSends(stopped)
	return err
}

// reread takes loading, which its caller releases.
func (l *library) reread(ctx context.Context, db *store.Store) (*library, error) {
	l.loading.Lock()
	fresh := &library{documents: map[int64]*document{}, byID: map[dsai.DocumentID]*document{}, grants: map[dsai.Digest]*grant{}, members: map[dsai.MemberID]*member{},
		collections: map[dsai.Digest]collection{}}
	if err := errors.Join(fresh.readMembers(ctx, db), fresh.readDocuments(ctx, db), fresh.readCollections(ctx, db)); err != nil {
		return nil, err
	}
	return fresh, fresh.readGrants(ctx, db, l)
}

// mend reads the library again if that failed the last time.
func (l *library) mend(ctx context.Context, db *store.Store) error {
	l.mu.RLock()
	unread := l.unread
	l.mu.RUnlock()
	if unread == nil {
		return nil
	}
	if err := l.reload(ctx, db); err != nil {
		return fmt.Errorf("%w: %w", errUnread, err)
	}
	return nil
}

// withheld is what a revocation covers.
type withheld struct {
	consent   dsai.Digest
	documents map[dsai.DocumentID]bool // empty: all
}

// withhold takes out of use what a revocation covers, before it is recorded: no
// answer begins in between that the receipt of the withdrawal would call misuse.
func (l *library) withhold(d dsai.Digest, r dsai.Revocation) {
	l.mu.Lock()
	l.withheld[d] = withheld{r.Consent, setOf(r.Documents)}
	stopped := l.changedLocked()
	l.mu.Unlock()
	awaitSends(stopped)
}

// release ends withhold: the library has read the revocation, or it was not
// recorded.
func (l *library) release(d dsai.Digest) {
	l.mu.Lock()
	delete(l.withheld, d)
	l.changedLocked()
	l.mu.Unlock()
}

// withholdsLocked reports whether a document is withheld under a consent.
func (l *library) withholdsLocked(consent dsai.Digest, d dsai.DocumentID) bool {
	for _, r := range l.withheld {
		if r.consent == consent && (len(r.documents) == 0 || r.documents[d]) {
			return true
		}
	}
	return false
}

func (l *library) readMembers(ctx context.Context, db *store.Store) error {
	ms, err := db.Members(ctx)
	if err != nil {
		return err
	}
	events, err := keyEvents(ctx, db)
	if err != nil {
		return err
	}
	for i, m := range ms {
		raw, err := db.Raw(ctx, m.Inception)
		if err != nil {
			return err
		}
		inc, err := vc.Open[dsai.MemberInception](raw, dsai.TypeMemberInception)
		if err != nil {
			return fmt.Errorf("member %s: %w", m.Name, err)
		}
		mine := events[m.ID.Digest]
		keys, err := identity.Member(&inc, m.ID, mine)
		if err != nil {
			return fmt.Errorf("member %s: %w", m.Name, err)
		}
		l.members[m.ID] = &member{m, uint32(i), inc, keys, mine}
	}
	return nil
}

func (l *library) readDocuments(ctx context.Context, db *store.Store) error {
	ds, err := db.Documents(ctx)
	if err != nil {
		return err
	}
	for _, d := range ds {
		doc := &document{Document: d}
		l.documents[d.Num], l.byID[d.ID] = doc, doc
	}
	vs, err := db.CurrentVersions(ctx)
	for _, v := range vs {
		// A document stored since then is not known: whoever stored it reloads.
		if d := l.documents[v.Document]; d != nil {
			d.version = v
		}
	}
	return err
}

// readGrants opens every consent; those that old holds were opened before.
func (l *library) readGrants(ctx context.Context, db *store.Store, old *library) error {
	states, err := db.Grants(ctx)
	if err != nil {
		return err
	}
	revoked, err := readRevoked(ctx, db)
	if err != nil {
		return err
	}
	var parts consent.Parts
	for _, r := range revoked {
		parts.Revocations = append(parts.Revocations, r.Sealed)
	}
	all, joining, err := openAdditions(ctx, db, old.additions)
	if err != nil {
		return err
	}
	l.additions = all
	for _, d := range l.documents {
		if !d.Quarantine.IsZero() {
			parts.Quarantined = append(parts.Quarantined, d.ID)
		}
	}
	for _, st := range states {
		p := parts
		if p.Consent, err = openConsent(ctx, db, st.Consent, old.grants); err != nil {
			return fmt.Errorf("consent %s: %w", st.Consent, err)
		}
		if c := p.Consent.Subject.Data.Collection; c != nil {
			p.Additions = joining[*c]
		}
		g, err := consent.New(p)
		if err != nil {
			return fmt.Errorf("consent %s: %w", st.Consent, err)
		}
		l.grants[st.Consent] = &grant{g, st}
	}
	named, err := db.GrantDocuments(ctx)
	if err != nil {
		return err
	}
	l.govern(named)
	l.takeBack(revoked)
	return nil
}

// takeBack notes when documents were taken back: withdrawn, alone or with all that
// a consent covers, or forgotten. A withdrawal counts from when it took effect for
// those who audit, and not from when its signer says: that may be any time.
func (l *library) takeBack(revoked []revoked) {
	whole := map[dsai.Digest]taken{}
	for _, r := range revoked {
		once := taken{r.recorded + underWay, 1}
		if len(r.Subject.Documents) == 0 {
			all := whole[r.Subject.Consent]
			all.note(once)
			whole[r.Subject.Consent] = all
		}
		for _, id := range r.Subject.Documents {
			if d := l.byID[id]; d != nil {
				d.taken.note(once)
			}
		}
	}
	for _, d := range l.documents {
		for _, g := range d.grants {
			d.taken.note(whole[g.Consent.Digest])
		}
		if d.Secret == nil {
			d.taken.note(taken{d.Gone, 1})
		}
	}
}

// govern puts the consents that name a document in order. A document that
// joined a collection was named when its last addition was signed.
func (l *library) govern(named []store.GrantDocument) {
	at, joined := map[*document]map[*grant]dsai.Time{}, l.lastJoined()
	for _, n := range named {
		d, g := l.byID[n.Document], l.grants[n.Consent]
		if d == nil || g == nil {
			continue
		}
		d.grants = append(d.grants, g)
		if at[d] == nil {
			at[d] = map[*grant]dsai.Time{}
		}
		at[d][g] = g.Consent.Proof[0].Created
		if a, ok := l.additions[n.Addition]; ok { // or a later one, in homes where a replay took its place
			at[d][g] = joined[placeOf(a)]
		}
	}
	for d, when := range at {
		slices.SortStableFunc(d.grants, func(a, b *grant) int { return int(when[b] - when[a]) })
	}
}

func openConsent(ctx context.Context, db *store.Store, d dsai.Digest, old map[dsai.Digest]*grant) (vc.Sealed[dsai.ConsentBundle], error) {
	if g := old[d]; g != nil {
		return g.Consent, nil
	}
	raw, err := db.Raw(ctx, d)
	if err != nil {
		return vc.Sealed[dsai.ConsentBundle]{}, err
	}
	return vc.Open[dsai.ConsentBundle](raw, dsai.TypeConsentBundle)
}

// revoked is a revocation, and when the node had it.
type revoked struct {
	vc.Sealed[dsai.Revocation]
	recorded dsai.Time
}

// readRevoked reads what was taken from consents.
func readRevoked(ctx context.Context, db *store.Store) ([]revoked, error) {
	rows, err := db.OfType(ctx, dsai.TypeRevocation)
	if err != nil {
		return nil, err
	}
	out := make([]revoked, 0, len(rows))
	for _, r := range rows {
		s, err := vc.Open[dsai.Revocation](r.Raw, dsai.TypeRevocation)
		if err != nil {
			return nil, err
		}
		out = append(out, revoked{s, r.Created})
	}
	return out, nil
}

func openType[S any](ctx context.Context, db *store.Store, typ string) ([]vc.Sealed[S], error) {
	rows, err := db.OfType(ctx, typ)
	if err != nil {
		return nil, err
	}
	out := make([]vc.Sealed[S], 0, len(rows))
	for _, r := range rows {
		s, err := vc.Open[S](r.Raw, typ)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// changedLocked begins a new generation: every view is void, and every answer
// that rests on what no longer holds is stopped. It returns the guards of those.
func (l *library) changedLocked() (stopped []*guard) {
	l.generation++
	clear(l.views)
	for g := range l.guards {
		if why := l.brokenLocked(g); why != nil {
			g.stop(why)
			stopped = append(stopped, g)
		}
	}
	return stopped
}

// Kinds of use

// viewKey is what a decision depends on, beside documents and time.
type viewKey struct {
	purpose   string
	search    bool
	engine    dsai.EngineClass
	model     dsai.Digest
	role      string
	requester string
	sharing   bool
	ceiling   dsai.Seconds // of the policy on the age of status lists
}

// permits is the decision for every document, under one status list.
type permits struct {
	generation uint64
	status     *consent.Status
	expires    dsai.Time // decisions may change at this time
	reasons    map[int64]string
	by         map[int64]permit
}

// permit is the consent that allows a document.
type permit struct {
	grant    *grant
	addition *dsai.Digest
}

// view decides, or looks up, which documents may be used.
func (l *library) view(k viewKey, q consent.Query) (*permits, error) {
	st, seen, err := l.status.current(q.At.Now, q.StatusCeiling)
	if err != nil {
		return nil, err
	}
	l.mu.RLock()
	if err := l.unread; err != nil {
		l.mu.RUnlock()
		return nil, fmt.Errorf("%w: %w", errUnread, err)
	}
	v := l.views[k]
	if v != nil && v.generation == l.generation && v.status == st && q.At.Now < v.expires && q.At.Untrusted == "" {
		l.mu.RUnlock()
		return v, nil
	}
	v = l.decideLocked(q, st, seen)
	l.mu.RUnlock()

	l.mu.Lock()
	if v.generation == l.generation && q.At.Untrusted == "" {
		if len(l.views) > 256 {
			clear(l.views) // many requesters: forget, do not grow
		}
		l.views[k] = v
	}
	l.mu.Unlock()
	return v, nil
}

// viewLife bounds how long decisions are kept, so that a consent that begins or
// ends is noticed within a second.
const viewLife = 1

func (l *library) decideLocked(q consent.Query, st *consent.Status, seen consent.Seen) *permits {
	v := &permits{generation: l.generation, status: st, expires: q.At.Now + viewLife,
		reasons: map[int64]string{}, by: make(map[int64]permit, len(l.documents))}
	decided := make(map[*grant]consent.Reason, len(l.grants))
	for num, d := range l.documents {
		p, reason := l.decideDocumentLocked(d, &q, st, seen, decided)
		if reason == consent.OK {
			v.by[num] = p
		} else {
			v.reasons[num] = string(reason)
		}
	}
	return v
}

// noConsent is the exclusion reason of a document that no consent names.
const noConsent = consent.Document

func (l *library) decideDocumentLocked(d *document, q *consent.Query, st *consent.Status, seen consent.Seen, decided map[*grant]consent.Reason) (permit, consent.Reason) {
	g := d.governing()
	if g == nil || d.Gone != 0 || d.Secret == nil {
		return permit{}, noConsent
	}
	if l.withholdsLocked(g.Consent.Digest, d.ID) {
		return permit{}, consent.Revoked
	}
	r, ok := decided[g]
	if !ok {
		r = g.Decide(q, st, seen)
		decided[g] = r
	}
	if r == consent.OK {
		r = g.Listed(st, d.ID)
	}
	if r != consent.OK {
		return permit{}, r
	}
	add, r := g.Covers(q.At, d.ID, d.Version)
	return permit{g, add}, r
}

// governing is the one consent that decides about a document: the newest that
// names it. An older one never takes over when that is narrower, ends or is
// withdrawn: whoever changes their mind means it. It is nil without any.
func (d *document) governing() *grant {
	for _, g := range d.grants {
		if g.state.Superseded.IsZero() {
			return g
		}
	}
	return nil
}

// withdrawn reports whether its member took a document back, under the consent
// that decides about it. Its file may be gone as well, and it may be set aside.
func (d *document) withdrawn() bool {
	g := d.governing()
	if g == nil {
		return false
	}
	_, taken := g.Withdrawn(d.ID)
	return taken || g.state.Revoked != 0
}

// Look-ups

func (l *library) document(num int64) *document {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.documents[num]
}

func (l *library) documentByID(id dsai.DocumentID) *document {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.byID[id]
}

func (l *library) grant(d dsai.Digest) *grant {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.grants[d]
}

func (l *library) member(id dsai.MemberID) *member {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.members[id]
}

// allDocuments returns the documents in order of arrival.
func (l *library) allDocuments() []*document {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := make([]*document, 0, len(l.documents))
	for _, n := range slices.Sorted(maps.Keys(l.documents)) {
		out = append(out, l.documents[n])
	}
	return out
}

func (l *library) allGrants() []*grant {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := slices.Collect(maps.Values(l.grants))
	slices.SortFunc(out, func(a, b *grant) int {
		if c := int(b.Consent.Proof[0].Created - a.Consent.Proof[0].Created); c != 0 {
			return c
		}
		return slices.Compare(a.Consent.Digest[:], b.Consent.Digest[:])
	})
	return out
}

func (l *library) allMembers() []*member {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := slices.Collect(maps.Values(l.members))
	slices.SortFunc(out, func(a, b *member) int { return int(a.num) - int(b.num) })
	return out
}
