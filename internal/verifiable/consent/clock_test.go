// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
)

// TestClock plays readings one after another. Times are seconds after t0,
// elapsed is seconds after the start.
func TestClock(t *testing.T) {
	type step struct {
		own, elapsed int
		witnesses    []int
		list         int // 0: none
		accept       bool

		now       int
		untrusted consent.Reason
	}
	const hour, year = 3600, 365 * 24 * 3600
	for _, tc := range []struct {
		name  string
		high  int // persisted before the start; 0: none
		steps []step
	}{
		{"ticks", 0, []step{{own: 10, now: 10}, {own: 20, elapsed: 10, now: 20}}},
		{"never goes back within the skew", 0, []step{{own: 10, now: 10}, {own: 5, elapsed: 1, now: 10}}},
		{"set back beyond the skew", 0, []step{
			{own: 10, now: 10},
			{own: 4, elapsed: 1, now: 10, untrusted: consent.ClockBehind},
			{own: 5, elapsed: 2, now: 10}, // heals by itself
		}},
		{"an hour back", hour, []step{
			{own: 0, now: hour, untrusted: consent.ClockBehind},
			{own: 1, elapsed: 1, accept: true},
			{own: 2, elapsed: 2, now: 2},
		}},
		{"off for a year", 10, []step{{own: year, now: year}}},
		{"asleep for a day", 0, []step{{own: 0, now: 0}, {own: 24 * hour, elapsed: 24 * hour, now: 24 * hour}}},
		{"forward by an hour", 0, []step{{own: 0, now: 0}, {own: hour + 10, elapsed: 10, now: hour + 10}}},
		{"forward by more", 0, []step{
			{own: 0, now: 0},
			{own: hour + 11, elapsed: 10, now: hour + 11, untrusted: consent.ClockJumped},
			{own: 20, elapsed: 20, now: 20}, // corrected: no mark was left
		}},
		{"forward by more, accepted", 0, []step{
			{own: 0, now: 0},
			{own: year, elapsed: 10, now: year, untrusted: consent.ClockJumped},
			{own: year, elapsed: 11, accept: true},
			{own: year + 9, elapsed: 20, now: year + 9},
		}},
		{"forward in small steps", 0, []step{
			{own: 0, now: 0},
			{own: 2000, elapsed: 1, now: 2000},
			{own: 4000, elapsed: 2, now: 4000, untrusted: consent.ClockJumped},
		}},
		{"stands still while time passes", 0, []step{
			{own: 100, now: 100},
			{own: 100, elapsed: 2 * hour, now: 100, untrusted: consent.ClockBehind},
		}},
		{"witnesses confirm", 0, []step{{own: 10, witnesses: []int{9, 10, 11}, now: 10}, {own: 20, elapsed: 10, now: 20}}},
		{"witnesses lead a slow clock", 0, []step{
			{own: 10, witnesses: []int{110, 130, 120}, now: 120},
			{own: 20, elapsed: 10, now: 130}, // and go on leading when silent
		}},
		{"witnesses never lead back", 0, []step{{own: 100, witnesses: []int{10, 20, 30}, now: 100}}},
		{"one witness lies", 0, []step{{own: 10, witnesses: []int{10, 11, year}, now: 11}}},
		{"of two the earlier counts", 0, []step{{own: 10, witnesses: []int{year, 12}, now: 12}}},
		{"witnesses are hours ahead", 0, []step{{own: 0, witnesses: []int{2 * hour}, now: 2 * hour, untrusted: consent.ClockBehind}}},
		{"witnesses are hours behind", 0, []step{{own: 2 * hour, witnesses: []int{1}, now: 2 * hour, untrusted: consent.ClockJumped}}},
		{"a list is a little ahead", 0, []step{{own: 10, list: 15, now: 15}, {own: 11, elapsed: 1, now: 15}}},
		{"a list is ahead", 0, []step{
			{own: 10, list: 16, now: 16, untrusted: consent.ClockBehind},
			{own: 11, elapsed: 1, list: 16, now: 16},
		}},
		{"a month awake with a crystal 100 ppm off", 0, []step{
			{own: 0, now: 0},
			{own: 30*24*hour + 259, elapsed: 30 * 24 * hour, now: 30*24*hour + 259},
		}},
	} {
		c := consent.Clock{}
		if tc.high != 0 {
			c.High = t0 + dsai.Time(tc.high)
		}
		for i, s := range tc.steps {
			r := consent.Reading{Own: t0 + dsai.Time(s.own), Elapsed: time.Duration(s.elapsed) * time.Second}
			for _, w := range s.witnesses {
				r.Witnesses = append(r.Witnesses, t0+dsai.Time(w))
			}
			if s.list != 0 {
				r.List = t0 + dsai.Time(s.list)
			}
			if s.accept {
				c = c.Accept(r)
				continue
			}
			before := c
			next, got := c.Advance(r)
			want := consent.Moment{Now: t0 + dsai.Time(s.now), Untrusted: s.untrusted}
			if got != want {
				t.Errorf("%s: step %d: Advance(%+v) = now %d %+v, want %+v", tc.name, i+1, r, got.Now-t0, got, want)
			}
			if got.Untrusted != "" && next != before {
				t.Errorf("%s: step %d: an untrusted reading changed the clock to %+v", tc.name, i+1, next)
			}
			if next.High < before.High {
				t.Errorf("%s: step %d: High went from %d back to %d", tc.name, i+1, before.High, next.High)
			}
			c = next
		}
	}
}
