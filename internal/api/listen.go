// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// capped is a listener that keeps at most so many connections open. One more takes
// the place of the one that has been idle longest: open, and in no request since it
// was opened or since its last answer. When none is idle it waits for a place, and
// all that come after it wait in the system's queue, where they cost the node
// nothing. So nobody is kept out by connections that do nothing; a request or an
// answer under way is never broken off for another.
type capped struct {
	net.Listener
	most   int
	header time.Duration // for a request that has begun, to send its headers

	mu     sync.Mutex
	change *sync.Cond // a connection became idle or was closed, or the listener was
	open   int
	idle   []*cappedConn // the one that is idle longest comes first
	closed bool
}

func capListener(l net.Listener, most int, header time.Duration) *capped {
	c := &capped{Listener: l, most: most, header: header}
	c.change = sync.NewCond(&c.mu)
	return c
}

// Accept implements net.Listener.
func (l *capped) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &cappedConn{Conn: conn, l: l}
	victim, err := l.admit(c)
	if victim != nil {
		_ = victim.Close() // its client is not listening to the reason
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// admit counts a connection in, and returns the one that has to go for it.
func (l *capped) admit(c *cappedConn) (victim net.Conn, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.open >= l.most && len(l.idle) == 0 && !l.closed {
		l.change.Wait()
	}
	if l.closed {
		return nil, net.ErrClosed
	}
	if l.open >= l.most {
		victim = l.idle[0].Conn
		l.idle[0].outLocked()
	}
	l.open++
	l.idle = append(l.idle, c)
	return victim, nil
}

// Close implements net.Listener.
func (l *capped) Close() error {
	l.mu.Lock()
	l.closed = true
	l.change.Broadcast()
	l.mu.Unlock()
	return l.Listener.Close()
}

// state follows what http.Server says of a connection.
func (l *capped) state(conn net.Conn, s http.ConnState) {
	c := conn.(*cappedConn)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case s == http.StateActive:
		c.busyLocked()
	case s == http.StateIdle && !c.out:
		c.answered = true
		l.idle = append(l.idle, c)
		l.change.Broadcast()
	}
}

// cappedConn is a connection of a capped listener.
type cappedConn struct {
	net.Conn
	l *capped

	// Guarded by the listener's mutex.
	answered bool // a request, at least
	out      bool // it counts no more
}

// Read implements net.Conn. The first byte begins a request, long before the
// server knows of it. The server gives the first request of a connection
// HeaderTimeout from its opening, but starts that clock for later ones only when
// it has four bytes, so that who sends one would be safe for the IdleTimeout.
func (c *cappedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.l.mu.Lock()
		began := c.busyLocked() && c.answered
		c.l.mu.Unlock()
		if began {
			_ = c.Conn.SetReadDeadline(time.Now().Add(c.l.header)) // the server's own follow
		}
	}
	return n, err
}

// Close implements net.Conn.
func (c *cappedConn) Close() error {
	err := c.Conn.Close()
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.outLocked()
	return err
}

// busyLocked takes a connection off those that are idle, and reports whether it was one.
func (c *cappedConn) busyLocked() bool {
	i := slices.Index(c.l.idle, c)
	if i < 0 {
		return false
	}
	c.l.idle = slices.Delete(c.l.idle, i, i+1)
	return true
}

// outLocked counts a connection out, once.
func (c *cappedConn) outLocked() {
	if c.out {
		return
	}
	c.out = true
	c.busyLocked()
	c.l.open--
	c.l.change.Broadcast()
}
