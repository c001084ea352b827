// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

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

// world is a home, and all that was acknowledged about it.
type world struct {
	bin, dir, home string
	rnd            *rand.Rand // of the cycle; verbs at once do not share it
	engine         *engine
	counts

	serial    int
	papers    []*paper
	questions []*question
	receipts  []dsai.Digest // acknowledged
	said      said
	keys      map[dsai.Digest]string // key events acknowledged
	proven    int                    // so many of them were verified with their proof
}

func newWorld(ctx context.Context, bin, dir string, rnd *rand.Rand) (*world, error) {
	w := &world{bin: bin, dir: dir, home: filepath.Join(dir, "home"), rnd: rnd, engine: newEngine(), keys: map[dsai.Digest]string{}}
	if err := w.must(ctx, nil, "init", "--coop", "Kill", "--member", "Amina"); err != nil {
		return nil, err
	}
	if err := w.must(ctx, nil, "model", "add", w.engine.URL+"/v1", "--name", "slow"); err != nil {
		return nil, err
	}
	for range 3 {
		p, err := w.write()
		if err != nil {
			return nil, err
		}
		if err := w.add(ctx, p, nil); err != nil || !p.given {
			return nil, errors.Join(err, errors.New("the first documents were not added"))
		}
	}
	return w, nil
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

// standing returns documents that are consented to and not being withdrawn.
func (w *world) standing() (out []*paper) {
	for _, p := range w.papers {
		if p.given && !p.trying {
			out = append(out, p)
		}
	}
	return out
}

// killer ends a process at a moment that the caller chose before it began.
type killer struct {
	after time.Duration
	w     *world
	mu    *sync.Mutex // of the counts
}

// start runs dsai and returns what it printed and whether it ended by itself.
func (w *world) start(ctx context.Context, k *killer, args ...string) (out []byte, whole bool, err error) {
	c := exec.CommandContext(ctx, w.bin, append([]string{"--home", w.home, "--json", "--yes"}, args...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		return nil, false, err
	}
	if k != nil {
		t := time.AfterFunc(k.after, func() { _ = c.Process.Kill() }) // it may have ended
		defer t.Stop()
	}
	err = c.Wait()
	killed := c.ProcessState.ExitCode() < 0
	if k != nil {
		k.mu.Lock()
		if killed {
			w.killed++
		} else {
			w.finished++
		}
		k.mu.Unlock()
	}
	if err != nil && !killed {
		err = fmt.Errorf("dsai %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	if killed {
		err = nil
	}
	return stdout.Bytes(), !killed, err
}

// must runs a verb to its end and reads its document.
func (w *world) must(ctx context.Context, into any, args ...string) error {
	out, _, err := w.start(ctx, nil, args...)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// acknowledged reads a document that was printed completely, killed or not.
func acknowledged(out []byte, into any) bool { return json.Unmarshal(out, into) == nil }

func (w *world) add(ctx context.Context, p *paper, k *killer) error {
	out, whole, err := w.start(ctx, k, "add", p.path)
	var c node.Contributed
	if acknowledged(out, &c) && !c.Consent.IsZero() {
		p.consent, p.given = c.Consent, true
	} else if whole && err == nil {
		return fmt.Errorf("dsai add ended well and said %q", out)
	}
	return err
}

func (w *world) revoke(ctx context.Context, p *paper, k *killer) error {
	p.trying = true
	out, whole, err := w.start(ctx, k, "consent", "revoke", p.path)
	var r struct {
		Subject dsai.WithdrawalReceipt `json:"credentialSubject"`
	}
	switch {
	case acknowledged(out, &r) && !r.Subject.Consent.IsZero():
		if r.Subject.Consent != p.consent {
			return fmt.Errorf("withdrew consent %s, want %s", r.Subject.Consent, p.consent)
		}
		p.withdrawn = true
	case whole && err == nil:
		return fmt.Errorf("dsai consent revoke ended well and said %q", out)
	}
	return err
}

// ask asks for a document's word, of the default engine or of the slow one.
func (w *world) ask(ctx context.Context, p *paper, q *question, k *killer) error {
	args := []string{"ask", "How many turns for the valve of pump " + p.word + "?"}
	if q != nil {
		args = []string{"ask", "--model", "slow", "How many turns for the valve of pump " + p.word + ", " + q.word + "?"}
	}
	out, _, err := w.start(ctx, k, args...)
	var a node.Asked
	if acknowledged(out, &a) && !a.Receipt.IsZero() {
		k.mu.Lock()
		w.receipts = append(w.receipts, a.Receipt)
		k.mu.Unlock()
		if q != nil {
			q.receipt, q.ended = a.Receipt, a.Ended
		}
		if a.Refusal != nil {
			return nil // exit code 3: a document beside it may be on its way out
		}
	}
	return err
}

// changes are the ways in which keys change, half of the times the log's.
var changes = [][]string{
	{"member", "rotate", "Amina"},
	{"node", "rotate", "--key", "receipt,peer,witness"},
	{"node", "rotate", "--key", "receipt,log"},
	{"node", "rotate", "--key", "log"},
}

// rotate changes keys of the member or of the node.
func (w *world) rotate(ctx context.Context, k *killer, args ...string) error {
	out, whole, err := w.start(ctx, k, args...)
	var r node.Rotated
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case acknowledged(out, &r) && r.Sequence > 0:
		w.keys[r.Event] = args[0]
		w.rotations++
	case whole && err == nil:
		return fmt.Errorf("dsai %s rotate ended well and said %q", args[0], out)
	}
	return err
}

// cycle does something, kills it, and checks.
func (w *world) cycle(ctx context.Context) error {
	for len(w.standing()) < 3 {
		p, err := w.write()
		if err != nil {
			return err
		}
		if err := w.add(ctx, p, nil); err != nil {
			return err
		}
	}
	var err error
	if w.rnd.IntN(2) == 0 {
		err = w.alone(ctx)
	} else {
		err = w.serving(ctx)
	}
	if err != nil {
		return err
	}
	return w.check(ctx, recent)
}

// alone runs one verb that opens the home itself.
func (w *world) alone(ctx context.Context) error {
	var mu sync.Mutex
	// Half of the kills come in the first tenth of a second, where the writes are.
	k := &killer{after: time.Duration(w.rnd.IntN(600)) * time.Millisecond, w: w, mu: &mu}
	if w.rnd.IntN(2) == 0 {
		k.after /= 6
	}
	ps := w.standing()
	p := ps[w.rnd.IntN(len(ps))]
	act := w.rnd.IntN(9)
	if act >= 3 { // answers that take a while, and what is acknowledged at the very end
		k.after = time.Duration(50+w.rnd.IntN(1200)) * time.Millisecond
	}
	switch act {
	case 0:
		fresh, err := w.write()
		if err != nil {
			return err
		}
		return w.add(ctx, fresh, k)
	case 1:
		return w.revoke(ctx, p, k)
	case 2:
		return w.ask(ctx, p, nil, k)
	case 3:
		return w.join(ctx, k)
	case 4:
		return w.object(ctx, k)
	case 5:
		return w.adopt(ctx, k)
	case 6, 7:
		return w.rotate(ctx, k, changes[w.rnd.IntN(len(changes))]...)
	}
	return w.ask(ctx, p, w.question(), k)
}

func (w *world) question() *question {
	q := &question{word: w.word()}
	w.questions = append(w.questions, q)
	return q
}

// serving runs verbs against a node and kills the node, and some of the verbs.
func (w *world) serving(ctx context.Context) error {
	server := exec.CommandContext(ctx, w.bin, "--home", w.home, "--json", "up", "--listen", "127.0.0.1:0")
	pipe, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	line := bufio.NewReader(pipe)
	if _, err := line.ReadBytes('}'); err != nil {
		return errors.Join(fmt.Errorf("dsai up: %w", err), server.Process.Kill(), server.Wait())
	}
	go func() { _, _ = io.Copy(io.Discard, line) }() // until the server is gone
	verbs, err := w.verbs(ctx)
	if err != nil {
		return errors.Join(err, server.Process.Kill(), server.Wait())
	}
	time.Sleep(time.Duration(w.rnd.IntN(700)) * time.Millisecond) // the random moment itself
	if err := server.Process.Kill(); err != nil {
		return err
	}
	w.killed++
	verbs.Wait() // what a verb says when its node is gone is not our subject
	_ = server.Wait()
	return nil
}

// verbs begins several verbs at once on a running node.
func (w *world) verbs(ctx context.Context) (*sync.WaitGroup, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	kill := func() *killer {
		return &killer{after: time.Duration(20+w.rnd.IntN(1500)) * time.Millisecond, w: w, mu: &mu}
	}
	ps := w.standing()
	w.rnd.Shuffle(len(ps), func(i, j int) { ps[i], ps[j] = ps[j], ps[i] })
	fresh, err := w.write()
	if err != nil {
		return nil, err
	}
	q, k1, k2, k3, k4, k5 := w.question(), kill(), kill(), kill(), kill(), kill()
	turn := w.rnd.IntN(2) == 0
	// Errors are those of a node that went away.
	wg.Go(func() { _ = w.add(ctx, fresh, k1) })
	wg.Go(func() { _ = w.revoke(ctx, ps[0], k2) })
	wg.Go(func() { _ = w.ask(ctx, ps[1], q, k3) })
	wg.Go(func() { _ = w.ask(ctx, ps[2], nil, k4) })
	if turn {
		wg.Go(func() { _ = w.rotate(ctx, k5, "node", "rotate", "--key", "receipt,log") })
	}
	return &wg, nil
}
