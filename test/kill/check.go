// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/tlog"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// depth is how much of what was acknowledged a check reads.
type depth int

const (
	recent     depth = iota // all records, and the proofs and withdrawals of late
	everything              // all
)

// check opens the home again, which completes what the kill cut off, and
// compares it with everything that was acknowledged.
func (w *world) check(ctx context.Context, d depth) error {
	n, err := node.Open(ctx, node.Config{Home: node.Home(w.home)})
	if err != nil {
		return err
	}
	err = w.compare(ctx, n, d)
	if err == nil {
		err = fsck(ctx, n)
	}
	if err = errors.Join(err, n.Close()); err != nil {
		return err
	}
	return errors.Join(w.find(ctx), w.readLog(ctx, n)) // which forgives nothing
}

// fsck asks for the program's own judgement.
func fsck(ctx context.Context, n *node.Node) error {
	var rep node.FsckReport
	if err := n.Methods().Call(ctx, "fsck", nil, nil, &rep); err != nil {
		return fmt.Errorf("fsck: %w", err)
	}
	if !rep.OK {
		return fmt.Errorf("fsck: %+v", rep.Checks)
	}
	return nil
}

func (w *world) compare(ctx context.Context, n *node.Node, d depth) error {
	m := n.Methods()
	var cs []view.Consent
	var rs []view.Receipt
	if err := errors.Join(
		m.Call(ctx, "consent.list", nil, nil, &cs),
		m.Call(ctx, "receipts", node.ListArgs{Limit: 1 << 20}, nil, &rs),
	); err != nil {
		return err
	}
	if err := w.compareConsents(cs); err != nil {
		return err
	}
	if err := w.compareReceipts(rs); err != nil {
		return err
	}
	if err := w.askWithdrawn(ctx, n, d); err != nil {
		return err
	}
	if err := w.compareSaid(ctx, n); err != nil {
		return err
	}
	if err := w.compareKeys(ctx, n); err != nil {
		return err
	}
	return w.prove(ctx, n, d)
}

func (w *world) compareConsents(cs []view.Consent) error {
	state := map[dsai.Digest]string{}
	for _, c := range cs {
		state[c.Digest] = c.State
	}
	w.consents, w.withdrawals = 0, 0
	for _, p := range w.papers {
		if !p.given {
			continue
		}
		s, ok := state[p.consent]
		switch {
		case !ok:
			return fmt.Errorf("consent %s was acknowledged and is lost", p.consent)
		case p.withdrawn && s != "revoked":
			return fmt.Errorf("withdrawal of %s was acknowledged and is lost: it is %s", p.consent, s)
		case !p.trying && s != "in force":
			return fmt.Errorf("consent %s is %s, and nobody withdrew it", p.consent, s)
		}
		w.consents++
		if p.withdrawn {
			w.withdrawals++
		}
	}
	return nil
}

// compareReceipts also finds the receipts of the answers that a kill cut off.
func (w *world) compareReceipts(rs []view.Receipt) error {
	have := map[dsai.Digest]view.Receipt{}
	of := map[string][]view.Receipt{}
	for _, r := range rs {
		have[r.Digest] = r
		for _, t := range token.FindAllString(r.Question, -1) {
			of[t] = append(of[t], r)
		}
	}
	if len(have) != len(rs) {
		return errors.New("a receipt is listed twice")
	}
	for _, d := range w.receipts {
		if _, ok := have[d]; !ok {
			return fmt.Errorf("receipt %s was acknowledged and is lost", d)
		}
	}
	w.counts.receipts, w.crashed = len(w.receipts), 0
	for _, q := range w.questions {
		got := of[q.word]
		switch {
		case len(got) > 1:
			return fmt.Errorf("question %s has %d receipts", q.word, len(got))
		case len(got) == 0 && w.engine.reached(q.word):
			return fmt.Errorf("question %s was given passages and has no receipt", q.word)
		case len(got) == 1 && q.receipt.IsZero() && got[0].Code == "" && got[0].Ended == dsai.EndedCrashed:
			w.crashed++
		case len(got) == 1 && !q.receipt.IsZero() && (got[0].Digest != q.receipt || got[0].Ended != q.ended):
			return fmt.Errorf("question %s was acknowledged as %s and is %s", q.word, q.ended, got[0].Ended)
		}
	}
	return nil
}

