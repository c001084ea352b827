// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/identity"
	"dsai.example/dsai/internal/verifiable/vc"
)

// The order of every change of keys: the new key file is durable, then the event
// that brings it into force, then the old key is destroyed. A crash in between
// leaves one key that can sign: a start removes the file that is not in force.

// RotateArgs names a member whose key this node keeps.
type RotateArgs struct {
	Member      string `json:"member"`
	Compromised bool   `json:"compromised"` // the key before may be in other hands
}

// Rotated is a change of keys.
type Rotated struct {
	Name     string      `json:"name"`
	Sequence int         `json:"sequence"` // of the last event
	Event    dsai.Digest `json:"event"`
	Key      string      `json:"key"` // did:key that signs from then on
	From     dsai.Time   `json:"from"`
	New      int         `json:"new"` // events that were not known before
}

// RotateMember gives a member whose key this node keeps another consent key.
func (n *Node) RotateMember(ctx context.Context, a RotateArgs, _ func(any)) (*Rotated, error) {
	if err := n.timed(); err != nil {
		return nil, err
	}
	if err := n.clock.catchUp(ctx); err != nil {
		return nil, err
	}
	// Whole or not at all, whoever goes away.
	ctx = context.WithoutCancel(ctx)
	n.copying.Lock()
	defer n.copying.Unlock()
	n.change.Lock()
	defer n.change.Unlock()
	m, err := n.memberNamed(a.Member)
	if err != nil {
		return nil, err
	}
	if m.keys.Last().Custody != dsai.CustodyNode {
		return nil, &control.Error{Kind: control.Usage, Message: fmt.Sprintf("change the key of %s: it is on a device of their own", m.Name),
			Hint: "there: dsai member rotate; then here: dsai member rotate --file FILE"}
	}
	now := n.clock.now()
	old, err := n.memberSigner(m, now)
	if err != nil {
		return nil, err
	}
	base := memberKey(m.ID) + "-consent"
	name := numbered(base, len(m.keys))
	if err := n.ring.Remove(name); err != nil { // of an attempt that was cut off
		return nil, err
	}
	fresh, err := n.ring.NewMember(name)
	if err != nil {
		return nil, err
	}
	n.keys.mu.Lock()
	defer n.keys.mu.Unlock()
	now = n.clock.now()
	e, err := NewMemberEvent(&m.inc, m.ID, m.events, MemberChange{Old: old, New: fresh, Now: now, Custody: dsai.CustodyNode, Compromised: a.Compromised})
	if err != nil {
		return nil, err
	}
	if err := n.recordMemberKeys(ctx, m, []*identity.Event{e}); err != nil {
		return nil, err
	}
	n.clock.reach(e.ValidFrom)
	return rotated(m.Name, e, 1), n.destroyOld(base, n.lib.member(m.ID).keys, consentKey)
}

// recordMemberKeys stores new events of a member, if they follow those recorded:
// the library could not be read with others. The caller holds keys.mu.
func (n *Node) recordMemberKeys(ctx context.Context, m *member, events []*identity.Event) error {
	if _, err := identity.Member(&m.inc, m.ID, append(slices.Clip(m.events), events...)); err != nil {
		return fmt.Errorf("record key event: %w", err)
	}
	now := n.clock.now()
	err := n.db.Update(ctx, func(tx *store.Tx) error {
		for _, e := range events {
			if err := tx.Put(record(*e, dsai.LeafIdentity, now)); err != nil {
				return err
			}
		}
		return tx.SetMemberKey(m.ID, events[len(events)-1].Subject.Keys.ConsentKey)
	})
	if err != nil {
		return fmt.Errorf("record key event: %w", err)
	}
	n.log.wake()
	return n.lib.reload(ctx, n.db)
}

// timed refuses a change of keys while the clock cannot be believed: keys come
// into force at a time, and never earlier than those before.
func (n *Node) timed() error {
	if n.clock.moment().Untrusted == "" {
		return nil
	}
	return &control.Error{Kind: control.Unavailable, Message: "change keys: the clock cannot be believed", Hint: "when the machine's time is right: dsai node clock accept"}
}

func rotated(name string, e *identity.Event, count int) *Rotated {
	s := e.Subject
	key := s.Keys.ConsentKey
	if key == "" {
		key = s.Keys.ReceiptKey
	}
	return &Rotated{Name: name, Sequence: s.Sequence, Event: e.Digest, Key: key, From: e.ValidFrom, New: count}
}

// MemberChange is what a member's key event says.
type MemberChange struct {
	Old, New    vc.Signer
	Now         dsai.Time
	Custody     dsai.Custody
	Compromised bool
}

// NewMemberEvent signs the next key event of a member, in force from the second
// after: what was signed until now was signed by the key before. The chain key
// stays.
func NewMemberEvent(inception *vc.Sealed[dsai.MemberInception], id dsai.MemberID, events []*identity.Event, c MemberChange) (*identity.Event, error) {
	h, err := identity.Member(inception, id, events)
	if err != nil {
		return nil, err
	}
	s := dsai.KeyEvent{
		ID: c.Old.DID(), Of: id.Digest, Sequence: len(h), Previous: previousEvent(inception.Digest, events), Reason: reason(c.Compromised),
		Keys: dsai.KeySet{ConsentKey: c.New.DID(), ChainKey: h.Last().Set.ChainKey}, Custody: c.Custody,
	}
	e, err := vc.Issue(vc.New(dsai.TypeKeyEvent, c.Old.DID(), s, max(c.Now+1, h.Last().From), 0), c.Now, c.Old, c.New)
	if err != nil {
		return nil, err
	}
	_, err = identity.Member(inception, id, append(slices.Clip(events), &e))
	return &e, err
}

