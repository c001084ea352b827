// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// most is how many receipts may wait to be checked before clients wait too: so all are checked, however
// long the run is.
const most = 64

// ledger compares what clients were told with the receipts of the node, and checks each of those.
type ledger struct {
	home *home

	mu        sync.Mutex
	listed    map[dsai.Digest]bool
	queue     []dsai.Digest // listed and not checked
	checking  int
	whole     bool // no more will be listed
	said      []said
	made      map[dsai.Digest]fact // by request
	withdrawn map[dsai.Digest]time.Time
	classes   map[string]*class
	repeated  int
}

// fact is what a receipt says.
type fact struct {
	receipt dsai.Digest
	ended   dsai.Ended // "" of a refusal
	text    string     // of the answer
}

// class counts the receipts of answers that ended alike.
type class struct {
	receipts, replayed int
	example            dsai.Digest // that was made again by a model file
	model              dsai.Digest // that file
}

func newLedger(h *home) *ledger {
	return &ledger{home: h, listed: map[dsai.Digest]bool{}, made: map[dsai.Digest]fact{}, withdrawn: map[dsai.Digest]time.Time{}, classes: map[string]*class{}}
}

// told notes what a client knows of an answer.
func (l *ledger) told(s said) {
	if s.text == "" && s.Receipt.IsZero() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, s)
}

// withdrew notes that a withdrawal was acknowledged.
func (l *ledger) withdrew(consent dsai.Digest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.withdrawn[consent] = time.Now()
}

func (l *ledger) behind() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)+l.checking > most
}

// list looks for new receipts until nobody makes any more, and then through all.
func (l *ledger) list(ctx context.Context, done <-chan struct{}) error {
	end := make(chan struct{})
	go func() { defer close(end); <-done; l.await(ctx) }()
	t := time.NewTicker(300 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			<-end
			return nil
		case <-end:
			return l.look(true)
		case <-t.C:
			if err := l.look(false); err != nil {
				return err
			}
		}
	}
}

// await waits for the receipts of those who left last, which the node makes after they have gone: a
// moment, and up to a minute for what is owed.
func (l *ledger) await(ctx context.Context) {
	for i := 0; i < 60 && ctx.Err() == nil && (i < 2 || l.owes()); i++ {
		pause(ctx, time.Second)
	}
}

// owes returns whether a client was told of something that no checked receipt is about.
func (l *ledger) owes() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.said, func(s said) bool { _, ok := l.made[s.Request]; return !ok })
}

// look puts new receipts into the queue: the newest down to one that is known, or all.
func (l *ledger) look(all bool) error {
	limit := 64
	if all {
		limit = 1 << 30
	}
	for {
		var page []view.Receipt
		if err := l.home.call("receipts", node.ListArgs{Limit: limit}, &page); err != nil {
			return err
		}
		l.mu.Lock()
		if len(page) < limit || l.listed[page[len(page)-1].Digest] {
			for _, r := range slices.Backward(page) {
				if !l.listed[r.Digest] {
					l.listed[r.Digest] = true
					l.queue = append(l.queue, r.Digest)
				}
			}
			l.whole = all
			l.mu.Unlock()
			return nil
		}
		l.mu.Unlock()
		limit *= 4
	}
}

// next returns a receipt to check, or false when all are.
func (l *ledger) next(ctx context.Context) (d dsai.Digest, ok bool) {
	for ; ctx.Err() == nil; pause(ctx, 20*time.Millisecond) {
		l.mu.Lock()
		if len(l.queue) > 0 {
			d, l.queue = l.queue[0], l.queue[1:]
			l.checking++
			l.mu.Unlock()
			return d, true
		}
		whole := l.whole
		l.mu.Unlock()
		if whole {
			break
		}
	}
	return d, false
}

