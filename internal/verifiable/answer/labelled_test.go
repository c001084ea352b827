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

// What a model is told is supported must be: of 200 sentences labelled by hand before the check was
// tuned, nine in ten that it passes are labelled so.
func TestLabelledSentences(t *testing.T) {
	b, err := os.ReadFile("testdata/labelled.txt")
	if err != nil {
		t.Fatal(err)
	}
	var passages []dsai.PassageBody
	var passed, right, supported, all int
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
			all++
			m := answer.NewMarker(passages)
			ok := false
			emit := func(_ string, q []dsai.Quote) error { ok = ok || len(q) > 0; return nil }
			if err := m.Write(rest, emit); err != nil {
				t.Fatal(err)
			}
			if err := m.Close(emit); err != nil {
				t.Fatal(err)
			}
			if kind == "+" {
				supported++
			}
			if ok {
				passed++
			}
			if ok && kind == "+" {
				right++
			}
			if ok != (kind == "+") {
				t.Logf("judged %v: %s", ok, line)
			}
		}
	}
	t.Logf("%d sentences: precision %.3f (%d of %d passed), recall %.3f (of %d)", all,
		float64(right)/float64(passed), right, passed, float64(right)/float64(supported), supported)
	if all != 200 || right*10 < passed*9 {
		t.Errorf("precision is %d of %d on %d sentences, want at least 0.9 on 200", right, passed, all)
	}
}
