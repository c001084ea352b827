// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// cycle does something and kills it.
func (w *world) cycle(ctx context.Context) error {
	if err := w.stock(ctx); err != nil {
		return err
	}
	if w.rnd.IntN(2) == 0 {
		return w.alone(ctx)
	}
	return w.serving(ctx)
}

// alone runs one verb that opens the home itself: it also completes what the
// kill before it cut off.
func (w *world) alone(ctx context.Context) error {
	p := w.standing()[0]
	switch w.rnd.IntN(8) {
	case 0:
		fresh, err := w.write()
		if err != nil {
			return err
		}
		return w.add(ctx, fresh, w.cut)
	case 1:
		return w.revoke(ctx, p, w.cut)
	case 2:
		return w.ask(ctx, p, nil, w.cut)
	case 3:
		return w.ask(ctx, p, w.question(), w.cut)
	case 4:
		return w.rotate(ctx)(w.cut)
	case 5:
		return w.rotate(ctx)(w.cutKeys)
	}
	return w.say(ctx)(w.cut)
}

// busy is what verbs at once do to a home, roughly.
var busy = habit{changes: 60, took: 700 * time.Millisecond}

// serving runs verbs against a node and kills the node, and some of the verbs.
func (w *world) serving(ctx context.Context) error {
	fresh := make([]*paper, 2)
	for i := range fresh {
		var err error
		if fresh[i], err = w.write(); err != nil {
			return err
		}
	}
	s, err := w.serve(ctx)
	if err != nil {
		return err
	}
	defer s.node.Close()
	// A start completes what the kill before it cut off. Unlike what is lost, a key
	// that should be gone does not stay: the next change of keys destroys it.
	if err := w.countKeys(); err != nil {
		err = errors.Join(err, s.Process.Kill())
		_ = s.Wait() // killed
		return err
	}
	m := busy.moment(w.rnd)
	t := arm(w.home, m)
	var verbs *sync.WaitGroup
	if w.rnd.IntN(4) == 0 {
		verbs = w.processes(ctx, fresh[0])
	} else {
		verbs = w.calls(ctx, s, fresh)
	}
	t.fire(s.Process, m)
	idle := make(chan struct{})
	go func() {
		verbs.Wait()
		_ = s.Process.Kill() // when they were faster than the moment
		close(idle)
	}()
	_ = s.Wait()
	t.ended()
	<-idle // what a verb says when its node is gone is not our subject
	w.count(true)
	return ctx.Err()
}

// processes begins several verbs at once, each a process that may end first.
func (w *world) processes(ctx context.Context, fresh *paper) *sync.WaitGroup {
	var wg sync.WaitGroup
	doom := func() carrier { return w.doomed(moment{after: time.Duration(20+w.rnd.IntN(1500)) * time.Millisecond}) }
	ps, q, say, rotate := w.standing(), w.question(), w.say(ctx), w.rotate(ctx)
	k1, k2, k3, k4, k5, k6 := doom(), doom(), doom(), doom(), doom(), doom()
	// Errors are those of a node that went away.
	wg.Go(func() { _ = w.add(ctx, fresh, k1) })
	wg.Go(func() { _ = w.revoke(ctx, ps[0], k2) })
	wg.Go(func() { _ = w.ask(ctx, ps[1], q, k3) })
	wg.Go(func() { _ = w.ask(ctx, ps[2], nil, k4) })
	wg.Go(func() { _ = say(k5) })
	wg.Go(func() { _ = rotate(k6) })
	return &wg
}

// calls begins several verbs at once on the node's socket.
func (w *world) calls(ctx context.Context, s *server, fresh []*paper) *sync.WaitGroup {
	var wg sync.WaitGroup
	ps, q, say, rotate := w.standing(), w.question(), w.say(ctx), w.rotate(ctx)
	wg.Go(func() {
		for _, p := range fresh {
			_ = w.add(ctx, p, s.carry)
		}
	})
	wg.Go(func() { _ = w.revoke(ctx, ps[0], s.carry) })
	wg.Go(func() { _ = w.ask(ctx, ps[1], q, s.carry) })
	wg.Go(func() { _ = say(s.carry) })
	wg.Go(func() { _ = rotate(s.carry) })
	wg.Go(func() {
		for range 3 {
			_ = w.ask(ctx, ps[2], nil, s.carry)
		}
	})
	return &wg
}
