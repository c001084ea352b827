// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"

	"dsai.example/dsai/internal/verifiable/infer"
)

// step gives the items to the model and lets their tasks advance.
func (s *loop) step() {
	results, err := s.compute(s.items)
	s.stays = err == errLeft
	if err == nil {
		s.advance(s.parts, results)
	}
	if err == nil || s.stays {
		return
	}
	// One of them is at fault, and the sequences are as they were: each by itself, so that it does not
	// show in the others.
	all := s.parts
	for i := range all {
		s.parts = all[i : i+1]
		p := all[i]
		results, err := s.compute(s.items[p.from:p.to])
		if err == errLeft {
			continue
		}
		if err != nil {
			p.t.err = err
			continue
		}
		p.from, p.to = 0, p.to-p.from
		s.advance([]part{p}, results)
	}
	s.parts = all
}

// errLeft ends a step that nobody needs.
var errLeft = errors.New("the step's callers have left")

// needless reports that nobody needs the step under way. One that reads prompts takes as long as many
// tokens: it is given up for one of several who left, too, and made again without them; but only once,
// so that the others get on, whoever comes and goes.
func (s *loop) needless() bool {
	left := 0
	for _, p := range s.parts {
		if p.t.left() {
			left++
			if p.to-p.from > 1 && !s.stays {
				return true
			}
		}
	}
	return left == len(s.parts)
}

// compute is a step of the model. A panic in it is an error.
func (s *loop) compute(items []infer.Item) (results []infer.Result, err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case errLeft:
			err = errLeft
		default:
			s.workspace, err = s.life.model.NewWorkspace(), panicked(v)
		}
	}()
	return s.workspace.Step(items, s.parallel)
}

// parallel is an infer.Parallel that gives up between its calls when nobody needs the step.
func (s *loop) parallel(n int, f func(i int)) {
	s.call = f
	s.pool.Parallel(n, s.unless)
	if s.needless() { // and was in any call that was left out
		panic(errLeft) // a Parallel cannot fail otherwise
	}
}

func (s *loop) advance(parts []part, results []infer.Result) {
	s.pool.Parallel(len(parts), func(i int) {
		p := parts[i]
		defer func() {
			if v := recover(); v != nil {
				p.t.err = panicked(v)
			}
		}()
		p.t.fed += p.to - p.from
		if last := results[p.to-1]; last.Logits != nil {
			p.t.advance(last, s.m.ends, s.m.Vocabulary)
		}
	})
}
