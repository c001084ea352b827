// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"slices"
	"sync/atomic"

	"dsai.example/dsai/internal/verifiable/token"
)

// LoadAfter loads the weights after the file was hashed and between has run.
func (f *File) LoadAfter(ctx context.Context, between func()) error {
	p, err := f.fingerprint(ctx, nil)
	if err != nil {
		return err
	}
	between()
	_, err = f.load(ctx, p, new(atomic.Int64))
	return err
}

// Ahead lets a model be so many pieces ahead of its readers, so that answers take as long as these.
func (c Config) Ahead(n int) Config {
	c.ahead = n
	return c
}

// Warn says which kernels are not used.
var Warn = warn

// Remembered returns how many prompts are remembered, in how many bytes.
func (e *Engine) Remembered() (entries int, bytes int64) {
	e.prefixes.mu.Lock()
	defer e.prefixes.mu.Unlock()
	return len(e.prefixes.entries), e.prefixes.bytes
}

// Fixed returns the bytes of weights and workspace.
func (m *Model) Fixed() int64 { return m.fixed() }

// Workspace returns how many items a step may have, and the bytes it computes in.
func (m *Model) Workspace() (items int, bytes int64) { return m.items, m.workspace }

// Used returns the bytes that are taken.
func (e *Engine) Used() int64 { return e.budget.inUse() }

// Output is the text of an answer.
type Output struct{ o *output }

// NewOutput returns the text of no tokens.
func NewOutput(v *token.Vocabulary, stop []string) Output { return Output{newOutput(v, stop)} }

// Next adds a token and returns what may leave.
func (o Output) Next(id token.ID, last bool) (text string, tokens int, stopped bool) {
	stopped = o.o.add(id)
	if last || stopped {
		o.o.end(stopped)
	}
	text, tokens = o.o.take(last || stopped)
	return text, tokens, stopped
}

// Rounds plans steps of so many items for answers that do not end and for prompts that do not either, and
// returns how many items each of them had, the answers first.
func Rounds(rounds, items, answers, prompts int) []int {
	s := &loop{m: &Model{e: New(Config{}), items: items}}
	for i := range answers + prompts {
		t := &task{tokens: make([]int32, 1)}
		if i >= answers {
			t.tokens = make([]int32, 1000)
		}
		s.active = append(s.active, t)
	}
	had := make([]int, len(s.active))
	for range rounds {
		s.plan()
		for _, p := range s.parts {
			had[slices.Index(s.active, p.t)] += p.to - p.from
		}
	}
	return had
}
