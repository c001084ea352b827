// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/vc"
)

type addition = vc.Sealed[dsai.CollectionAddition]

// collection is what one consent covers and documents join one by one. Its id
// is random, and its name stays here: consents carry only the id.
type collection struct {
	Member dsai.MemberID `json:"member"`
	Name   string        `json:"name"`
}

const collectionPrefix = "collection-" // of meta keys; the id follows

// checkCollectionName refuses names that would be taken for another reference.
func checkCollectionName(name string) error {
	if name == "" || len(name) > 80 || name != strings.TrimSpace(inert.Name(name)) || strings.ContainsAny(name, `/\#`) || len(name) > 1 && name[1] == '-' {
		return &control.Error{Kind: control.Usage, Message: fmt.Sprintf("collection %.80q: not a name", name),
			Hint: "1 to 80 characters without slashes, and not like an id such as c-1234"}
	}
	return nil
}

// collectionName is what people call the collection of a consent, "" without one.
func (n *Node) collectionName(g *grant) string {
	id := g.Consent.Subject.Data.Collection
	if id == nil {
		return ""
	}
	n.lib.mu.RLock()
	defer n.lib.mu.RUnlock()
	if c, ok := n.lib.collections[*id]; ok {
		return inert.Line(c.Name)
	}
	return shortID("k", *id)
}

// over returns the consent over a collection, whatever its state; nil without one.
func (l *library) over(id dsai.Digest) *grant {
	for _, g := range l.allGrants() {
		if c := g.Consent.Subject.Data.Collection; c != nil && *c == id {
			return g
		}
	}
	return nil
}

// collectionNamed returns a member's collection by its name: with the consent
// in force over it, or without one while none was signed (then id may be zero
// too). A name that was withdrawn is not taken up again by itself: a watched
// folder must not undo it.
func (n *Node) collectionNamed(m *member, name string) (id dsai.Digest, g *grant, err error) {
	if err := checkCollectionName(name); err != nil {
		return id, nil, err
	}
	withdrawn := false
	for c, got := range n.lib.collectionsNamed(name) {
		if got.Member != m.ID {
			continue
		}
		switch over := n.lib.over(c); {
		case over == nil:
			id = c
		case over.stands(n.clock.now()):
			return c, over, nil
		default:
			withdrawn = withdrawn || over.state.Revoked != 0
		}
	}
	if withdrawn {
		return id, nil, &control.Error{Kind: control.Refused, Message: fmt.Sprintf("collection %q of %s was withdrawn", name, m.Name),
			Hint: "lend again under another collection name"}
	}
	return id, nil, nil
}

// collectionsNamed returns the collections of a name, of whichever members.
func (l *library) collectionsNamed(name string) map[dsai.Digest]collection {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := map[dsai.Digest]collection{}
	for id, c := range l.collections {
		if strings.EqualFold(c.Name, name) {
			out[id] = c
		}
	}
	return out
}

// collectionGrant finds the consent in force over the collection of a name; nil
// without one.
func (n *Node) collectionGrant(name string) (found *grant, err error) {
	for id := range n.lib.collectionsNamed(name) {
		g := n.lib.over(id)
		if g == nil || !g.stands(n.clock.now()) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("collection %q: %w: several members have one", name, store.ErrAmbiguous)
		}
		found = g
	}
	return found, nil
}

// newCollection gives a name a random id.
func (n *Node) newCollection(ctx context.Context, m *member, name string) (dsai.Digest, error) {
	id := dsai.Digest(newSalt())
	text, err := json.Marshal(collection{m.ID, name})
	if err != nil {
		return id, err
	}
	err = n.db.Update(ctx, func(tx *store.Tx) error { return tx.SetMeta(collectionPrefix+id.String(), text) })
	if err != nil {
		return id, fmt.Errorf("name collection: %w", err)
	}
	return id, n.lib.reload(ctx, n.db)
}
