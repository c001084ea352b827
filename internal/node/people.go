// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/identity"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// AddMember makes a member whose keys this node keeps, and records so.
func (n *Node) AddMember(ctx context.Context, name string) (dsai.MemberID, error) {
	name, err := n.newName(name)
	if err != nil {
		return dsai.MemberID{}, err
	}
	n.copying.Lock()
	defer n.copying.Unlock()
	now := n.clock.now()
	m, err := newMember(n.ring, name, now)
	if err != nil {
		return dsai.MemberID{}, err
	}
	err = n.db.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.Put(record(m.inception, dsai.LeafIdentity, now)), tx.AddMember(m.member))
	})
	if err != nil {
		return dsai.MemberID{}, err
	}
	n.log.wake()
	return m.member.ID, n.lib.reload(ctx, n.db)
}

// newName returns a name that a new member can have: names are how people are
// told apart, so no two are the same but for case.
func (n *Node) newName(name string) (string, error) {
	if name = inert.Name(strings.TrimSpace(name)); name == "" || len(name) > 80 {
		return "", errors.New("add member: a name has 1 to 80 characters")
	}
	if m, _ := n.memberNamed(name); m != nil && strings.EqualFold(m.Name, name) {
		return "", &control.Error{Kind: control.Usage, Message: fmt.Sprintf("add member %q: there is one of this name", name), Hint: "choose another name: members are told apart by it"}
	}
	return name, nil
}

// AdmitMember records a member who keeps the keys on a device of their own, by
// the inception that they signed there.
func (n *Node) AdmitMember(ctx context.Context, name string, inception []byte) (dsai.MemberID, error) {
	m, err := n.admission(name, inception)
	if err != nil {
		return dsai.MemberID{}, err
	}
	if n.lib.member(m.ID) != nil {
		return m.ID, nil
	}
	if err := n.db.Update(ctx, m.admit); err != nil {
		return m.ID, err
	}
	n.log.wake()
	return m.ID, n.lib.reload(ctx, n.db)
}

// admission is the member of an inception that was signed elsewhere: one who is
// here, or one who could be admitted.
func (n *Node) admission(name string, inception []byte) (*member, error) {
	s, err := vc.Open[dsai.MemberInception](inception, dsai.TypeMemberInception)
	if err != nil {
		return nil, err
	}
	id, err := vc.MemberID(s.Subject)
	if err != nil {
		return nil, err
	}
	if m := n.lib.member(id); m != nil {
		return m, nil
	}
	if s.Issuer != s.Subject.ConsentKey || s.Subject.Custody != dsai.CustodyDevice {
		return nil, errors.New("admit member: the inception is not signed by its consent key, or claims that a node keeps it")
	}
	if name, err = n.newName(name); err != nil {
		return nil, err
	}
	keys, err := identity.Member(&s, id, nil)
	if err != nil {
		return nil, err
	}
	return &member{inc: s, keys: keys, Member: store.Member{
		ID: id, Name: name, DID: s.Issuer, Custody: dsai.CustodyDevice, Inception: s.Digest, Created: n.clock.now(),
	}}, nil
}

// admit writes a new member.
func (m *member) admit(tx *store.Tx) error {
	return errors.Join(tx.Put(record(m.inc, dsai.LeafIdentity, m.Created)), tx.AddMember(m.Member))
}

