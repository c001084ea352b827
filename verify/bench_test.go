// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package verify_test

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
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

// What BenchmarkBulk verifies: distinct answers, each resting on one of the
// groups of four consents.
const bulkAnswers, bulkGroups = 10_000, 50

// BenchmarkBulk verifies 10,000 bundles of one co-op. 200 consents with their
// lists and derivations are shared; each bundle has a receipt, openings and an
// inclusion proof of its own. Run it with -cpu 1 -benchtime 10000x; half a
// minute goes into making them.
func BenchmarkBulk(b *testing.B) {
	two := []string{"w1.example", "w2.example"}
	for _, tt := range []struct {
		name      string
		each      bool // saved after each answer: each under a checkpoint of its own
		cosigners []string
	}{
		{"own checkpoint", true, nil},
		{"own checkpoint and 2 witnesses", true, two},
		{"one checkpoint and 2 witnesses", false, two}, // as an export of the log gives them
	} {
		b.Run(tt.name, func(b *testing.B) {
			lot := bulk(b, tt.each, tt.cosigners)
			var v *verify.Verifier
			n, start := 0, cpuTime(b)
			for ; b.Loop(); n++ {
				if n%len(lot.bundles) == 0 { // so that no bundle comes a second time
					v = verify.New(verify.Options{Trust: lot.trust})
				}
				if r, err := v.Bundle(lot.bundles[n%len(lot.bundles)]); err != nil || !r.OK {
					b.Fatal(err, report(r))
				}
			}
			b.ReportMetric(float64(n)/(cpuTime(b)-start).Seconds(), "bundles/core-s")
		})
	}
}

// batch is bundles with whom to believe about them.
type batch struct {
	trust   *dsai.Trust
	bundles [][]byte
}

// bulk puts the answers of bulkLog into a log and returns their bundles. They
// lie in a mapped file, where the garbage collector, which is measured too,
// has no work with them.
func bulk(b *testing.B, each bool, cosigners []string) batch {
	b.Helper()
	l := bulkLog()
	s := newScene(b, "clinic")
	s.cosigners = cosigners
	tr, origin := &tree{}, dsai.LogOrigin(s.node, 0)
	if !each {
		tr = newTree(b, l.leaves)
	}
	f, err := os.CreateTemp(b.TempDir(), "bundles")
	must(b, err)
	defer f.Close()
	ends := make([]int, 0, bulkAnswers)
	size, end := len(l.leaves), 0
	for i, leaf := range l.leaves {
		if each {
			tr.add(b, leaf)
			size = i + 1
		}
		if i < bulkEarlier {
			continue
		}
		n, err := f.Write(l.bundle(i-bulkEarlier, s.prove(origin, tr, size, i)))
		must(b, err)
		end += n
		ends = append(ends, end)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, end, syscall.PROT_READ, syscall.MAP_SHARED)
	must(b, err)
	b.Cleanup(func() { must(b, syscall.Munmap(data)) })
	out, start := batch{trust: s.trust()}, 0
	for _, end := range ends {
		out.bundles = append(out.bundles, data[start:end:end])
		start = end
	}
	return out
}

// bulkEarlier is how many leaves the receipts say were in the log before.
const bulkEarlier = 4

// answered is the answers to many questions, with their leaves in the log.
type answered struct {
	leaves    [][]byte
	receipts  [][]byte
	openings  [][]byte
	templates [bulkGroups]template
}

// template is the bundle of the first answer of a group, for the others to be
// made from: bringing each into canonical form would take minutes.
type template struct{ bundle, receipt, openings []byte }

const noProof = "PROOF"

// bundle returns the bundle of one answer under a proof.
func (a *answered) bundle(i int, proof string) []byte {
	t := a.templates[i%bulkGroups]
	text, err := vc.Canonical(proof)
	if err != nil {
		panic(err)
	}
	out := bytes.Replace(t.bundle, []byte(`"`+noProof+`"`), text, 1)
	out = bytes.Replace(out, t.receipt, a.receipts[i], 1)
	return bytes.Replace(out, t.openings, a.openings[i], 1)
}

// bulkLog makes the answers once for all variants.
var bulkLog = sync.OnceValue(func() *answered {
	var b testing.B // a scene wants something to fail
	s, a := newScene(&b, "clinic"), &answered{}
	for i := range bulkEarlier {
		a.leaves = append(a.leaves, []byte{byte(i)})
	}
	var stages [bulkGroups]stage
	for i := range stages {
		s.consent = func(_ int, c *dsai.Credential[dsai.ConsentBundle]) {
			c.Subject.Notice.Language = fmt.Sprintf("x-%d", i)
		}
		stages[i] = s.set()
	}
	for i := range bulkAnswers {
		s.question = fmt.Sprintf("What to do in case %d?", i)
		s.receipt = func(r *dsai.InferenceReceipt) { r.Request = s.digest(fmt.Sprint("request ", i)) }
		receipt, o := s.answer(stages[i%bulkGroups])
		openings, err := vc.Canonical(o)
		must(&b, err)
		a.leaves, a.receipts, a.openings = append(a.leaves, s.logLeaf(receipt)), append(a.receipts, receipt.Raw), append(a.openings, openings)
		if i < bulkGroups {
			a.templates[i] = template{s.assemble(stages[i], receipt, noProof, o), receipt.Raw, openings}
		}
	}
	return a
})

// cpuTime is what this process has used of all cores. It tells what a core can
// do also while the machine does something else.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	must(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
