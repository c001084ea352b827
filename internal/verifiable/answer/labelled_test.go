// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package answer_test

import (
	"os"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/answer"
)

// What a reader is told is supported must be: of 200 sentences labelled by hand before the check was
// tuned to them, nine in ten that it passes are labelled so.
func TestLabelledSentences(t *testing.T) {
	j := judge(t, "testdata/labelled.txt")
	if j.all != 200 || j.right*10 < j.passed*9 {
		t.Errorf("precision is %d of %d on %d sentences, want at least 0.9 on 200", j.right, j.passed, j.all)
	}
}

// The sentences of held.txt were written by somebody who did not know the check, and read once, when
// it was done: what they show is in docs/BENCHMARKS.md, and nobody may tune to them.
func TestHeldSentences(t *testing.T) {
	if j := judge(t, "testdata/held.txt"); j.all != 120 {
		t.Errorf("%d sentences, want 120", j.all)
	}
}

// judgement counts sentences: those that pass, are labelled supported, or both.
type judgement struct{ all, passed, supported, right int }

func judge(t *testing.T, file string) (j judgement) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var passages []dsai.PassageBody
	var next string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		kind, rest, _ := strings.Cut(line, " ")
		switch {
		case kind == "passage":
			next = rest
		case next != "":
			passages, next = []dsai.PassageBody{{Title: "t", Language: next, Text: line}}, ""
		case kind == "+" || kind == "-":
			j.count(kind == "+", supported(t, passages, rest))
		}
	}
	t.Logf("%d sentences: precision %.3f (%d of %d passed), recall %.3f (of %d)", j.all,
		float64(j.right)/float64(j.passed), j.right, j.passed, float64(j.right)/float64(j.supported), j.supported)
	return j
}

func (j *judgement) count(label, passes bool) {
	j.all++
	if label {
		j.supported++
	}
	if passes {
		j.passed++
	}
	if label && passes {
		j.right++
	}
}

// supported reports whether the marker cites a passage for a sentence.
func supported(t *testing.T, passages []dsai.PassageBody, sentence string) (ok bool) {
	t.Helper()
	m := answer.NewMarker(passages)
	emit := func(_ string, q []dsai.Quote) error { ok = ok || len(q) > 0; return nil }
	if err := m.Write(sentence, emit); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(emit); err != nil {
		t.Fatal(err)
	}
	return ok
}
