// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/verify"
)

// latest is what was acknowledged last of things that replace one another.
type latest struct {
	before string // "" = nothing is known
	trying bool   // another was begun: it may or may not have come into force
}

func (l *latest) begin()                { l.trying = true }
func (l *latest) acknowledged(v string) { *l = latest{before: v} }

// settles says whether v may be in force; if so, it must be from now on.
func (l *latest) settles(v string) bool {
	if l.before != "" && l.before != v && !l.trying {
		return false
	}
	*l = latest{before: v}
	return true
}

// changed are the keys of the member or of the node, as acknowledged.
type changed struct {
	events []dsai.Digest
	key    latest // did:key that signs
}

// uses are the groups of a node's keys that change together. The log's key is in
// half of them: it ends an epoch of the log, which is most of the work.
var uses = [][]string{
	{"receipt"},
	{"peer", "receipt", "witness"},
	{"log"},
	{"log", "receipt"},
}

// rotate chooses whose keys to change. What is returned may run beside other verbs.
func (w *world) rotate(ctx context.Context) func(carrier) error {
	if w.rnd.IntN(2) == 0 {
		return func(carry carrier) error { return w.rotateMember(ctx, carry) }
	}
	keys := uses[w.rnd.IntN(len(uses))]
	return func(carry carrier) error { return w.rotateNode(ctx, keys, carry) }
}

func (w *world) rotateMember(ctx context.Context, carry carrier) error {
	w.member.key.begin()
	var r node.Rotated
	err := carry(ctx, request{[]string{"member", "rotate", founder}, "member.rotate", node.RotateArgs{Member: founder}}, &r)
	w.member.learn(r)
	return err
}

func (w *world) rotateNode(ctx context.Context, keys []string, carry carrier) error {
	w.node.key.begin()
	var r node.NodeRotated
	err := carry(ctx, request{[]string{"node", "rotate", "--key", strings.Join(keys, ",")}, "node.rotate", node.RotateNodeArgs{Keys: keys}}, &r)
	w.node.learn(r.Rotated)
	w.epoch = max(w.epoch, r.Epoch)
	return err
}

func (c *changed) learn(r node.Rotated) {
	if !r.Event.IsZero() {
		c.events = append(c.events, r.Event)
		c.key.acknowledged(r.Key)
	}
}

// compareKeys has the member and the node sign, and wants to see the keys that
// were acknowledged last, and no other key file beside theirs.
func (w *world) compareKeys(ctx context.Context, n *node.Node) error {
	did, err := w.signMember(ctx, n)
	if err != nil {
		return fmt.Errorf("sign for the member: %w", err)
	}
	if !w.member.key.settles(did) {
		return fmt.Errorf("key %s of the member was acknowledged, and %s signs", w.member.key.before, did)
	}
	if did, err = signNode(ctx, n); err != nil {
		return fmt.Errorf("sign for the node: %w", err)
	}
	if !w.node.key.settles(did) {
		return fmt.Errorf("key %s of the node was acknowledged, and %s signs", w.node.key.before, did)
	}
	if have := len(n.Trust().Nodes[0].LogKeys); have < w.epoch {
		return fmt.Errorf("epoch %d of the log was acknowledged, and there are %d", w.epoch, have)
	}
	w.memberKeys, w.nodeKeys = len(w.member.events), len(w.node.events)
	return w.countKeys()
}

// issued is the part of a credential that says who signed it.
type issued struct {
	Issuer string `json:"issuer"`
}

// signMember makes the member object once more, and returns the key that signed.
func (w *world) signMember(ctx context.Context, n *node.Node) (string, error) {
	var o node.Objected
	if err := n.Methods().Call(ctx, "consent.object", node.ObjectArgs{Ref: "policy", Reason: w.word()}, nil, &o); err != nil {
		return "", err
	}
	var s issued
	return s.Issuer, json.Unmarshal(o.Signed, &s)
}

// signNode asks something, and returns the key that signed the receipt.
func signNode(ctx context.Context, n *node.Node) (string, error) {
	m := n.Methods()
	var a node.Asked
	if err := m.Call(ctx, "ask", node.AskArgs{Question: "Whose key signs?"}, nil, &a); err != nil {
		return "", err
	}
	var raw json.RawMessage
	if err := m.Call(ctx, "bundle", node.BundleArgs{Ref: a.Receipt.String()}, nil, &raw); err != nil {
		return "", err
	}
	res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust()})
	if err != nil {
		return "", err
	}
	if !res.OK {
		return "", fmt.Errorf("its receipt does not verify: %+v", res.Checks)
	}
	var b struct {
		Receipt issued `json:"receipt"`
	}
	return b.Receipt.Issuer, json.Unmarshal(raw, &b)
}

// countKeys wants one key file for each use: a second one is a key that was
// changed and not destroyed, or one that never came into force.
func (w *world) countKeys() error {
	for _, use := range []string{"member-*-consent", "node-receipt", "node-log", "node-peer", "node-witness"} {
		files, err := filepath.Glob(filepath.Join(node.Home(w.home).Keys(), use+"*.pem"))
		if err != nil {
			return err
		}
		if len(files) != 1 {
			return fmt.Errorf("keys for %s are %q, want exactly one", use, files)
		}
	}
	return nil
}
