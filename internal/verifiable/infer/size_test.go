// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"runtime"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// What a workspace really takes is what WorkspaceBytes says at most, and not much less: for models that
// are wide in each of the ways that a file can make them so.
func TestWorkspaceBytes(t *testing.T) {
	shape := func(width, inner, heads, keyHeads, head, vocabulary, context int) infertest.Shape {
		return infertest.Shape{Architecture: "llama", Type: gguf.Q8_0, Seed: 1, Layers: 1, Width: width, Inner: inner, Heads: heads,
			KeyHeads: keyHeads, Head: head, Vocabulary: vocabulary, Context: context, Tied: true}
	}
	for name, s := range map[string]infertest.Shape{
		"width":      shape(2048, 32, 1, 1, 32, 64, 64),
		"inner":      shape(32, 1<<15, 1, 1, 32, 64, 64),
		"heads":      shape(32, 32, 128, 1, 64, 64, 64),
		"key heads":  shape(32, 32, 64, 64, 64, 64, 64),
		"one head":   shape(32, 32, 1, 1, 1<<14, 64, 64),
		"vocabulary": shape(32, 32, 1, 1, 32, 1<<15, 64),
		"context":    shape(32, 32, 512, 1, 32, 64, 512),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := gguf.Open(gguftest.Reader(s.File()))
			if err != nil {
				t.Fatal(err)
			}
			m, err := infer.Load(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{1, 48} {
				seq := m.NewSequence()
				tokens := infertest.Tokens(1, s.Context, s.Vocabulary)
				feed(t, m.NewWorkspace(), seq, tokens[:s.Context-n]) // so that the last items see the whole context
				before := heap()
				w := m.NewWorkspace()
				feed(t, w, seq, tokens[s.Context-n:])
				got := heap() - before - int64(m.SequenceBytes(s.Context)-m.SequenceBytes(s.Context-n))
				said := m.WorkspaceBytes(n, n, 1)
				if got > said || got < said/2 {
					t.Errorf("a workspace of %d items takes %d bytes, said %d", n, got, said)
				}
				runtime.KeepAlive(w)
				runtime.KeepAlive(seq)
			}
			runtime.KeepAlive(m)
		})
	}
}

// feed gives tokens in steps of at most 48.
func feed(t *testing.T, w *infer.Workspace, s *infer.Sequence, tokens []int32) {
	t.Helper()
	for len(tokens) > 0 {
		n := min(48, len(tokens))
		items := make([]infer.Item, n)
		for i := range items {
			items[i] = infer.Item{Sequence: s, Token: tokens[i], Logits: true}
		}
		if _, err := w.Step(items, infer.Serial); err != nil {
			t.Fatal(err)
		}
		tokens = tokens[n:]
	}
}

func TestItemsWithin(t *testing.T) {
	c := infer.Config{Width: 32, Inner: 1 << 20, Heads: 64, KeyHeads: 1, Head: 1 << 14, Vocabulary: 512, Context: 8192}
	const bound = 512 << 20
	n := c.ItemsWithin(bound, 264, 8, 2)
	if n < 8 || n > 40 || c.WorkspaceBytes(n, 8, 2) > bound || c.WorkspaceBytes(n+1, 8, 2) <= bound {
		t.Errorf("ItemsWithin = %d, of %d bytes", n, c.WorkspaceBytes(n, 8, 2))
	}
	if c.ItemsWithin(1, 264, 8, 2) != 1 || c.ItemsWithin(1<<50, 264, 8, 2) != 264 {
		t.Error("ItemsWithin leaves the range from 1 to most")
	}
}
