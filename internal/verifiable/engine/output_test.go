// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/token"
)

func words(t testing.TB) *token.Vocabulary {
	t.Helper()
	f, err := gguf.Open(gguftest.Reader(gguftest.File(infertest.Words(400), nil)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := token.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Whatever the tokens and stop texts, pieces are whole characters, none holds what a stop text begins
// with, and together they are the text up to the first one; the tokens that left cover what left.
func FuzzOutput(f *testing.F) {
	v := words(f)
	f.Add([]byte{200, 201, 202}, "a", "ab")
	f.Add([]byte("\xe6\xb0\xb4\x20k"), "水 ", "kat")
	f.Add([]byte("aaabaaab\xff\xe6"), "aab", "b")
	f.Add([]byte("\x0e0"), "0", "\x0e0")
	f.Fuzz(func(t *testing.T, tokens []byte, one, two string) {
		var stop []string
		for _, s := range []string{one, two} {
			s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\ufffd", "") // half a character reads so below
			if s != "" {
				stop = append(stop, s)
			}
		}
		var ids []token.ID
		for _, b := range tokens {
			ids = append(ids, token.ID(b)+3)
			if b%5 == 0 {
				ids = append(ids, token.ID(b)%140+259)
			}
		}
		o := engine.NewOutput(v, stop)
		text, left := "", 0
		for i, id := range ids {
			piece, n, stopped := o.Next(id, i == len(ids)-1)
			text, left = text+piece, left+n
			if strings.ToValidUTF8(piece, "") != piece {
				t.Fatalf("piece %q is not whole characters", piece)
			}
			if whole := v.Decode(ids[:left]); left > i+1 || !strings.HasPrefix(whole, text) && !stopped {
				t.Fatalf("after %q, %d of %d tokens left: %q", text, left, i+1, whole)
			}
			if stopped {
				ids = ids[:i+1]
				break
			}
		}
		want := v.Decode(ids) // up to the token that completes a stop text
		for _, s := range stop {
			if whole := v.Decode(ids); strings.Contains(whole, s) {
				want = want[:min(len(want), strings.Index(whole, s))]
			}
		}
		if text != want || left != len(ids) {
			t.Errorf("tokens %v, stop %q: %q with %d tokens, want %q with %d", ids, stop, text, left, want, len(ids))
		}
	})
}
