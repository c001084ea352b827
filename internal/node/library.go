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
}

// document is a store.Document with its current version and the consents that
// name it.
type document struct {
	store.Document
	version store.Version
	grants  []*grant // newest first: by signature, then by arrival
}

type grant struct {
	*consent.Grant
	state store.Grant
}

type member struct {
	store.Member
	num uint32 // counts contributors for the ranking's cap
	inc vc.Sealed[dsai.MemberInception]
}

// loadLibrary reads all of it from the store.
func loadLibrary(ctx context.Context, db *store.Store, st *statusLists) (*library, error) {
	l := &library{status: st, views: map[viewKey]*permits{}, guards: map[*guard]bool{}}
	if err := l.reload(ctx, db); err != nil {
		return nil, fmt.Errorf("load library: %w", err)
	}
	return l, nil
}

// reload reads the library again after the store changed.
func (l *library) reload(ctx context.Context, db *store.Store) error {
	l.loading.Lock()
	defer l.loading.Unlock()
	fresh := &library{documents: map[int64]*document{}, byID: map[dsai.DocumentID]*document{}, grants: map[dsai.Digest]*grant{}, members: map[dsai.MemberID]*member{}}
	if err := errors.Join(fresh.readMembers(ctx, db), fresh.readDocuments(ctx, db)); err != nil {
		return err
	}
	if err := fresh.readGrants(ctx, db, l.grants); err != nil {
		return err
	}
	l.mu.Lock()
	l.documents, l.byID, l.grants, l.members = fresh.documents, fresh.byID, fresh.grants, fresh.members
	l.changedLocked()
	l.mu.Unlock()
	return nil
}

func (l *library) readMembers(ctx context.Context, db *store.Store) error {
	ms, err := db.Members(ctx)
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
		l.members[m.ID] = &member{m, uint32(i), inc}
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
func (l *library) readGrants(ctx context.Context, db *store.Store, old map[dsai.Digest]*grant) error {
	states, err := db.Grants(ctx)
	if err != nil {
		return err
	}
	parts, err := readParts(ctx, db)
	if err != nil {
		return err
	}
	for _, d := range l.documents {
		if !d.Quarantine.IsZero() {
			parts.Quarantined = append(parts.Quarantined, d.ID)
		}
	}
	for _, st := range states {
		p := parts
		if p.Consent, err = openConsent(ctx, db, st.Consent, old); err != nil {
			return fmt.Errorf("consent %s: %w", st.Consent, err)
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
	for _, n := range named {
		if d, g := l.byID[n.Document], l.grants[n.Consent]; d != nil && g != nil {
			d.grants = append(d.grants, g)
		}
	}
	for _, d := range l.documents {
		slices.SortStableFunc(d.grants, func(a, b *grant) int {
			return int(b.Consent.Proof[0].Created - a.Consent.Proof[0].Created)
		})
	}
	return nil
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

// readParts reads what is added to and taken from consents.
func readParts(ctx context.Context, db *store.Store) (consent.Parts, error) {
	var p consent.Parts
	adds, err1 := openType[dsai.CollectionAddition](ctx, db, dsai.TypeCollectionAddition)
	revs, err2 := openType[dsai.Revocation](ctx, db, dsai.TypeRevocation)
	p.Additions, p.Revocations = adds, revs
	return p, errors.Join(err1, err2)
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
// that rests on what no longer holds is stopped.
func (l *library) changedLocked() {
	l.generation++
	clear(l.views)
	for g := range l.guards {
		if !l.holdsLocked(g) {
			g.stop(errRevoked)
		}
	}
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
	st, seen, err := l.status.current(q.At.Now)
	if err != nil {
		return nil, err
	}
	l.mu.RLock()
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
		p, reason := decideDocument(d, &q, st, seen, decided)
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

func decideDocument(d *document, q *consent.Query, st *consent.Status, seen consent.Seen, decided map[*grant]consent.Reason) (permit, consent.Reason) {
	g := d.governing()
	if g == nil || d.Gone != 0 || d.Secret == nil {
		return permit{}, noConsent
	}
	r, ok := decided[g]
	if !ok {
		r = g.Decide(q, st, seen)
		decided[g] = r
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

// Guards

var errRevoked = errors.New("consent withdrawn")

// guard watches over the consents that a running answer rests on.
type guard struct {
	uses []dsai.Use
	stop context.CancelCauseFunc
}

// watch returns a context that ends with errRevoked when a consent under one of
// the uses is withdrawn. The caller calls done.
func (l *library) watch(ctx context.Context, uses []dsai.Use) (_ context.Context, done func()) {
	ctx, stop := context.WithCancelCause(ctx)
	g := &guard{uses, stop}
	l.mu.Lock()
	l.guards[g] = true
	if !l.holdsLocked(g) {
		stop(errRevoked)
	}
	l.mu.Unlock()
	return ctx, func() {
		l.mu.Lock()
		delete(l.guards, g)
		l.mu.Unlock()
		stop(nil)
	}
}

func (l *library) holdsLocked(g *guard) bool {
	for _, u := range g.uses {
		c, d := l.grants[u.Consent], l.byID[u.Document]
		if c == nil || d == nil || d.Secret == nil || d.Gone != 0 || !d.Quarantine.IsZero() || d.governing() != c {
			return false
		}
		if _, gone := c.Withdrawn(u.Document); gone {
			return false
		}
	}
	return true
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
