// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"sync"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
)

// quota holds back what running answers may still quote of documents whose
// consent limits that, so that questions asked at once cannot together exceed a
// limit. What was quoted in the end is charged in the store; a crash charges all
// that was held back, because nobody knows how much of it left.
type quota struct {
	mu   sync.Mutex
	held map[dsai.Digest]*holding // by request
}

// holding is what one request holds back.
type holding struct {
	requester dsai.Digest
	charges   []charge
	opened    bool // on disk: only its end lets go of it
}

// charge is a number of code points of one document.
type charge struct {
	Document dsai.DocumentID `json:"document"`
	Chars    int             `json:"chars"`
}

// take holds back up to want code points of a document for a request and
// returns how many, or OutputLimit when none are left.
func (q *quota) take(ctx context.Context, db *store.Store, r *pipeline.Request, g *consent.Grant, d dsai.DocumentID, want int) (int, consent.Reason, error) {
	who := r.Requester.Subject.Requester
	q.mu.Lock()
	defer q.mu.Unlock()
	// Under the lock: an answer is charged first and let go of then, so it is
	// counted twice at worst.
	used, err := db.Quoted(ctx, who, d)
	if err != nil {
		return 0, "", err
	}
	for _, h := range q.held {
		if h.requester != who {
			continue
		}
		for _, c := range h.charges {
			if c.Document == d {
				used += c.Chars
			}
		}
	}
	left, reason := g.QuoteLeft(used)
	if reason != consent.OK {
		return 0, reason, nil
	}
	left = min(left, want)
	h := q.held[r.ID]
	if h == nil {
		h = &holding{requester: who}
		q.held[r.ID] = h
	}
	h.charges = append(h.charges, charge{d, left})
	return left, consent.OK, nil
}

// charges lists what a request holds back.
func (q *quota) charges(request dsai.Digest) []charge {
	q.mu.Lock()
	defer q.mu.Unlock()
	if h := q.held[request]; h != nil {
		return h.charges
	}
	return []charge{} // canonical JSON has no null
}

// open notes that what a request holds back is on disk.
func (q *quota) open(request dsai.Digest) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if h := q.held[request]; h != nil {
		h.opened = true
	}
}

// end replaces what a request held back by what it was quoted, until the store has
// that.
func (q *quota) end(request dsai.Digest, uses []store.Use) {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.held[request]
	if h == nil {
		return
	}
	h.charges = nil
	for _, u := range uses {
		h.charges = append(h.charges, charge{u.ID, u.Chars})
	}
}

// settle lets go of what a request held back: it was charged.
func (q *quota) settle(request dsai.Digest) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.held, request)
}

// drop lets go of what a request held back that never got as far as its engine.
func (q *quota) drop(request dsai.Digest) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if h := q.held[request]; h != nil && !h.opened {
		delete(q.held, request)
	}
}
