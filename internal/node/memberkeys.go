// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/identity"
	"dsai.example/dsai/internal/verifiable/vc"
)

// errFork reports two chains of key events for one member.
var errFork = errors.New("two key events of the same number")

// KeysFormat is the value of MemberKeys.Format.
const KeysFormat = "dsai-member-keys/1"

// MemberKeys is how a member with keys of their own tells operators that the keys
// changed: all key events since the inception, in order. It holds nothing secret.
type MemberKeys struct {
	Format    string            `json:"format"`
	Name      string            `json:"name"`
	Inception json.RawMessage   `json:"inception"`
	Events    []json.RawMessage `json:"events"`
}

// Chain is a MemberKeys that was opened and followed.
type Chain struct {
	ID        dsai.MemberID
	Inception vc.Sealed[dsai.MemberInception]
	Events    []*identity.Event
	Keys      identity.History
}

// Open checks every signature and that the events follow one another. Who the
// member is, it cannot know.
func (k *MemberKeys) Open() (*Chain, error) {
	var c Chain
	var err error
	if c.Inception, err = vc.Open[dsai.MemberInception](k.Inception, dsai.TypeMemberInception); err != nil {
		return nil, err
	}
	if c.ID, err = vc.MemberID(c.Inception.Subject); err != nil {
		return nil, err
	}
	for i, raw := range k.Events {
		e, err := vc.Open[dsai.KeyEvent](raw, dsai.TypeKeyEvent)
		if err != nil {
			return nil, fmt.Errorf("key event %d: %w", i+1, err)
		}
		c.Events = append(c.Events, &e)
	}
	c.Keys, err = identity.Member(&c.Inception, c.ID, c.Events)
	return &c, err
}

// AcceptKeys records the key events that a member made on a device of their own.
// What the node knows already changes nothing.
func (n *Node) AcceptKeys(ctx context.Context, k MemberKeys, _ func(any)) (*Rotated, error) {
	c, err := k.Open()
	if err != nil {
		return nil, fmt.Errorf("accept key events: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	n.keys.mu.Lock() // nobody's consent is judged meanwhile
	defer n.keys.mu.Unlock()
	m := n.lib.member(c.ID)
	if m == nil {
		return nil, fmt.Errorf("accept key events of member %s: %w", shortID("m", c.ID.Digest), ErrNotMember)
	}
	if c.Inception.Digest != m.inc.Digest {
		// The id is of what an inception says, not of its date or signature.
		return nil, fmt.Errorf("accept key events of %s: they follow another inception than the one recorded here; hand in the file of the first one: %w", m.Name, errNotOurs)
	}
	if len(c.Events) == 0 {
		return nil, fmt.Errorf("accept key events of %s: there are none: %w", m.Name, errNotOurs)
	}
	for i, e := range c.Events[:min(len(c.Events), len(m.events))] {
		if e.Digest != m.events[i].Digest {
			n.slog.WarnContext(ctx, "key events of a member fork: one of their keys may be stolen", "member", m.ID, "event", i+1)
			return nil, fmt.Errorf("accept key events of %s: %w: another event %d is recorded here", m.Name, errFork, i+1)
		}
	}
	if len(c.Events) <= len(m.events) {
		return rotated(m.Name, m.events[len(m.events)-1], 0), nil
	}
	fresh := c.Events[len(m.events):]
	if err := n.checkEvents(ctx, m, fresh); err != nil {
		return nil, fmt.Errorf("accept key events of %s: %w", m.Name, err)
	}
	if err := n.recordMemberKeys(ctx, m, fresh); err != nil {
		return nil, err
	}
	return rotated(m.Name, fresh[len(fresh)-1], len(fresh)), nil
}

// checkEvents refuses sound events that this node cannot honour.
func (n *Node) checkEvents(ctx context.Context, m *member, events []*identity.Event) error {
	now := n.clock.now()
	for _, e := range events {
		switch {
		case m.Custody != dsai.CustodyDevice || e.Subject.Custody != dsai.CustodyDevice:
			return fmt.Errorf("key event %d: it must be made, and its key kept, on a device of the member's own: %w", e.Subject.Sequence, errNotOurs)
		case e.Subject.Reason == dsai.KeysRecovered:
			return fmt.Errorf("key event %d: this version does not accept recovery by contacts: %w", e.Subject.Sequence, errNotOurs)
		case e.ValidFrom > now.Add(consent.Skew.Std()):
			return fmt.Errorf("key event %d is in force from %v on, and it is %v: hand it in then: %w", e.Subject.Sequence, e.ValidFrom, now, errNotOurs)
		}
	}
	// What was honoured stays: answers rest on it. Whoever wants to undo what a
	// thief signed revokes it, which works with any key.
	signed, err := n.lastSigned(ctx, m)
	if err == nil && events[0].ValidFrom <= signed {
		err = fmt.Errorf("key event %d is in force from %v on, and the key before signed until %v what is honoured here: make another event, and revoke what was not theirs: %w",
			events[0].Subject.Sequence, events[0].ValidFrom, signed, errNotOurs)
	}
	return err
}

// lastSigned is when a member last signed anything kept here with the key in
// force, leaving out what is dated ahead.
func (n *Node) lastSigned(ctx context.Context, m *member) (last dsai.Time, err error) {
	until := n.clock.now().Add(consent.Skew.Std())
	for _, typ := range []string{dsai.TypeConsentBundle, dsai.TypeConsentDelegation, dsai.TypeCollectionAddition,
		dsai.TypeObjection, dsai.TypeUndertaking, dsai.TypePolicyAdoption} {
		rows, err := n.db.OfType(ctx, typ)
		if err != nil {
			return 0, err
		}
		for _, r := range rows {
			// What claims to be from later was not honoured honestly, and must not
			// bind its signer to the key that made it.
			if at := signedBy(r, m.keys.Last().Sign); at <= until {
				last = max(last, at)
			}
		}
	}
	return last, nil
}

// signedBy is when a stored credential was signed with a key, zero if it was not.
func signedBy(c store.Credential, did string) dsai.Time {
	var v struct {
		Issuer string      `json:"issuer"`
		Proof  dsai.Proofs `json:"proof"`
	}
	if json.Unmarshal(c.Raw, &v) != nil || v.Issuer != did || len(v.Proof) == 0 {
		return 0 // fsck says what is wrong with it
	}
	return v.Proof[0].Created
}