// memberNamed finds a member by name or the start of an id; "" is the founder.
func (n *Node) memberNamed(name string) (*member, error) {
	all := n.lib.allMembers()
	if name == "" {
		return n.lib.member(n.charter.Subject.Founder), nil
	}
	var found []*member
	for _, m := range all {
		if strings.EqualFold(m.Name, name) {
			return m, nil
		}
		if strings.HasPrefix(strings.ToLower(m.Name), strings.ToLower(name)) || strings.HasPrefix(m.ID.String(), strings.TrimPrefix(name, "m-")) {
			found = append(found, m)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, n.noMember(name)
	}
	return nil, fmt.Errorf("member %q: %w", name, store.ErrAmbiguous)
}

func (n *Node) memberName(id dsai.MemberID) string {
	if m := n.lib.member(id); m != nil {
		return m.Name
	}
	return shortID("m", id.Digest)
}

// keyPrefix marks API keys, so that a leaked one is recognised.
const keyPrefix = "dsai-"

// KeyOptions says more about a new API key.
type KeyOptions struct {
	// Operator lets the key read what the operator reads: the library, consents,
	// every use, every receipt and why something was refused. It signs nothing.
	Operator bool
	// Limits are the key's own; zero fields mean those of all keys.
	Limits api.Limits
}

// NewKey makes an API key bound to an undertaking by the founder, and returns
// its secret, which is not kept.
func (n *Node) NewKey(ctx context.Context, name string, purposes []string, o KeyOptions) (string, error) {
	if name = inert.Name(strings.TrimSpace(name)); name == "" || len(name) > 80 {
		return "", &control.Error{Kind: control.Usage, Message: "new key: a name has 1 to 80 characters", Hint: "name the program that will use it: dsai key new NAME"}
	}
	if o.Limits.RequestsPerMinute < 0 || o.Limits.TokensPerMinute < 0 {
		return "", &control.Error{Kind: control.Usage, Message: "new key: a limit is below zero", Hint: "leave it out for the limit of all keys"}
	}
	if len(purposes) == 0 {
		purposes = []string{"answers"}
	}
	var iris []string
	for _, p := range purposes {
		iri, err := purpose.Parse(p)
		if err != nil {
			return "", err
		}
		iris = append(iris, iri)
	}
	founder := n.lib.member(n.charter.Subject.Founder)
	signer, now, err := n.signingNow(founder)
	if err != nil {
		return "", err
	}
	u, err := newUndertaking(signer, undertakingTerms{member: founder.ID, coop: n.coop, node: n.id, now: now, purposes: iris, def: iris[0]})
	if err != nil {
		return "", err
	}
	var b [32]byte
	rand.Read(b[:])
	secret := keyPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	hash := hashKey(secret)
	err = n.db.Update(ctx, func(tx *store.Tx) error {
		var operator error
		if o.Operator {
			operator = tx.SetMeta(operatorKey(hash), []byte{1})
		}
		var limits error
		if o.Limits != (api.Limits{}) {
			limits = tx.SetMeta(limitsKey(hash), mustCanonical(keyLimits{o.Limits.RequestsPerMinute, o.Limits.TokensPerMinute}))
		}
		return errors.Join(operator, limits, tx.Put(record(u, dsai.LeafUndertaking, now)),
			tx.AddKey(store.Key{Hash: hash, Name: name, Undertaking: u.Digest, Created: now}))
	})
	if errors.Is(err, store.ErrExists) {
		return "", &control.Error{Kind: control.Usage, Message: fmt.Sprintf("new key %q: already exists", name),
			Hint: "choose another name, or revoke it first: dsai key revoke " + name}
	}
	if err != nil {
		return "", err
	}
	n.log.wake()
	return secret, nil
}

// operatorKey names the mark of a key that reads what the operator reads.
func operatorKey(hash [32]byte) string { return "operator-key/" + hex.EncodeToString(hash[:]) }

// keyLimits are the limits of one key as they are kept. Canonical JSON has its
// members in the order of their names.
type keyLimits struct {
	Requests int `json:"requestsPerMinute"`
	Tokens   int `json:"tokensPerMinute"`
}

func limitsKey(hash [32]byte) string { return "key-limits/" + hex.EncodeToString(hash[:]) }

// limitsOf returns what a key was given when it was made; zero fields when nothing.
func (n *Node) limitsOf(ctx context.Context, hash [32]byte) (api.Limits, error) {
	text, err := n.db.Meta(ctx, limitsKey(hash))
	if isNotFound(err) {
		return api.Limits{}, nil
	}
	var l keyLimits
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err != nil {
		return api.Limits{}, fmt.Errorf("read limits of a key: %w", err)
	}
	return api.Limits{RequestsPerMinute: l.Requests, TokensPerMinute: l.Tokens}, nil
}

func (n *Node) isOperatorKey(ctx context.Context, hash [32]byte) (bool, error) {
	_, err := n.db.Meta(ctx, operatorKey(hash))
	if isNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// hashKey is what is kept of an API key. The secret has 256 random bits, so a
// plain hash cannot be searched.
func hashKey(secret string) [32]byte { return sha256.Sum256([]byte("dsai/1/api-key\x00" + secret)) }

// RevokedKey says when a key ended.
type RevokedKey struct {
	Name   string    `json:"revoked"`
	At     dsai.Time `json:"at"`
	Before bool      `json:"before"` // it had ended when it was revoked again
}

// RevokeKey ends an API key at once, by its name or its holder's short id, as Keys
// has them. One that has ended stays as it is.
func (n *Node) RevokeKey(ctx context.Context, ref string) (*RevokedKey, error) {
	keys, err := n.Keys(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(keys, func(k view.Key) bool { return k.Name == ref })
	if i < 0 {
		i = slices.IndexFunc(keys, func(k view.Key) bool { return k.Short == ref })
	}
	if i < 0 {
		return nil, &missingError{"key", ref, "see dsai key list"}
	}
	name := keys[i].Name
	if at := keys[i].Revoked; at != 0 {
		return &RevokedKey{name, at, true}, nil
	}
	now := n.clock.now()
	return &RevokedKey{name, now, false}, n.db.Update(ctx, func(tx *store.Tx) error { return tx.RevokeKey(name, now) })
}

// Keys lists the API keys.
func (n *Node) Keys(ctx context.Context) ([]view.Key, error) {
	ks, err := n.db.Keys(ctx)
	if err != nil {
		return nil, err
	}
	out := []view.Key{}
	for _, k := range ks {
		u, err := n.undertakingOf(ctx, k.Undertaking)
		if err != nil {
			return nil, err
		}
		operator, err := n.isOperatorKey(ctx, k.Hash)
		if err != nil {
			return nil, err
		}
		limits, err := n.limitsOf(ctx, k.Hash)
		if err != nil {
			return nil, err
		}
		out = append(out, view.Key{
			RequestsPerMinute: limits.RequestsPerMinute, TokensPerMinute: limits.TokensPerMinute, Operator: operator, Name: k.Name, Short: shortID("k", u.Subject.Requester), Purposes: shortPurposes(u.Subject.Purposes),
			Default: shortPurpose(u.Subject.Default), Created: k.Created, Until: u.Until, Revoked: k.Revoked, LastUsed: k.Used,
		})
	}
	return out, nil
}

// Authenticate implements api.Keys.
func (n *Node) Authenticate(ctx context.Context, secret string) (*pipeline.Requester, api.Limits, error) {
	if !strings.HasPrefix(secret, keyPrefix) {
		return nil, api.Limits{}, view.ErrUnauthorized
	}
	k, err := n.db.KeyByHash(ctx, hashKey(secret))
	if isNotFound(err) || err == nil && k.Revoked != 0 {
		return nil, api.Limits{}, view.ErrUnauthorized
	}
	if err != nil {
		return nil, api.Limits{}, err
	}
	r, err := n.undertakingOf(ctx, k.Undertaking)
	if err != nil {
		return nil, api.Limits{}, err
	}
	if r.Entitled, err = n.isOperatorKey(ctx, k.Hash); err != nil {
		return nil, api.Limits{}, err
	}
	limits, err := n.limitsOf(ctx, k.Hash)
	if err != nil {
		return nil, api.Limits{}, err
	}
	// Once a minute is often enough to tell an operator which keys are in use.
	if now := n.clock.now(); now > k.Used.Add(60e9) {
		err = n.db.Update(ctx, func(tx *store.Tx) error { return tx.TouchKey(k.Hash, now) })
	}
	return r, limits, err
}

// undertakingOf returns a fresh Requester for an undertaking, whose signature
// is checked once.
func (n *Node) undertakingOf(ctx context.Context, d dsai.Digest) (*pipeline.Requester, error) {
	if r, ok := n.requesters.Load(d); ok {
		c := *r.(*pipeline.Requester)
		return &c, nil
	}
	raw, err := n.db.Raw(ctx, d)
	if err != nil {
		return nil, err
	}
	r, err := requester(raw)
	if err != nil {
		return nil, err
	}
	n.requesters.Store(d, r)
	c := *r
	return &c, nil
}