// askWithdrawn asks for what was withdrawn. Nothing of it may come back.
func (w *world) askWithdrawn(ctx context.Context, n *node.Node, d depth) error {
	var gone []*paper
	for _, p := range w.papers {
		if p.withdrawn {
			gone = append(gone, p)
		}
	}
	if d == recent {
		gone = gone[max(0, len(gone)-3):]
	}
	for _, p := range gone {
		var a node.Asked
		if err := n.Methods().Call(ctx, "ask", node.AskArgs{Question: "valve of pump " + p.word}, nil, &a); err != nil {
			return err
		}
		for _, c := range a.Citations {
			if c.Consent == p.consent {
				return fmt.Errorf("consent %s was withdrawn, and an answer used it", p.consent)
			}
		}
	}
	return nil
}

// prove verifies bundles of acknowledged receipts with their proofs.
func (w *world) prove(ctx context.Context, n *node.Node, d depth) error {
	from := w.proven
	if d == everything {
		from, w.proofs = 0, 0
	}
	for _, r := range w.receipts[from:] {
		var raw json.RawMessage
		if err := n.Methods().Call(ctx, "bundle", node.BundleArgs{Ref: r.String()}, nil, &raw); err != nil {
			return err
		}
		res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust()})
		if err != nil {
			return err
		}
		if !res.OK {
			return fmt.Errorf("receipt %s does not verify: %+v", r, res.Checks)
		}
		w.proofs++
	}
	w.proven = len(w.receipts)
	return nil
}

// find looks for what was acknowledged by its digest alone.
func (w *world) find(ctx context.Context) error {
	db, err := store.Open(ctx, node.Home(w.home).Database())
	if err != nil {
		return err
	}
	defer db.Close()
	for _, d := range slices.Concat(w.member.events, w.node.events, w.said.adopted) {
		if _, err := db.Raw(ctx, d); err != nil {
			return fmt.Errorf("a key event or adoption was acknowledged and is lost: %w", err)
		}
	}
	return nil
}

// readLog reads the files of every epoch strictly: signed checkpoint, tiles,
// bundles. A leaf carries a random salt, so two equal ones are one leaf logged
// twice.
func (w *world) readLog(ctx context.Context, n *node.Node) error {
	var leaves []string
	t := n.Trust().Nodes[0]
	for i, did := range t.LogKeys { // each opened one epoch
		r, err := logOf(node.Home(w.home), t.Node, i+1, did)
		if err == nil {
			err = r.Fsck(ctx)
		}
		if err == nil {
			err = r.Leaves(ctx, func(_ uint64, leaf []byte) error { leaves = append(leaves, string(leaf)); return nil })
		}
		if err != nil {
			return fmt.Errorf("log epoch %d: %w", i+1, err)
		}
	}
	slices.Sort(leaves)
	if n := len(slices.Compact(leaves)); n != len(leaves) {
		return fmt.Errorf("%d leaves are in the log twice", len(leaves)-n)
	}
	return nil
}

func logOf(h node.Home, n dsai.NodeID, epoch int, did string) (*tlog.Reader, error) {
	pub, err := vc.ParseDID(did)
	if err != nil {
		return nil, err
	}
	key, ok := pub.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the log key is not Ed25519")
	}
	vkey, err := note.NewEd25519VerifierKey(dsai.LogOrigin(n, epoch), key)
	if err != nil {
		return nil, err
	}
	return tlog.NewReader(h.Log(epoch), vkey)
}
