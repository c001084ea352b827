// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package verify_test

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/verify"
)

// One bundle with four consents, nothing known before.
func BenchmarkCold(b *testing.B) {
	s := newScene(b, "clinic")
	raw, o := s.raw(), verify.Options{Trust: s.trust()}
	b.SetBytes(int64(len(raw)))
	n, start := 0, cpuTime(b)
	for ; b.Loop(); n++ {
		if r, err := verify.Bundle(raw, o); err != nil || !r.OK {
			b.Fatal(err, report(r))
		}
	}
	b.ReportMetric((cpuTime(b)-start).Seconds()*1000/float64(n), "core-ms/op")
}

// Many bundles of one co-op, on one core: 200 consents with their lists and
// derivations are shared; receipts, proofs and openings are each bundle's own.
// "each checkpoint" is a bundle saved after each answer, "one checkpoint" an
// export of the log.
func BenchmarkBulk(b *testing.B) {
	s := newScene(b, "clinic")
	o := verify.Options{Trust: s.trust()}
	for _, tt := range []struct {
		name    string
		bundles [][]byte
		fresh   bool
	}{
		{"each checkpoint", bulk(s, false), true},
		{"one checkpoint", bulk(s, true), false},
	} {
		b.Run(tt.name, func(b *testing.B) {
			v, n, start := verify.New(o), 0, cpuTime(b)
			for b.Loop() {
				raw := tt.bundles[n%len(tt.bundles)]
				if tt.fresh { // another note, so that its signatures are checked anew
					line := fmt.Sprintf("\u2014 nobody.example AAAA%08d\\n\",\"receipt\":", n)
					raw = bytes.Replace(raw, []byte("\",\"receipt\":"), []byte(line), 1)
				}
				if r, err := v.Bundle(raw); err != nil || !r.OK {
					b.Fatal(err, report(r))
				}
				n++
			}
			b.ReportMetric(float64(n)/(cpuTime(b)-start).Seconds(), "bundles/core-s")
		})
	}
}

// bulk returns 400 bundles over 50 groups of four consents each.
func bulk(s *scene, oneCheckpoint bool) [][]byte {
	const groups, n = 50, 400
	var out, leaves [][]byte
	fill := func() {
		out = nil
		for i := range n {
			group := i % groups
			s.consent = func(_ int, c *dsai.Credential[dsai.ConsentBundle]) {
				c.Subject.Notice.Language = fmt.Sprintf("x-%d", group)
			}
			s.receipt = func(r *dsai.InferenceReceipt) { r.Request = s.digest(fmt.Sprint("request ", i)) }
			out = append(out, s.raw())
		}
	}
	s.log = s.appendTo
	if oneCheckpoint {
		for i := range 4 {
			leaves = append(leaves, []byte{byte(i)}) // what the receipts name as earlier
		}
		s.log = func(_ string, leaf []byte) string { leaves = append(leaves, leaf); return "" }
		fill()
		// Signing is deterministic, so the same receipts come again.
		tr, next := newTree(s.t, leaves), 4
		s.log = func(origin string, _ []byte) string { next++; return s.prove(origin, tr, len(leaves), next-1) }
	}
	fill()
	return out
}

// cpuTime is what this process has used of all cores. It tells what a core can
// do also while the machine does something else.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	must(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
