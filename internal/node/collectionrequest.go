// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Formats of the files by which documents join a collection whose member signs
// elsewhere.
const (
	AdditionRequestFormat = "dsai-addition-request/1"
	SignedAdditionsFormat = "dsai-addition/1"
)

// AdditionRequest asks a member to let documents join a collection that they
// consented to before. It holds no terms: those are the consent's.
type AdditionRequest struct {
	Format     string                    `json:"format"`
	Coop       string                    `json:"coop"` // name, for people
	Member     string                    `json:"member"`
	Collection string                    `json:"collection"` // name, for people
	Titles     []string                  `json:"titles"`     // of the documents, in order
	Additions  []dsai.CollectionAddition `json:"additions"`
	From       dsai.Time                 `json:"from"`
}

// SignedAdditions is what comes back.
type SignedAdditions struct {
	Format    string            `json:"format"`
	Name      string            `json:"name"`
	Inception json.RawMessage   `json:"inception"`
	Additions []json.RawMessage `json:"additions"`
}

// requestCollection makes the request that lets documents join a collection:
// with the consent over it, unless that was signed before.
func (n *Node) requestCollection(ctx context.Context, m *member, docs []*document, c Contribution, out *RequestResult) error {
	id, g, err := n.collectionNamed(m, c.Collection)
	if err != nil {
		return err
	}
	now := n.clock.now()
	if g != nil {
		if err := n.sameCollectionTerms(m, g, c); err != nil {
			return err
		}
		docs = n.toJoin(g, docs)
		if len(docs) == 0 {
			return errors.New("request additions: all of these are in the collection already")
		}
		r := &AdditionRequest{Format: AdditionRequestFormat, Coop: n.charter.Subject.Name, Member: m.Name, Collection: c.Collection, From: now}
		r.Titles, r.Additions = n.asked(m, *g.Consent.Subject.Data.Collection, docs)
		out.Additions = r
		return nil
	}
	o := n.draftOptions(m, nil, c, now)
	o.Capture = dsai.Capture{Method: "request-file", Custody: dsai.CustodyDevice}
	o.Data = collectionScope(id)
	if _, _, _, err := consent.Draft(o); err != nil {
		return err // before a name is given away
	}
	if id.IsZero() {
		if id, err = n.newCollection(ctx, m, c.Collection); err != nil {
			return err
		}
	}
	o.Data = collectionScope(id)
	b, until, words, err := consent.Draft(o)
	if err != nil {
		return err
	}
	index, err := n.freeStatusIndex()
	if err != nil {
		return err
	}
	out.Request = &ConsentRequest{
		Format: RequestFormat, Coop: n.charter.Subject.Name, Member: m.Name, Collection: c.Collection, Words: words, Subject: b,
		From: now, Until: until, Status: *vc.NewStatusEntry(listURI(n.id), index),
	}
	out.Request.Titles, out.Request.Additions = n.asked(m, id, docs)
	return nil
}

// asked is what would be signed for documents to join a collection.
func (n *Node) asked(m *member, id dsai.Digest, docs []*document) (titles []string, adds []dsai.CollectionAddition) {
	for _, d := range docs {
		titles = append(titles, inert.Line(d.Title))
		adds = append(adds, n.additionOf(m, id, d))
	}
	return titles, adds
}
