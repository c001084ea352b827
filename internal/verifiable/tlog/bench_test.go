// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"testing"

	"dsai.example/dsai/internal/verifiable/tlog"
)

// benchSize gives the log three levels of tiles to prove through, but no more
// leaves than are built in seconds.
const benchSize = 70_000

func BenchmarkReader(b *testing.B) {
	cfg, _, vkey := build(b, leafs("bench", benchSize)...)
	r, err := tlog.NewReader(cfg.Dir, vkey)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("prove", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			p, err := r.Prove(b.Context(), uint64(i)%benchSize)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(p)), "proof-bytes")
		}
	})
	b.Run("fsck", func(b *testing.B) {
		for b.Loop() {
			if err := r.Fsck(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)*benchSize/b.Elapsed().Seconds(), "leaves/s")
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			l, err := tlog.Open(b.Context(), cfg)
			if err != nil {
				b.Fatal(err)
			}
			l.Close()
		}
	})
}
