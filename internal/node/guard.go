// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"time"

	"dsai.example/dsai"
)

var (
	errRevoked = errors.New("consent withdrawn")
	errUnread  = errors.New("the store has changed and cannot be read, so nothing is permitted until it can")
)

// guard watches over the consents that a running answer rests on.
type guard struct {
	uses []dsai.Use
	stop context.CancelCauseFunc
	turn chan struct{} // holds one while a piece is being sent
}

// watch returns a context that ends with errRevoked when a consent under one of
// the uses is withdrawn, and the guard that sees to it. The caller calls done.
func (l *library) watch(ctx context.Context, uses []dsai.Use) (_ context.Context, _ *guard, done func()) {
	ctx, stop := context.WithCancelCause(ctx)
	g := &guard{uses, stop, make(chan struct{}, 1)}
	l.mu.Lock()
	l.guards[g] = true
	if why := l.brokenLocked(g); why != nil {
		stop(why)
	}
	l.mu.Unlock()
	return ctx, g, func() {
		l.mu.Lock()
		delete(l.guards, g)
		l.mu.Unlock()
		stop(nil)
	}
}

// send lets one piece out unless the guard has ended ctx, which watch returned.
// Looking and sending are one step for awaitSends: what is not let out before
// that returns never is.
func (g *guard) send(ctx context.Context, emit func() error) error {
	g.turn <- struct{}{}
	defer func() { <-g.turn }()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return emit()
}

// sendWait bounds how long a withdrawal waits for a piece that is being sent to
// a client that does not take it. That piece was let out before.
const sendWait = 2 * time.Second

// awaitSends returns when no send under way has begun before its guard stopped.
func awaitSends(stopped []*guard) {
	if len(stopped) == 0 {
		return
	}
	late := time.NewTimer(sendWait)
	defer late.Stop()
	for _, g := range stopped {
		select {
		case g.turn <- struct{}{}:
			<-g.turn
		case <-late.C:
			return
		}
	}
}

// brokenLocked returns why an answer must stop, nil while all that it rests on
// holds.
func (l *library) brokenLocked(g *guard) error {
	if l.unread != nil {
		return errUnread
	}
	for _, u := range g.uses {
		c, d := l.grants[u.Consent], l.byID[u.Document]
		if c == nil || d == nil || d.Secret == nil || d.Gone != 0 || !d.Quarantine.IsZero() || d.governing() != c ||
			l.withholdsLocked(u.Consent, u.Document) {
			return errRevoked
		}
		if _, gone := c.Withdrawn(u.Document); gone {
			return errRevoked
		}
	}
	return nil
}
