// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"sync"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/infer"
)

// prefixes is what is remembered of requests that ended, so that the next one that begins alike need
// not give the same tokens again. A sequence is a pure function of model and tokens, so this cannot
// show in an answer; but how fast an answer comes tells what others have asked. Therefore nobody
// profits from another's partition.
//
// A request gets a copy: what stands here is used by nobody else, and can be overwritten at any time.
type prefixes struct {
	limit  int64
	budget *budget

	mu      sync.Mutex
	entries []*prefix // the longest unused first
	bytes   int64
	purges  uint64                 // how often something was purged
	purged  map[dsai.Digest]uint64 // which of them was the last of a consent
}

type prefix struct {
	model     *Model
	partition dsai.Digest
	tokens    []int32
	consents  []dsai.Digest
	purges    uint64 // before the request was looked at: of a later one it may hold what was withdrawn
	sequence  *infer.Sequence
	bytes     int64
}

// least is how many tokens are worth remembering.
const least = 16

// find returns a copy of the longest sequence that a request may begin with, or nil. At least one
// token of the prompt is left.
func (p *prefixes) find(m *Model, partition dsai.Digest, prompt []int32) *infer.Sequence {
	p.mu.Lock()
	defer p.mu.Unlock()
	best, long := -1, least-1
	for i, e := range p.entries {
		if e.model != m || e.partition != partition || partition.IsZero() {
			continue
		}
		if n := common(e.tokens, prompt[:len(prompt)-1]); n > long {
			best, long = i, n
		}
	}
	if best < 0 {
		return nil
	}
	e := p.entries[best]
	p.entries = append(slices.Delete(p.entries, best, best+1), e)
	return e.sequence.Copy(long)
}

func common(a, b []int32) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// keep remembers an entry, or erases it if it may not or need not be remembered.
func (p *prefixes) keep(e *prefix) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.bytes = int64(e.sequence.Bytes())
	if e.partition.IsZero() || len(e.tokens) < least || e.bytes > p.limit || p.stale(e) {
		e.sequence.Erase()
		return
	}
	p.drop(func(old *prefix) bool { // what the new one begins with is in it
		return old.model == e.model && old.partition == e.partition && common(old.tokens, e.tokens) == len(old.tokens)
	})
	for len(p.entries) > 0 && p.bytes+e.bytes > p.limit {
		p.dropOldest()
	}
	for !p.budget.take(e.bytes) {
		if len(p.entries) == 0 {
			e.sequence.Erase()
			return
		}
		p.dropOldest()
	}
	p.bytes += e.bytes
	p.entries = append(p.entries, e)
}

// stale reports whether something under one of the entry's consents was purged since.
func (p *prefixes) stale(e *prefix) bool {
	return slices.ContainsFunc(e.consents, func(c dsai.Digest) bool { return p.purged[c] > e.purges })
}

// purge forgets all that is under any of the consents, now and when requests end that have begun.
func (p *prefixes) purge(consents []dsai.Digest) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.purges++
	for _, c := range consents {
		p.purged[c] = p.purges
	}
	return p.drop(p.stale)
}

// count returns how often something was purged.
func (p *prefixes) count() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.purges
}

// forget forgets all of a model.
func (p *prefixes) forget(m *Model) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(func(e *prefix) bool { return e.model == m })
}

// size returns the bytes that evict can give back.
func (p *prefixes) size() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}

// evict forgets what was unused longest. It reports whether there was anything.
func (p *prefixes) evict() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.entries) == 0 {
		return false
	}
	p.dropOldest()
	return true
}

func (p *prefixes) dropOldest() {
	oldest := p.entries[0]
	p.drop(func(e *prefix) bool { return e == oldest })
}

func (p *prefixes) drop(which func(*prefix) bool) int {
	before := len(p.entries)
	p.entries = slices.DeleteFunc(p.entries, func(e *prefix) bool {
		if !which(e) {
			return false
		}
		e.sequence.Erase()
		p.bytes -= e.bytes
		p.budget.give(e.bytes)
		return true
	})
	return before - len(p.entries)
}
