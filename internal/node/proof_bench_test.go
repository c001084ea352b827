// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package node_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"dsai.example/dsai/internal/node"
)

// BenchmarkProof measures what proving costs beside answering: clear, open,
// issue and append, without retrieval and engine, by how many answers a second
// there are: the log writes in batches. "cpu-ms/op" counts the whole process, so
// the log's sequencer, SQLite and the garbage collector are in it, and
// "idle-ms/op" what it takes when it is woken as often and proves nothing. The
// target of 2 ms is for the former, at the 100 a second that a node must answer.
func BenchmarkProof(b *testing.B) {
	n, _ := home(b)
	doc := write(b, "oral.md", rehydration)
	call[node.Contributed](b, n, "add", node.Contribution{Paths: []string{doc}})
	prove, err := n.Proof(b.Context(), "How much sugar and salt for one litre of clean water?")
	if err != nil {
		b.Fatal(err)
	}
	for _, rate := range []int{50, 100} {
		b.Run(fmt.Sprintf("%d a second", rate), func(b *testing.B) {
			tick := time.NewTicker(time.Second / time.Duration(rate))
			defer tick.Stop()
			before := cpu(b)
			ticks := 3 * rate
			for range ticks {
				<-tick.C
			}
			idle := milliseconds(cpu(b)-before) / float64(ticks)
			before = cpu(b)
			for b.Loop() {
				<-tick.C
				if err := prove(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(milliseconds(cpu(b)-before)/float64(b.N), "cpu-ms/op")
			b.ReportMetric(idle, "idle-ms/op")
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
