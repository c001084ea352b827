// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/vc"
)

// openAdditions opens every collection addition, by collection; those that old
// holds were opened before.
func openAdditions(ctx context.Context, db *store.Store, old map[dsai.Digest]addition) (map[dsai.Digest]addition, map[dsai.Digest][]addition, error) {
	rows, err := db.OfType(ctx, dsai.TypeCollectionAddition)
	if err != nil {
		return nil, nil, err
	}
	all, to := make(map[dsai.Digest]addition, len(rows)), map[dsai.Digest][]addition{}
	for _, r := range rows {
		s, ok := old[r.Digest]
		if !ok {
			if s, err = vc.Open[dsai.CollectionAddition](r.Raw, dsai.TypeCollectionAddition); err != nil {
				return nil, nil, fmt.Errorf("collection addition %s: %w", r.Digest, err)
			}
		}
		all[s.Digest] = s
		to[s.Subject.Collection] = append(to[s.Subject.Collection], s)
	}
	return all, to, nil
}

func (l *library) readCollections(ctx context.Context, db *store.Store) error {
	rows, err := db.MetaUnder(ctx, collectionPrefix)
	if err != nil {
		return err
	}
	for key, text := range rows {
		id, err := dsai.ParseDigest(strings.TrimPrefix(key, collectionPrefix))
		var c collection
		if err := errors.Join(err, json.Unmarshal(text, &c)); err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		l.collections[id] = c
	}
	return nil
}

// Joined is one document of a collection.
type Joined struct {
	Document  string          `json:"document"` // short id
	Title     string          `json:"title"`
	At        dsai.Time       `json:"at"`
	Withdrawn dsai.Time       `json:"withdrawn,omitzero"` // from this collection
	Signed    json.RawMessage `json:"signed"`             // CollectionAddition
}

// joinedTo lists what joined the collection of a consent, oldest first.
func (n *Node) joinedTo(g *grant) []Joined {
	out := []Joined{}
	for _, a := range n.lib.additionsTo(g) {
		j := Joined{Document: shortID("d", a.Subject.Document.Document.Digest), At: a.ValidFrom, Signed: a.Raw}
		if d := n.lib.documentByID(a.Subject.Document.Document); d != nil {
			j.Title = inert.Line(d.Title)
		}
		j.Withdrawn, _ = g.Withdrawn(a.Subject.Document.Document)
		out = append(out, j)
	}
	return out
}

// additionsTo returns the additions to the collection of a consent, oldest first.
func (l *library) additionsTo(g *grant) []addition {
	id := g.Consent.Subject.Data.Collection
	if id == nil {
		return nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []addition
	for _, a := range l.additions {
		if a.Subject.Collection == *id {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b addition) int {
		if a.ValidFrom != b.ValidFrom {
			return int(a.ValidFrom - b.ValidFrom)
		}
		return slices.Compare(a.Digest[:], b.Digest[:])
	})
	return out
}

// fsckConsents compares which consent decides about which document with what
// members signed.
func (n *Node) fsckConsents(ctx context.Context) (string, error) {
	rows, err := n.db.GrantDocuments(ctx)
	if err != nil {
		return "", err
	}
	known := map[dsai.Digest]bool{}
	for _, r := range rows {
		g := n.lib.grant(r.Consent)
		if g == nil {
			return "", fmt.Errorf("consent %s names documents and is not here", short(r.Consent))
		}
		named := slices.ContainsFunc(g.Consent.Subject.Data.Documents, func(d dsai.DocumentGrant) bool { return d.Document == r.Document })
		for _, a := range n.lib.additionsTo(g) {
			if a.Subject.Document.Document == r.Document {
				known[a.Digest] = true
				named = named || a.Digest == r.Addition
			}
		}
		if !named || !r.Addition.IsZero() && !known[r.Addition] {
			return "", fmt.Errorf("nobody signed that consent %s covers document %s", short(r.Consent), shortID("d", r.Document.Digest))
		}
	}
	for d := range n.lib.allAdditions() {
		if !known[d] {
			return "", fmt.Errorf("collection addition %s was signed and is not in effect", short(d))
		}
	}
	return fmt.Sprintf("%d documents are under the consents that name them, %d by additions", len(rows), len(known)), nil
}

// place is a document in a collection.
type place struct {
	collection dsai.Digest
	document   dsai.DocumentID
}

func placeOf(a addition) place { return place{a.Subject.Collection, a.Subject.Document.Document} }

// lastJoined says when each document last joined a collection.
func (l *library) lastJoined() map[place]dsai.Time {
	out := map[place]dsai.Time{}
	for _, a := range l.allAdditions() {
		out[placeOf(a)] = max(out[placeOf(a)], a.Proof[0].Created)
	}
	return out
}

func (l *library) allAdditions() map[dsai.Digest]addition {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.additions // replaced whole by reload, never changed
}
