// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	adopted  []dsai.Digest
	policy   latest // adoption in force
}

const pumps = "pumps" // the collection

// say chooses one of these acts; to join takes longest, so it is cut off most. The
// word is drawn now, what is returned may run beside other verbs.
func (w *world) say(ctx context.Context) func(carrier) error {
	act := []func(context.Context, string, carrier) error{w.join, w.join, w.object, w.adopt}[w.rnd.IntN(4)]
	word := w.word()
	return func(carry carrier) error { return act(ctx, word, carry) }
}

// join lets one more document join the collection. The first time, the consent
// over it is signed too.
func (w *world) join(ctx context.Context, word string, carry carrier) error {
	path := filepath.Join(w.dir, word+".txt")
	if err := os.WriteFile(path, []byte("Grease the pump "+word+" once a month.\n"), 0o600); err != nil {
		return err
	}
	var c node.Contributed
	err := carry(ctx, request{[]string{"add", path, "--collection", pumps}, "add", node.Contribution{Paths: []string{path}, Collection: pumps}}, &c)
	switch {
	case len(c.Documents) == 0:
	case c.Joined != 1:
		return fmt.Errorf("%d documents joined, want 1", c.Joined)
	default:
		w.said.joined = append(w.said.joined, c.Documents[0].Short)
	}
	return err
}

func (w *world) object(ctx context.Context, word string, carry carrier) error {
	var o node.Objected
	err := carry(ctx, request{[]string{"consent", "object", "policy", "--reason", word}, "consent.object", node.ObjectArgs{Ref: "policy", Reason: word}}, &o)
	if !o.Digest.IsZero() {
		w.said.objected = append(w.said.objected, o.Digest)
	}
	return err
}

// adopt puts another policy in force: the first, under another name.
func (w *world) adopt(ctx context.Context, word string, carry carrier) error {
	text := strings.Replace(policy.DefaultTOML(), "Starting policy", word, 1)
	path := filepath.Join(w.dir, word+".toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	w.said.policy.begin()
	var p node.PolicyAdopted
	err := carry(ctx, request{[]string{"policy", "adopt", path}, "policy.adopt", node.AdoptArgs{Text: text}}, &p)
	switch {
	case p.Adoption.IsZero():
	case !p.Changed:
		return fmt.Errorf("policy %s was in force before it was adopted", p.Digest)
	default:
		w.said.adopted = append(w.said.adopted, p.Adoption)
		w.said.policy.acknowledged(p.Adoption.String())
	}
	return err
}

// compareSaid wants all of it to be in effect still, and nothing twice.
func (w *world) compareSaid(ctx context.Context, n *node.Node) error {
	var p node.PolicyShown
	var x node.Exported
	m := n.Methods()
	if err := errors.Join(m.Call(ctx, "policy.show", nil, nil, &p), m.Call(ctx, "export", node.Ref{}, nil, &x)); err != nil {
		return err
	}
	if !w.said.policy.settles(p.Adoption.String()) {
		return fmt.Errorf("adoption %s was acknowledged, and %s is in force", w.said.policy.before, p.Adoption)
	}
	if err := w.compareObjections(x.Objections); err != nil {
		return err
	}
	w.adoptions = len(w.said.adopted)
	return w.compareJoined(ctx, n)
}

func (w *world) compareObjections(all []node.Objected) error {
	have, reasons := map[dsai.Digest]bool{}, map[string]bool{}
	for _, o := range all {
		if reasons[o.Reason] {
			return fmt.Errorf("objection %q was made once and recorded twice", o.Reason)
		}
		have[o.Digest], reasons[o.Reason] = true, true
	}
	for _, d := range w.said.objected {
		if !have[d] {
			return fmt.Errorf("objection %s was acknowledged and is lost", d)
		}
	}
	w.objections = len(w.said.objected)
	return nil
}

func (w *world) compareJoined(ctx context.Context, n *node.Node) error {
	if len(w.said.joined) == 0 {
		return nil // nobody promised that there is a collection
	}
	var c node.ConsentShown
	if err := n.Methods().Call(ctx, "consent.show", node.Ref{Ref: pumps}, nil, &c); err != nil {
		return err
	}
	have := map[string]bool{}
	for _, j := range c.Joined {
		if have[j.Document] {
			return fmt.Errorf("document %s joined the collection twice", j.Document)
		}
		have[j.Document] = true
	}
	for _, d := range w.said.joined {
		if !have[d] {
			return fmt.Errorf("document %s joined by an acknowledged signature, which is lost", d)
		}
	}
	w.additions = len(w.said.joined)
	return nil
}