// work checks receipts.
func (l *ledger) work(ctx context.Context) error {
	v := l.verifier()
	for {
		d, ok := l.next(ctx)
		if !ok {
			return nil
		}
		err := l.check(v, d)
		l.mu.Lock()
		l.checking--
		l.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// check verifies a receipt, makes its answer again, and notes what it says.
func (l *ledger) check(v *verify.Verifier, d dsai.Digest) error {
	raw, err := l.home.bundle(d)
	if err != nil {
		return err
	}
	f, r, err := verified(v, raw)
	if err != nil {
		file := filepath.Join(os.TempDir(), "failed-"+d.String()[:12]+".dsai")
		return errors.Join(fmt.Errorf("receipt %s, see %s: %w", d, file, err), os.WriteFile(file, raw, 0o600))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, twice := l.made[r.Request]; twice {
		return fmt.Errorf("request %s has two receipts, %s and %s", r.Request, old.receipt, d)
	}
	f.receipt = d
	l.made[r.Request] = f.fact
	for _, u := range r.Used {
		// Times of receipts are whole seconds.
		if at, ok := l.withdrawn[u.Consent]; ok && int64(r.Started) > at.Unix() {
			return fmt.Errorf("receipt %s: the answer began at %v with a consent whose withdrawal was acknowledged at %v", d, r.Started, at)
		}
	}
	c := l.classes[f.class]
	if c == nil {
		c = &class{}
		l.classes[f.class] = c
	}
	c.receipts++
	if f.replayed {
		c.replayed++
	}
	if f.replayed && r.Model.Class == dsai.EngineInfer {
		c.example, c.model = d, r.Model.Fingerprint
	}
	return nil
}

// complete fails when the receipts are not those that clients were told of.
func (l *ledger) complete() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 || len(l.made) != len(l.listed) {
		return fmt.Errorf("%d receipts are listed, %d were checked", len(l.listed), len(l.made))
	}
	for _, s := range l.said {
		f, ok := l.made[s.Request]
		switch {
		case !ok:
			return fmt.Errorf("request %s was answered and has no receipt", s.Request)
		case !s.Receipt.IsZero() && s.Receipt != f.receipt:
			return fmt.Errorf("request %s was told of receipt %s and has %s", s.Request, s.Receipt, f.receipt)
		case s.Ended != "" && s.Ended != f.ended:
			return fmt.Errorf("request %s was told that it ended %s, its receipt says %s", s.Request, s.Ended, f.ended)
		case !f.covers(s):
			return fmt.Errorf("request %s was told %q, its receipt says %q", s.Request, s.text, f.text)
		}
	}
	return nil
}

// covers returns whether the receipt holds all that the client had. A cut answer replays up to any
// place, so replay does not show that. What stands in the receipt reaches clients with characters put in
// and left out, so that nothing in it acts; after it come a note and the sources.
func (f fact) covers(s said) bool {
	had, has := bare(s.text), bare(f.text)
	switch {
	case f.ended == dsai.EndedCrashed: // whoever was killed wrote nothing down
		return true
	case f.ended == "":
		return had == "" || strings.HasPrefix(had, "Noanswer:")
	case len(had) <= len(has) && s.Ended == "": // it left
		return strings.HasPrefix(has, had)
	}
	rest, ok := strings.CutPrefix(had, has)
	return ok && (rest == "" || strings.HasPrefix(rest, "Sources:") || strings.HasPrefix(rest, "(Theanswerstopshere:"))
}

// bare is a text without what the way to a client changes.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || inert.Acts(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}

// enough fails when a way to end did not happen.
func (l *ledger) enough() error {
	for _, name := range []string{"complete", "stopped", "cancelled", "revoked", "refused"} {
		if l.classes[name] == nil {
			return errors.New("no answer ended " + name + ": too little happened to show anything")
		}
	}
	return nil
}

func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, parts := 0, []string{}
	for _, name := range slices.Sorted(maps.Keys(l.classes)) {
		c := l.classes[name]
		n += c.receipts
		parts = append(parts, fmt.Sprintf("%s %d of %d", name, c.replayed, c.receipts))
	}
	again := ""
	if l.repeated > 0 {
		again = fmt.Sprintf(", %d of them twice", l.repeated)
	}
	return fmt.Sprintf("%d receipts verified%s, made again: %s", n, again, strings.Join(parts, ", "))
}
