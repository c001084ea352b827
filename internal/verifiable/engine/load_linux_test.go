// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

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
				debug.FreeOSMemory()
				_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // sets the peak to what is now
				before := status(b, "VmRSS")
				e := engine.New(engine.Config{})
				generate(b, e.Add(f, dsai.Digest{}), request(1, 100, 10))
				b.ReportMetric(float64(status(b, "VmHWM")-before)/float64(f.Size), "peak/file")
				e.Close()
				if f, err = engine.OpenFile(f.Path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func status(b *testing.B, key string) (bytes int64) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("SKIPPED: no /proc")
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			if _, err := fmt.Sscan(rest, &bytes); err != nil {
				b.Fatal(err)
			}
		}
	}
	return bytes << 10
}
