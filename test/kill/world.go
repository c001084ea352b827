// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
)

// paper is one document of the contributor, and what is known of it.
type paper struct {
	path      string
	word      string // only this document holds it
	consent   dsai.Digest
	given     bool // its consent was acknowledged
	trying    bool // a withdrawal was begun: it may or may not have happened
	withdrawn bool // its withdrawal was acknowledged
}

// question is one that was put to the slow engine.
type question struct {
	word    string // only this question holds it
	receipt dsai.Digest
	ended   dsai.Ended // as acknowledged
}

const founder = "Amina"

// world is a home, and all that was acknowledged about it.
type world struct {
	bin, dir, home string
	rnd            *rand.Rand // of the cycle; verbs at once do not share it
	engine         *engine
	habits         *habits

	serial    int
	papers    []*paper
	questions []*question
	proven    int // so many receipts were verified with their proof
	said      said

	member, node changed
	epoch        int // of the log, acknowledged

	mu       sync.Mutex // guards what verbs at once write
	receipts []dsai.Digest
	counts
}

// newWorld runs an engine, for its caller to close.
func newWorld(bin, dir string, rnd *rand.Rand) *world {
	return &world{bin: bin, dir: dir, home: filepath.Join(dir, "home"), rnd: rnd, engine: newEngine(), habits: &habits{}}
}

// found makes the home, unharmed, and puts something in it.
func (w *world) found(ctx context.Context) error {
	for _, args := range [][]string{
		{"init", "--coop", "Kill", "--member", founder},
		{"model", "add", w.engine.URL + "/v1", "--name", "slow"},
	} {
		if err := w.whole(ctx, request{args: args}, nil); err != nil {
			return err
		}
	}
	return w.stock(ctx)
}

// stock adds documents, unharmed, until there are some to withdraw and to ask for.
func (w *world) stock(ctx context.Context) error {
	for len(w.standing()) < 3 {
		p, err := w.write()
		if err != nil {
			return err
		}
		if err := w.add(ctx, p, w.whole); err != nil {
			return err
		}
	}
	return nil
}

// word makes a word that nothing else holds.
func (w *world) word() string {
	w.serial++
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte('a' + w.rnd.IntN(26))
	}
	return fmt.Sprintf("zq%s%d", b, w.serial)
}

// write makes a document.
func (w *world) write() (*paper, error) {
	p := &paper{word: w.word()}
	p.path = filepath.Join(w.dir, p.word+".md")
	text := fmt.Sprintf("# Pump %s\n\nOpen the valve of the pump %s by %d turns. Let the water run for ten minutes.\n", p.word, p.word, w.serial)
	w.papers = append(w.papers, p)
	return p, os.WriteFile(p.path, []byte(text), 0o600)
}

// standing returns documents that are consented to and not being withdrawn, in
// random order.
func (w *world) standing() (out []*paper) {
	for _, p := range w.papers {
		if p.given && !p.trying {
			out = append(out, p)
		}
	}
	w.rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (w *world) question() *question {
	q := &question{word: w.word()}
	w.questions = append(w.questions, q)
	return q
}

// request is a verb, as a program's arguments or as a call to a running node.
type request struct {
	args   []string
	method string
	params any
}

// carrier carries a request and decodes what came back as an acknowledgement:
// also when the process was killed after it had printed all of it. A process
// that was killed is no error.
type carrier func(ctx context.Context, r request, into any) error

func (w *world) add(ctx context.Context, p *paper, carry carrier) error {
	var c node.Contributed
	err := carry(ctx, request{[]string{"add", p.path}, "add", node.Contribution{Paths: []string{p.path}}}, &c)
	if !c.Consent.IsZero() {
		p.consent, p.given = c.Consent, true
	}
	return err
}

func (w *world) revoke(ctx context.Context, p *paper, carry carrier) error {
	p.trying = true
	var r struct {
		Subject dsai.WithdrawalReceipt `json:"credentialSubject"`
	}
	err := carry(ctx, request{[]string{"consent", "revoke", p.path}, "consent.revoke", node.RevokeArgs{Ref: p.consent.String()}}, &r)
	switch {
	case r.Subject.Consent.IsZero():
	case r.Subject.Consent != p.consent:
		return fmt.Errorf("withdrew consent %s, want %s", r.Subject.Consent, p.consent)
	default:
		p.withdrawn = true
	}
	return err
}

// ask asks for a document's word, of the default engine or of the slow one.
func (w *world) ask(ctx context.Context, p *paper, q *question, carry carrier) error {
	args := node.AskArgs{Question: "How many turns for the valve of pump " + p.word + "?"}
	line := []string{"ask", args.Question}
	if q != nil {
		args = node.AskArgs{Question: "How many turns for the valve of pump " + p.word + ", " + q.word + "?", Model: "slow"}
		line = []string{"ask", "--model", args.Model, args.Question}
	}
	var a node.Asked
	err := carry(ctx, request{line, "ask", args}, &a)
	if a.Receipt.IsZero() {
		return err
	}
	w.mu.Lock()
	w.receipts = append(w.receipts, a.Receipt)
	w.mu.Unlock()
	if q != nil {
		q.receipt, q.ended = a.Receipt, a.Ended
	}
	if a.Refusal != nil {
		return nil // exit code 3: a document beside it may be on its way out
	}
	return err
}

// errSilent is a verb that ended well and acknowledged nothing.
var errSilent = errors.New("it ended well and printed no document")
