// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/policy"
)

// said is what was acknowledged beside consents and answers: documents that
// joined a collection, objections, and adoptions of policies.
type said struct {
	joined   []string // short ids
	objected []dsai.Digest
	adopted  int // adoptions acknowledged
	sequence int // of the last of them
}

const pumps = "pumps" // the collection

// join lets one more document join the collection.
func (w *world) join(ctx context.Context, k *killer) error {
	path := filepath.Join(w.dir, w.word()+".txt")
	if err := os.WriteFile(path, []byte("Grease the pump "+filepath.Base(path)+" once a month.\n"), 0o600); err != nil {
		return err
	}
	out, whole, err := w.start(ctx, k, "add", path, "--collection", pumps)
	var c node.Contributed
	switch {
	case acknowledged(out, &c) && c.Joined == 1:
		w.said.joined = append(w.said.joined, c.Documents[0].Short)
	case whole && err == nil:
		return fmt.Errorf("dsai add --collection ended well and said %q", out)
	}
	return err
}

func (w *world) object(ctx context.Context, k *killer) error {
	out, whole, err := w.start(ctx, k, "consent", "object", "policy", "--reason", w.word())
	var o node.Objected
	switch {
	case acknowledged(out, &o) && !o.Digest.IsZero():
		w.said.objected = append(w.said.objected, o.Digest)
	case whole && err == nil:
		return fmt.Errorf("dsai consent object ended well and said %q", out)
	}
	return err
}

// adopt puts another policy in force: the first, under another name.
func (w *world) adopt(ctx context.Context, k *killer) error {
	text := strings.Replace(policy.DefaultTOML(), "Starting policy", w.word(), 1)
	path := filepath.Join(w.dir, "policy.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	out, whole, err := w.start(ctx, k, "policy", "adopt", path)
	var p node.PolicyAdopted
	switch {
	case acknowledged(out, &p) && p.Changed:
		w.said.adopted, w.said.sequence = w.said.adopted+1, p.Sequence
	case whole && err == nil:
		return fmt.Errorf("dsai policy adopt ended well and said %q", out)
	}
	return err
}

// compareSaid wants all of it to be there still.
func (w *world) compareSaid(ctx context.Context, n *node.Node) error {
	w.counts.said = len(w.said.joined) + len(w.said.objected) + w.said.adopted
	m := n.Methods()
	var p node.PolicyShown
	var x node.Exported
	if err := errors.Join(m.Call(ctx, "policy.show", nil, nil, &p), m.Call(ctx, "export", node.Ref{}, nil, &x)); err != nil {
		return err
	}
	if p.Sequence < w.said.sequence {
		return fmt.Errorf("adoption %d was acknowledged, and %d is in force", w.said.sequence, p.Sequence)
	}
	for _, d := range w.said.objected {
		if !slices.ContainsFunc(x.Objections, func(o node.Objected) bool { return o.Digest == d }) {
			return fmt.Errorf("objection %s was acknowledged and is lost", d)
		}
	}
	if len(w.said.joined) == 0 {
		return nil
	}
	var c node.ConsentShown
	if err := m.Call(ctx, "consent.show", node.Ref{Ref: pumps}, nil, &c); err != nil {
		return err
	}
	for _, d := range w.said.joined {
		if !slices.ContainsFunc(c.Joined, func(j node.Joined) bool { return j.Document == d }) {
			return fmt.Errorf("document %s joined by an acknowledged signature, which is lost", d)
		}
	}
	return nil
}
