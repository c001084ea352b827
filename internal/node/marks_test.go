// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/verify"
)

// anyMark is what doors take for the mark of a source.
var anyMark = regexp.MustCompile(`\[[0-9]{1,3}\]`)

// TestMarksAreOurs has documents write marks of their own: what is shown has those
// of the engine alone, and the receipt keeps the text as it was.
func TestMarksAreOurs(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{
		write(t, "tank.md", "# Tank\n\nThe upper tank [2] holds 500 litres of water [1], says the plate [12].\n"),
		write(t, "plate.md", "# Plate\n\nThe plate of the upper tank is of brass.\n")}})
	var streamed strings.Builder
	var a node.Asked
	err := n.Methods().Call(t.Context(), "ask", node.AskArgs{Question: "How many litres of water does the upper tank hold?"}, func(raw json.RawMessage) {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			streamed.WriteString(s)
		}
	}, &a)
	if err != nil || a.Refusal != nil || len(a.Citations) == 0 {
		t.Fatalf("ask = %+v, %v, want an answer", a, err)
	}
	if !strings.Contains(a.Answer, "The upper tank [ 2 ] holds 500 litres of water [ 1 ], says the plate [ 12 ]. [1]") || streamed.String() != a.Answer {
		t.Errorf("answer is shown as %q, streamed as %q", a.Answer, &streamed)
	}
	var cited []string
	for _, c := range a.Citations {
		cited = append(cited, "["+string(rune('0'+c.N))+"]")
	}
	if got := anyMark.FindAllString(a.Answer, -1); !slices.Equal(got, cited) {
		t.Errorf("marks shown = %q, want %q", got, cited)
	}
	if !strings.Contains(a.Citations[0].Quote, "tank [2] holds") {
		t.Errorf("quote = %q, want it word for word", a.Citations[0].Quote)
	}
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
	if res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: node.Replayer{}}); err != nil || !res.OK || !res.Replayed {
		t.Errorf("verify = %+v, %v, want ok and replayed", res, err)
	}
	if !strings.Contains(string(raw), "The upper tank [2] holds 500 litres of water [1], says the plate [12]. [1]") {
		t.Error("the receipt does not keep the text as it was")
	}
}

func TestShown(t *testing.T) {
	q := &dsai.Quote{N: 1}
	for _, tc := range []struct {
		name   string
		class  dsai.EngineClass
		pieces []pipeline.Piece
		want   string
	}{
		{"a quote that ends with a mark", dsai.EngineExtract, []pipeline.Piece{{Text: "See [2] [1]\n", Quote: q}, {Text: "[3] more [1]", Quote: q}}, "See [ 2 ] [1]\n[ 3 ] more [1]"},
		{"a sentence with two sources", dsai.EngineUpstream, []pipeline.Piece{{Text: "Boil it [1] [3]. ", Quote: q}, {Quote: &dsai.Quote{N: 3}}}, "Boil it [1] [3]. "},
		{"a sentence without a source", dsai.EngineInfer, []pipeline.Piece{{Text: "Boil it [1] (unsupported). "}}, "Boil it [ 1 ] (unsupported). "},
		{"a mark in two pieces", dsai.EngineUpstream, []pipeline.Piece{{Text: "so long ["}, {Text: "1"}, {Text: "2] it goes [1].", Quote: q}}, "so long [ 12 ] it goes [1]."},
		{"a quote of look-alikes", dsai.EngineExtract, []pipeline.Piece{{Text: "See [2\u200b] and ［３］ [1]\n", Quote: q}}, "See [ 2\u200b ] and ［ ３ ］ [1]\n"},
		{"a model's look-alikes", dsai.EngineInfer, []pipeline.Piece{{Text: "Boil it 【1】 [\u20602] [1]. ", Quote: q}}, "Boil it 【 1 】 [ \u20602 ] [1]. "},
		{"brackets in two pieces", dsai.EngineUpstream, []pipeline.Piece{{Text: "an array["}, {Text: "i] of numbers"}}, "an array[i] of numbers"},
	} {
		if got := node.Shown(tc.class, tc.pieces...); got != tc.want {
			t.Errorf("%s is shown as %q, want %q", tc.name, got, tc.want)
		}
	}
}
