// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/identity"
	"dsai.example/dsai/internal/verifiable/vc"
)

// nodeKeys are the keys of this node: what they were and are, and the receipt
// keys that can sign here.
//
// A signature is judged by the key in force at its time, so whoever signs asks
// for the key of the time that the signature will carry. Keys change from the
// second after an event was made, while mu keeps everybody from asking.
type nodeKeys struct {
	mu      sync.RWMutex // taken after Node.change and nodeLog.signing, before the store's; also held while a member's key changes
	history identity.History
	events  []*identity.Event
	signers map[string]vc.Signer // by did:key
}

// keyUse is one use for which a node has a key of its own.
type keyUse struct {
	name, file string
	did        func(*dsai.KeySet) *string
}

var keyUses = []keyUse{
	{"receipt", keyReceipt, func(k *dsai.KeySet) *string { return &k.ReceiptKey }},
	{"log", keyLog, func(k *dsai.KeySet) *string { return &k.LogKey }},
	{"peer", keyPeer, func(k *dsai.KeySet) *string { return &k.PeerKey }},
	{"witness", keyWitness, func(k *dsai.KeySet) *string { return &k.WitnessKey }},
}

// of returns the key for this use among k.
func (u keyUse) of(k identity.Keys) string { return *u.did(&k.Set) }

// keyFile is the name of the newest key for one use: that of the first key, and
// the number of the event that brought a later one.
func keyFile(base string, h identity.History, did func(identity.Keys) string) string {
	i := len(h) - 1
	for i > 0 && did(h[i-1]) == did(h[i]) {
		i--
	}
	if i == 0 {
		return base
	}
	return numbered(base, i)
}

func numbered(base string, event int) string { return base + "-" + strconv.Itoa(event) }

// keyEvents returns all key events by whose they are, in order.
func keyEvents(ctx context.Context, db *store.Store) (map[dsai.Digest][]*identity.Event, error) {
	all, err := openType[dsai.KeyEvent](ctx, db, dsai.TypeKeyEvent)
	out := map[dsai.Digest][]*identity.Event{}
	for _, e := range all {
		out[e.Subject.Of] = append(out[e.Subject.Of], &e)
	}
	return out, err
}

// loadKeys reads the node's history and the keys that go with it.
func (n *Node) loadKeys(ctx context.Context) error {
	events, err := keyEvents(ctx, n.db)
	if err != nil {
		return err
	}
	k := &n.keys
	k.events = events[n.id.Digest]
	if k.history, err = identity.Node(&n.self, n.id, k.events); err != nil {
		return err
	}
	name := keyFile(keyReceipt, k.history, keyUses[0].of)
	s, err := n.ring.Signer(name)
	if err != nil {
		return err
	}
	if did := k.history.Last().Sign; s.DID() != did {
		return fmt.Errorf("key %s is not the receipt key that the node has in force", name)
	}
	k.signers = map[string]vc.Signer{s.DID(): s}
	return nil
}

// signerAt returns the receipt key in force at a time. A key that was destroyed
// since refuses to sign.
func (n *Node) signerAt(at dsai.Time) vc.Signer {
	k := &n.keys
	k.mu.RLock()
	defer k.mu.RUnlock()
	did := k.history.At(at).Sign
	if did == "" { // a clock behind the founding: the gate refuses, and the refusal is signed
		did = k.history[0].Sign
	}
	if s := k.signers[did]; s != nil {
		return s
	}
	return destroyedKey(did)
}

// destroyedKey is a key that was in force once: its name can be asked for.
type destroyedKey string

// DID implements vc.Signer.
func (d destroyedKey) DID() string { return string(d) }

// Suite implements vc.Signer.
func (d destroyedKey) Suite() string { return dsai.SuiteNode }

// Sign implements vc.Signer.
func (d destroyedKey) Sign([]byte) ([]byte, error) {
	return nil, fmt.Errorf("sign as %.60s: the node has changed that key and destroyed it: does its clock run behind?", string(d))
}

// lingering is how long a key that was changed may still sign what was begun
// before, in seconds. Nothing signs with a time so far back.
const lingering = 60

// forget drops the receipt keys whose time is over from memory.
func (k *nodeKeys) forget(now dsai.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.signers) > 1 && now > k.history.Last().From+lingering {
		last := k.history.Last().Sign
		k.signers = map[string]vc.Signer{last: k.signers[last]}
	}
}

// memberSigner returns the consent key that a member has in force at a time,
// when this node keeps it.
func (n *Node) memberSigner(m *member, at dsai.Time) (vc.Signer, error) {
	n.keys.mu.RLock()
	defer n.keys.mu.RUnlock()
	h := n.lib.member(m.ID).keys // of now: m may be from before a change
	for i := len(h) - 1; i > 0 && h[i].From > at; i-- {
		h = h[:i]
	}
	s, err := n.ring.Signer(keyFile(memberKey(m.ID)+"-consent", h, consentKey))
	if err == nil && s.DID() != h.Last().Sign {
		err = fmt.Errorf("the key file is not the one in force")
	}
	if err != nil {
		return nil, fmt.Errorf("sign for %s: %w: %w", m.Name, ErrNoKey, err)
	}
	return s, nil
}

func consentKey(k identity.Keys) string { return k.Sign }

// epochKeys is the history up to when an epoch of the log was opened: its last
// keys are the epoch's, because a log keeps its key.
func (n *Node) epochKeys(ctx context.Context, epoch int) (identity.History, error) {
	opened, err := openType[dsai.LogEpoch](ctx, n.db, dsai.TypeLogEpoch)
	if err != nil {
		return nil, err
	}
	n.keys.mu.RLock()
	h := n.keys.history
	n.keys.mu.RUnlock()
	for _, e := range opened {
		if e.Subject.Epoch != epoch {
			continue
		}
		for i := len(h) - 1; i > 0 && h[i].From > e.ValidFrom; i-- {
			h = h[:i]
		}
		return h, nil
	}
	return nil, fmt.Errorf("log epoch %d: %w: its own record", epoch, store.ErrNotFound)
}

// epochKeyFile names the key of an epoch of the log.
func (n *Node) epochKeyFile(ctx context.Context, epoch int) (string, error) {
	h, err := n.epochKeys(ctx, epoch)
	if err != nil {
		return "", err
	}
	return keyFile(keyLog, h, keyUses[1].of), nil
}

// logKeyFile names the log key in force, which a new epoch begins with.
func (n *Node) logKeyFile() string { return keyFile(keyLog, n.keys.history, keyUses[1].of) }

// destroyOld removes the keys of one use that are not in force, and one that a
// crash kept from coming into force.
func (n *Node) destroyOld(base string, h identity.History, did func(identity.Keys) string) error {
	keep := keyFile(base, h, did)
	for i := range len(h) + 1 {
		name := base
		if i > 0 {
			name = numbered(base, i)
		}
		if name == keep {
			continue
		}
		if err := n.ring.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// signingNow returns the consent key that a member has in force, and the time
// for its signature. A change of keys that comes between the two is no reason to
// fail: the next time has the next key.
func (n *Node) signingNow(m *member) (s vc.Signer, at dsai.Time, err error) {
	for range 3 {
		at = n.clock.now()
		if s, err = n.memberSigner(m, at); err == nil {
			break
		}
	}
	return s, at, err
}
