// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"slices"

	"dsai.example/dsai"
)

// state is what the library held at a time. It is never changed.
type state map[dsai.DocumentID]*document

// asItIs returns the state of the library now.
func (l *library) asItIs() state {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.byID // replaced whole by reload, never changed
}

// takenSince reports whether a document was taken back after s was.
func (s state) takenSince(d *document) bool {
	var before taken
	if was := s[d.ID]; was != nil {
		before = was.taken
	}
	return d.taken != before
}

// follower is a consent that has taken the place of one that is withdrawn, and the
// documents that leave with it.
type follower struct {
	consent   dsai.Digest
	documents []dsai.DocumentID
}

// followers returns the consents under which documents of g are lent now that took
// its place: one that replaced g, and one under which documents came after s, the
// library when the withdrawal was asked for, such as by an addition that was under
// way. Whoever withdraws means those too. A consent that decides about a document
// beside g, and was there already, they were shown, and it stays.
func (n *Node) followers(g *grant, documents []dsai.DocumentID, s state) []follower {
	if len(documents) == 0 {
		documents = n.documentsOf(g)
	}
	heirs := map[dsai.Digest]bool{}
	for next := g; next != nil && !next.state.Superseded.IsZero() && !heirs[next.state.Superseded]; next = n.lib.grant(next.state.Superseded) {
		heirs[next.state.Superseded] = true
	}
	var out []follower
	for _, id := range documents {
		d := n.lib.documentByID(id)
		if d == nil {
			continue
		}
		now := d.governing()
		if now == nil || now == g || now.state.Revoked != 0 || !heirs[now.Consent.Digest] && s.governedBy(id, now) {
			continue
		}
		if _, gone := now.Withdrawn(id); gone {
			continue
		}
		i := slices.IndexFunc(out, func(f follower) bool { return f.consent == now.Consent.Digest })
		if i < 0 {
			i = len(out)
			out = append(out, follower{consent: now.Consent.Digest})
		}
		out[i].documents = append(out[i].documents, id)
	}
	return out
}

// governedBy reports whether a consent decided about a document in s.
func (s state) governedBy(id dsai.DocumentID, g *grant) bool {
	d := s[id]
	if d == nil {
		return false
	}
	was := d.governing()
	return was != nil && was.Consent.Digest == g.Consent.Digest
}