func previousEvent(inception dsai.Digest, events []*identity.Event) dsai.Digest {
	if len(events) == 0 {
		return inception
	}
	return events[len(events)-1].Digest
}

func reason(compromised bool) string {
	if compromised {
		return dsai.KeysCompromised
	}
	return dsai.KeysRotated
}

// RotateNodeArgs names keys of this node by their use.
type RotateNodeArgs struct {
	Keys        []string `json:"keys"` // receipt, log, peer, witness
	Compromised bool     `json:"compromised"`
}

// NodeRotated is a change of the node's keys.
type NodeRotated struct {
	Rotated
	Keys  []string `json:"keys"`
	Epoch int      `json:"epoch"` // of the log from now on
}

// RotateNode gives this node other keys while it runs. With another log key the
// epoch of the log ends and the next one opens; answers wait for that second.
func (n *Node) RotateNode(ctx context.Context, a RotateNodeArgs, _ func(any)) (*NodeRotated, error) {
	uses, err := usesNamed(a.Keys)
	if err != nil {
		return nil, err
	}
	if err := n.timed(); err != nil {
		return nil, err
	}
	if err := n.clock.catchUp(ctx); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	n.copying.Lock()
	defer n.copying.Unlock()
	turns := slices.ContainsFunc(uses, func(u keyUse) bool { return u.file == keyLog })
	if turns {
		n.log.signing.Lock()
		defer n.log.signing.Unlock()
	}
	e, err := n.changeNodeKeys(ctx, uses, a.Compromised)
	if err != nil {
		return nil, fmt.Errorf("change the node's keys: %w", err)
	}
	if turns {
		if err := n.turnLog(ctx); err != nil {
			return nil, fmt.Errorf("the node's keys are changed; start the node again to open the next log: %w", err)
		}
	}
	return &NodeRotated{*rotated("node", e, 1), a.Keys, n.log.current().epoch}, n.destroyNodeKeys()
}

func usesNamed(names []string) ([]keyUse, error) {
	var out []keyUse
	for _, name := range names {
		i := slices.IndexFunc(keyUses, func(u keyUse) bool { return u.name == name })
		if i < 0 || slices.ContainsFunc(out, func(u keyUse) bool { return u.name == name }) {
			return nil, &control.Error{Kind: control.Usage, Message: fmt.Sprintf("change the node's keys: no key %.40q, or named twice", name), Hint: "name some of: " + strings.Join(KeyNames(), ", ")}
		}
		out = append(out, keyUses[i])
	}
	if len(out) == 0 {
		return nil, &control.Error{Kind: control.Usage, Message: "change the node's keys: none is named", Hint: "name some of: " + strings.Join(KeyNames(), ", ")}
	}
	return out, nil
}

// KeyNames are the uses for which a node has keys.
func KeyNames() []string {
	var out []string
	for _, u := range keyUses {
		out = append(out, u.name)
	}
	return out
}

// changeNodeKeys makes the keys and records the event that brings them into force.
func (n *Node) changeNodeKeys(ctx context.Context, uses []keyUse, compromised bool) (*identity.Event, error) {
	k := &n.keys
	k.mu.Lock()
	defer k.mu.Unlock()
	last := k.history.Last()
	set, signers, err := n.makeKeys(uses, last.Set, k.signers[last.Sign])
	if err != nil {
		return nil, err
	}
	now := n.clock.now()
	e, err := vc.Issue(vc.New(dsai.TypeKeyEvent, last.Sign, dsai.KeyEvent{
		ID: last.Sign, Of: n.id.Digest, Sequence: len(k.history), Previous: previousEvent(n.self.Digest, k.events), Reason: reason(compromised), Keys: set,
	}, max(now+1, last.From), 0), now, signers...)
	if err != nil {
		return nil, err
	}
	events := append(slices.Clip(k.events), &e)
	h, err := identity.Node(&n.self, n.id, events)
	if err != nil {
		return nil, err
	}
	if err := n.db.Update(ctx, func(tx *store.Tx) error { return tx.Put(record(e, dsai.LeafIdentity, now)) }); err != nil {
		return nil, err
	}
	k.history, k.events = h, events
	for _, s := range signers {
		k.signers[s.DID()] = s
	}
	n.clock.reach(e.ValidFrom)
	n.log.wake()
	return &e, nil
}

// makeKeys makes keys for some uses, and returns all keys from then on with the
// receipt keys that must sign the event: the old one, and the new if there is one.
func (n *Node) makeKeys(uses []keyUse, set dsai.KeySet, old vc.Signer) (dsai.KeySet, []vc.Signer, error) {
	signers := []vc.Signer{old}
	for _, u := range uses {
		name := numbered(u.file, len(n.keys.history))
		if err := n.ring.Remove(name); err != nil { // of an attempt that was cut off
			return set, nil, err
		}
		s, err := n.ring.NewNode(name)
		if err != nil {
			return set, nil, err
		}
		if *u.did(&set) = s.DID(); u.file == keyReceipt {
			signers = append(signers, s)
		}
	}
	return set, signers, nil
}
