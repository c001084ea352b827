// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
)

// Members lend a document on each topic, each under a consent of its own.
var (
	members = []string{"Ama", "Bo", "Chi"}
	topics  = []string{"cistern", "ferry", "granary", "kiln", "loom", "orchard", "seismograph", "windmill"}
)

// paper is a document.
type paper struct {
	member, path string
	consent      dsai.Digest // zero while it is withdrawn
}

// library has members lend their documents.
func (h *home) library() error {
	for m, name := range members {
		var shown node.MemberShown
		if err := h.call("member.add", node.MemberArgs{Name: name}, &shown); err != nil {
			return err
		}
		folder := filepath.Join(h.dir, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
		for _, topic := range topics {
			p := &paper{member: name, path: filepath.Join(folder, topic+".md")}
			text := fmt.Sprintf("# %s\n\nThe %s rests %d weeks each year. %s keeps its key.\n", topic, topic, m+2, name)
			if err := os.WriteFile(p.path, []byte(text), 0o600); err != nil {
				return err
			}
			if err := h.lend(p); err != nil {
				return err
			}
			h.papers = append(h.papers, p)
		}
	}
	return nil
}

func (h *home) lend(p *paper) error {
	var out node.Contributed
	if err := h.call("add", node.Contribution{Member: p.member, Paths: []string{p.path}}, &out); err != nil {
		return err
	}
	if p.consent = out.Consent; p.consent.IsZero() {
		return fmt.Errorf("add %s: no consent: %+v", filepath.Base(p.path), out)
	}
	return nil
}

// lend withdraws documents, and lends them again when a few are away. Only it changes papers.
func (s *soak) lend(ctx context.Context, r *rand.Rand) error {
	var away []*paper
	return every(ctx, 700*time.Millisecond, func() error {
		if len(away) > 5 || len(away) > 0 && r.IntN(2) == 0 {
			p := away[0]
			away = away[1:]
			s.counts.lent.Add(1)
			return s.home.lend(p)
		}
		p := s.home.papers[r.IntN(len(s.home.papers))]
		if p.consent.IsZero() {
			return nil
		}
		if err := s.home.call("consent.revoke", node.RevokeArgs{Ref: p.consent.String()}, nil); err != nil {
			return err
		}
		s.ledger.withdrew(p.consent)
		s.counts.withdrawn.Add(1)
		p.consent = dsai.Digest{}
		away = append(away, p)
		return nil
	})
}

// replaceModels removes a model now and then, and adds it again.
func (s *soak) replaceModels(ctx context.Context, r *rand.Rand) error {
	return every(ctx, s.rarely(5*time.Second), func() error {
		m := s.home.models[r.IntN(len(s.home.models))]
		m.leave()
		defer m.back()
		if err := s.home.call("model.rm", node.Ref{Ref: m.name}, nil); err != nil {
			return err
		}
		pause(ctx, time.Duration(r.IntN(500))*time.Millisecond)
		s.counts.models.Add(1)
		return s.home.call("model.add", node.ModelArgs{Name: m.name, Path: m.path}, nil)
	})
}

// rarely is a period for a long run, and shorter for a short one.
func (s *soak) rarely(d time.Duration) time.Duration {
	return min(d, max(s.span/10, 100*time.Millisecond))
}

// key is an API key: each is another requester.
type key struct {
	presence
	secret, name string
}

// keyring holds the keys that clients use.
type keyring struct {
	mu   sync.Mutex
	made int
	keys []*key
}

func (k *keyring) any(r *rand.Rand) *key {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[r.IntN(len(k.keys))]
}

// newKey makes a key whose limits do not matter here.
func (s *soak) newKey() (*key, error) {
	s.keyring.made++
	k := &key{name: fmt.Sprintf("client-%d", s.keyring.made)}
	var out node.NewKeyResult
	err := s.home.call("key.new", node.NewKeyArgs{Name: k.name, RequestsPerMinute: 1_000_000, TokensPerMinute: 100_000_000}, &out)
	k.secret = strings.TrimSpace(out.Secret)
	return k, err
}

// replaceKeys revokes a key now and then, after making another. Only it makes keys, once clients ask.
func (s *soak) replaceKeys(ctx context.Context, r *rand.Rand) error {
	return every(ctx, s.rarely(10*time.Second), func() error {
		k, err := s.newKey()
		if err != nil {
			return err
		}
		s.keyring.mu.Lock()
		i := r.IntN(len(s.keyring.keys))
		old := s.keyring.keys[i]
		s.keyring.keys[i] = k
		s.keyring.mu.Unlock()
		old.leave()
		s.counts.keys.Add(1)
		return s.home.call("key.revoke", node.Ref{Ref: old.name}, nil)
	})
}

// kills ends the node now and then in the first half: what it holds is judged by the last life, which
// must be long.
func (s *soak) kills(ctx context.Context, _ *rand.Rand) error {
	if s.kill == 0 {
		return nil
	}
	first, cancel := context.WithTimeout(ctx, s.span/2)
	defer cancel()
	return every(first, s.kill, func() error {
		s.counts.kills.Add(1)
		return s.home.kill()
	})
}
