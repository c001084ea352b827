// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"fmt"
	"math"
	"strings"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// space is how SentencePiece writes a blank.
const space = "▁"

// pieces is SentencePiece with scores, as in Llama 2, Mistral and TinyLlama: of all neighbours that
// together are a token, those with the highest score are joined first. A character that is no token
// becomes its bytes.
type pieces struct {
	scores   []float64
	addSpace bool // a blank before a text that follows nothing
}

func loadPieces(f *gguf.File, v *Vocabulary) (*pieces, error) {
	scores, err := f.Floats("tokenizer.ggml.scores")
	if err != nil {
		return nil, err
	}
	if len(scores) != v.Len() {
		return nil, fmt.Errorf("%d tokens but %d scores", v.Len(), len(scores))
	}
	for i, s := range scores {
		if math.IsNaN(s) {
			return nil, fmt.Errorf("token %d has no number as its score", i)
		}
	}
	p := &pieces{scores: scores, addSpace: true}
	if f.Has("tokenizer.ggml.add_space_prefix") {
		if p.addSpace, err = f.Bool("tokenizer.ggml.add_space_prefix"); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *pieces) encode(v *Vocabulary, dst []ID, text string, first bool) []ID {
	if p.addSpace && first {
		text = " " + text
	}
	text = strings.ReplaceAll(text, " ", space)
	symbols := merge(strings.Split(text, ""), func(a, b string) (float64, bool) {
		id, ok := v.plain[a+b]
		if !ok {
			return 0, false
		}
		return -p.scores[id], true
	})
	for _, s := range symbols {
		if id, ok := v.plain[s]; ok {
			dst = append(dst, id)
		} else {
			dst = v.appendBytes(dst, s)
		}
	}
	return dst
}

func (p *pieces) decode(text string) []byte { return []byte(strings.ReplaceAll(text, space, " ")) }
