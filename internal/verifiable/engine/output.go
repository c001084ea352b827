// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"slices"

	"dsai.example/dsai/internal/verifiable/token"
)

// output is the text of an answer as it grows. It holds back what may still become a stop text.
type output struct {
	decoder *token.Decoder
	stop    [][]byte

	text   []byte
	safe   int   // bytes of text that may leave
	left   int   // bytes of text that were taken
	starts []int // of each token: the length of text before it
	firm   int   // tokens all of whose bytes are in text
	gone   int   // tokens that were taken
}

func newOutput(v *token.Vocabulary, stop []string) *output {
	o := &output{decoder: v.NewDecoder()}
	for _, s := range stop {
		o.stop = append(o.stop, []byte(s))
	}
	return o
}

// add adds a token and reports whether a stop text is complete.
func (o *output) add(id token.ID) bool {
	before := len(o.text)
	o.starts = append(o.starts, before)
	o.text = append(o.text, o.decoder.Add(id)...)
	if !o.decoder.Holds() {
		o.firm = len(o.starts)
	}
	if o.cut(before) {
		return true
	}
	o.safe = len(o.text) - o.held()
	return false
}

// cut ends the text before the first stop text that ends beyond from.
func (o *output) cut(from int) bool {
	at := -1
	for _, s := range o.stop {
		first := max(0, from-len(s)+1)
		if i := bytes.Index(o.text[first:], s); i >= 0 && (at < 0 || first+i < at) {
			at = first + i
		}
	}
	if at < 0 {
		return false
	}
	o.text, o.safe = o.text[:at], at
	return true
}

// held is the length of the longest end of the text with which a stop text begins.
func (o *output) held() int {
	longest := 0
	for _, s := range o.stop {
		for n := min(len(s)-1, len(o.text)); n > longest; n-- {
			if bytes.HasSuffix(o.text, s[:n]) {
				longest = n
			}
		}
	}
	return longest
}

// end lets everything leave. stopped says that a stop text has cut the text.
func (o *output) end(stopped bool) {
	if rest := len(o.text); !stopped {
		o.text = append(o.text, o.decoder.End()...)
		o.cut(rest)
	}
	o.safe, o.firm = len(o.text), len(o.starts)
}

// take returns the text that may leave and was not taken, and how many tokens leave with it: all that
// have bytes in it, and those after them that have none.
func (o *output) take(ended bool) (text string, tokens int) {
	text = string(o.text[o.left:o.safe])
	o.left = o.safe
	before := o.gone
	for o.gone < len(o.starts) && (ended || o.starts[o.gone] < o.left || o.complete(o.gone)) {
		o.gone++
	}
	return text, o.gone - before
}

// complete reports whether all bytes of a token were taken.
func (o *output) complete(i int) bool {
	end := len(o.text)
	if i+1 < len(o.starts) {
		end = o.starts[i+1]
	}
	return i < o.firm && end <= o.left
}

// endings are what tokens that end an answer are called, beside those that the file names.
var endings = []string{
	"<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<|end_of_text|>", "<end_of_turn>", "<|endoftext|>", "</s>",
}

// endTokens returns the tokens that end an answer.
func endTokens(v *token.Vocabulary) []token.ID {
	ids := []token.ID{v.End, v.Turn}
	for _, name := range endings {
		ids = append(ids, v.Control(name))
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id token.ID) bool { return id == token.None })
}
