// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package engine_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// peakConstant is what a process needs for a model of any size beyond that: what the collector has not got to
// when the peak comes.
const peakConstant = 2 << 20

// Loading takes at most 1.15 times the file at its peak, and a constant; of Q5_0, of which real files have a
// few matrices, more. What steps compute in and what
// sequences remember comes on top and is counted by the engine: see fixed and reserved.
func TestLoadPeak(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: loads 200 MiB")
	}
	for _, kind := range []gguf.Type{gguf.Q8_0, gguf.Q4_0, gguf.Q5_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K} {
		s := infertest.Shape{Architecture: "llama", Type: kind, Seed: 1, Layers: 4, Width: 1024, Inner: 2816, Heads: 16, KeyHeads: 4,
			Vocabulary: 8192, Context: 512, Extra: infertest.Words(8192)}
		path := write(t, s)
		peak := peakOf(t, func() {
			e := engine.New(engine.Config{})
			defer e.Close()
			if err := add(t, e, path).Load(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size := info.Size()
		t.Logf("%v: a file of %.1f MiB takes %.1f MiB at most, %.3f", kind, float64(size)/(1<<20), float64(peak)/(1<<20), float64(peak)/float64(size))
		most := size * 115 / 100
		if kind == gguf.Q5_0 { // stands in memory as Q8_0 does: 34 bytes for each 22
			most = size * 115 / 100 * 34 / 22
		}
		if peak > most+peakConstant {
			t.Errorf("%v: loading a file of %d bytes takes %d", kind, size, peak)
		}
	}
}

// peakOf returns how much more memory a process has at most while f runs.
func peakOf(t testing.TB, f func()) int64 {
	t.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // sets the peak to what is now
		t.Skip("SKIPPED: the peak of memory cannot be set back here")
	}
	before := status(t, "VmRSS")
	f()
	return status(t, "VmHWM") - before
}

// BenchmarkLoad reports how much memory a process needs at most while it loads a model of 100 MiB and
// answers with it, as a share of the file.
func BenchmarkLoad(b *testing.B) {
	for _, kind := range []gguf.Type{gguf.Q8_0, gguf.Q4_K} {
		b.Run(kind.String(), func(b *testing.B) {
			s := infertest.Shape{Architecture: "llama", Type: kind, Seed: 1, Layers: 8, Width: 1024, Inner: 2816, Heads: 16, KeyHeads: 4,
				Vocabulary: 8192, Context: 512, Extra: infertest.Words(8192)}
			f, err := engine.OpenFile(write(b, s))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(f.Size)
			for b.Loop() {
				peak := peakOf(b, func() {
					e := engine.New(engine.Config{})
					generate(b, e.Add(f, dsai.Digest{}), request(1, 100, 10))
					e.Close()
				})
				b.ReportMetric(float64(peak)/float64(f.Size), "peak/file")
				if f, err = engine.OpenFile(f.Path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func status(t testing.TB, key string) (bytes int64) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("SKIPPED: no /proc")
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			if _, err := fmt.Sscan(rest, &bytes); err != nil {
				t.Fatal(err)
			}
		}
	}
	return bytes << 10
}
