// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// How long a login link and a session last.
const (
	linkLife    = 15 * time.Minute
	sessionLife = 12 * time.Hour
)

// sessions lets people into the pages. Links and sessions live in memory and
// end with the process; only hashes of their secrets are kept.
type sessions struct {
	n *Node

	mu       sync.Mutex
	links    map[[32]byte]dsai.Time // until when
	sessions map[[32]byte]dsai.Time
}

func newSessions(n *Node) *sessions {
	return &sessions{n: n, links: map[[32]byte]dsai.Time{}, sessions: map[[32]byte]dsai.Time{}}
}

func newToken() (token string, hash [32]byte) {
	var b [32]byte
	rand.Read(b[:])
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, sha256.Sum256([]byte(token))
}

// link makes a token that can be redeemed once.
func (s *sessions) link() string {
	token, h := newToken()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweepLocked()
	s.links[h] = s.n.clock.now().Add(linkLife)
	return token
}

func (s *sessions) sweepLocked() {
	now := s.n.clock.now()
	for _, m := range []map[[32]byte]dsai.Time{s.links, s.sessions} {
		for h, until := range m {
			if now > until {
				delete(m, h)
			}
		}
	}
}

// Redeem implements ui.Sessions.
func (s *sessions) Redeem(_ context.Context, token string) (string, dsai.Time, error) {
	h := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweepLocked()
	if _, ok := s.links[h]; !ok {
		return "", 0, view.ErrUnauthorized
	}
	delete(s.links, h)
	session, sh := newToken()
	until := s.n.clock.now().Add(sessionLife)
	s.sessions[sh] = until
	return session, until, nil
}

// Session implements ui.Sessions. Whoever came by the operator's link is the
// operator.
func (s *sessions) Session(_ context.Context, session string) (*pipeline.Requester, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.sessions[sha256.Sum256([]byte(session))]
	if !ok || s.n.clock.now() > until {
		return nil, view.ErrUnauthorized
	}
	who := s.n.Console()
	return &who, nil
}

// End implements ui.Sessions.
func (s *sessions) End(_ context.Context, session string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, sha256.Sum256([]byte(session)))
	return nil
}

// LoginLink returns a link that lets the operator into the pages, once.
func (n *Node) LoginLink() (string, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.listen == "" {
		return "", fmt.Errorf("make login link: no node is running; start one with dsai up")
	}
	return "http://" + n.listen + "/login?token=" + n.sessions.link(), nil
}
