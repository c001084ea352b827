// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"slices"
	"time"

	"dsai.example/dsai"
)

// MaxJump is how far own time may leave elapsed time, or the witnesses, before
// a person has to accept it.
const MaxJump dsai.Seconds = 3600

// Moment is the time at which a use is decided, and how far it can be believed.
type Moment struct {
	Now dsai.Time
	// Untrusted is ClockBehind or ClockJumped when no consented data may be
	// served, and empty otherwise.
	Untrusted Reason
}

// Reading is what a node knows about the time at one instant.
type Reading struct {
	Own     dsai.Time     // the system's clock
	Elapsed time.Duration // monotonic, and counting while the machine sleeps (CLOCK_BOOTTIME)
	// Witnesses are the times of cosignatures just received, one for each
	// operator of a pinned witness. Empty when none answered.
	Witnesses []dsai.Time
	// List is the latest validFrom among verified status lists; zero for none.
	List dsai.Time
}

// Clock turns readings into moments that never go back. Only High outlives the
// process: start with Clock{High: stored}, and store it again as it grows. The
// machine is a value: Advance and Accept return the next one.
//
// Consents end and lists age by it. A clock set back would bring ended consents
// and old lists back to life; one set forward ends them early, and leaves a mark
// that the right time cannot pass. Own time that runs slow against elapsed time
// by less than MaxJump is noticed only by witnesses.
type Clock struct {
	High dsai.Time // the latest time ever believed

	anchored bool
	anchor   dsai.Time     // led own time that was believed
	elapsed  time.Duration // Reading.Elapsed then
	lead     dsai.Time     // by which witnesses are ahead of own time; never negative
}

// Advance takes a reading. While a moment is untrusted the clock stands still,
// so that correcting the machine's clock heals it without anybody's word.
func (c Clock) Advance(r Reading) (Clock, Moment) {
	next := c
	witnessed := len(r.Witnesses) > 0
	if witnessed {
		next.lead = max(0, lowerMedian(r.Witnesses)-r.Own)
	}
	own := r.Own + next.lead
	if reason := c.judge(r, own); reason != "" {
		return c, Moment{Now: max(own, c.High, r.List), Untrusted: reason}
	}
	next.High = max(own, c.High, r.List)
	if !c.anchored || witnessed {
		next.anchored, next.anchor, next.elapsed = true, own, r.Elapsed
	}
	return next, Moment{Now: next.High}
}

// judge returns why a reading cannot be believed, or "". own is the reading's
// own time as the witnesses lead it.
func (c Clock) judge(r Reading, own dsai.Time) Reason {
	const jump = dsai.Time(MaxJump)
	if len(r.Witnesses) > 0 {
		switch m := lowerMedian(r.Witnesses); {
		case r.Own > m+jump:
			return ClockJumped
		case r.Own < m-jump:
			return ClockBehind
		}
	}
	if own < max(c.High, r.List)-dsai.Time(Skew) {
		return ClockBehind
	}
	// After a start there is nothing to compare with: the machine may have been
	// off for any time.
	if c.anchored {
		since := dsai.Time((r.Elapsed - c.elapsed) / time.Second)
		drift := since / 1000 // honest oscillators part by less than a thousandth
		switch expected := c.anchor + since; {
		case own > expected+jump+drift:
			return ClockJumped
		case own < expected-jump-drift:
			return ClockBehind
		}
	}
	return ""
}

// Accept makes a reading's own time the node's time, on the word of its
// operator ("dsai node clock accept").
func (c Clock) Accept(r Reading) Clock {
	return Clock{High: r.Own, anchored: true, anchor: r.Own, elapsed: r.Elapsed}
}

// lowerMedian of n times is at or below half of them, so that a majority would
// have to lie to lead a clock forward.
func lowerMedian(times []dsai.Time) dsai.Time {
	return slices.Sorted(slices.Values(times))[(len(times)-1)/2]
}
