// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// liarOf answers a question and returns a liar about it.
func liarOf(t *testing.T, a node.AskArgs) liar {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	if a := call[node.Asked](t, n, "ask", a); a.Refusal != nil {
		t.Fatalf("ask = %+v", a.Refusal)
	}
	return liar{t, n, map[string]bool{}, call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})}
}

// replaceIn changes the text of an opening.
func replaceIn(o *dsai.Opening, old, by string) {
	if !strings.Contains(o.Text, old) {
		panic("no " + old + " in " + o.Text)
	}
	o.Text = strings.Replace(o.Text, old, by, 1)
}

// lies are about what a receipt of any class says, by the field that they change.
var lies = map[string]struct {
	reason string
	change func(lie)
}{
	"evidence":           {"evidence", func(l lie) { l.Receipt.Evidence = []dsai.Evidence{{Type: "replay", Where: "https://x.example"}} }},
	"tokens: prompt":     {"tokens", func(l lie) { l.Receipt.Tokens.Prompt++ }},
	"tokens: completion": {"tokens", func(l lie) { l.Receipt.Tokens.Completion = 1 << 40 }},
	"tokens: unit": {"tokens", func(l lie) {
		l.Receipt.Tokens.Unit = map[string]string{"word": "token", "token": "word"}[l.Receipt.Tokens.Unit]
	}},
	"traceCommitment: unknown": {"trace", func(l lie) { replaceIn(l.Openings.Trace, "{", `{"aHumanReviewed":true,`) }},
	"traceCommitment: last": {"trace", func(l lie) {
		l.Openings.Trace.Text = strings.TrimSuffix(l.Openings.Trace.Text, "}") + `,"zHumanReviewed":true}`
	}},
	"traceCommitment: trailing": {"trace", func(l lie) { l.Openings.Trace.Text += "\n" }},
	"traceCommitment: two":      {"trace", func(l lie) { l.Openings.Trace.Text += l.Openings.Trace.Text }},
	"traceCommitment: spaced":   {"trace", func(l lie) { replaceIn(l.Openings.Trace, ",", ", ") }},
	"traceCommitment: none":     {"trace", func(l lie) { l.Openings.Trace.Text = "" }},
	"responseCommitment":        {"text", func(l lie) { l.Openings.Response.Text += "x" }},
	"promptCommitment":          {"", func(l lie) { l.Openings.Prompt.Text = "How much sugar?" }},
}

// A node that signs another answer, or says another thing of it, than the quoting
// engine gives is found out by a replay, which names what it lied about.
func TestReplayFindsLiesAboutQuotes(t *testing.T) {
	l := liarOf(t, node.AskArgs{Question: sips})
	p := node.Replayer{}
	l.accept(p, "no lie", true, func(lie) {})
	for name, x := range lies {
		l.want(p, name, x.reason, x.change)
	}
	for _, x := range []struct {
		name, reason string
		change       func(lie)
		also         []string
	}{
		{"seed", "seed", func(l lie) { l.Receipt.Seed = "7" }, nil},
		{"seed: 0", "seed", func(l lie) { l.Receipt.Seed = "0" }, nil},
		{"sampling", "sampling", func(l lie) { l.Receipt.Sampling = `{"max_tokens":5,"temperature":0}` }, nil},
		{"sampling: absent", "sampling", func(l lie) { l.Receipt.Sampling = "" }, nil},
		{"ended", "ended", func(l lie) { l.Receipt.Ended = dsai.EndedStopped }, nil},
		{"model: id", "model", func(l lie) {
			l.Receipt.Model.ID = "dsai-extract-9"
			l.Receipt.Model.Fingerprint = dsai.Hash("engine", []byte("dsai-extract-9"))
		}, nil},
		{"model: profile", "profile", func(l lie) { l.Receipt.Model.Profile = "f32" }, nil},
		{"model: engine", "operations of engine search/1", func(l lie) { l.Receipt.Model.Engine = "search/1" }, nil},
		{"model: a search", "trace", func(l lie) {
			l.Receipt.Model.Engine, l.Receipt.Operations = "search/1", []dsai.Operation{dsai.OpRetrieve}
		}, nil},
		{"operations", "operations", func(l lie) { l.Receipt.Operations = []dsai.Operation{dsai.OpRetrieve} }, nil},
		{"operations: twice", "operations", func(l lie) { l.Receipt.Operations = append(l.Receipt.Operations, dsai.OpInfer) }, nil},
		{"operations: shared", "operations", func(l lie) { l.Receipt.Operations = append(l.Receipt.Operations, dsai.OpShare) }, []string{"scope"}},
		{"statistics: ranking", "ranking", func(l lie) { l.Statistics.Ranking = "bm25i/2" }, nil},
		{"statistics: counts", `trace differs in "passages"`, func(l lie) { l.Statistics.Fields[0].Tokens *= 2 }, nil},
		{"statistics: beyond what there can be", "", func(l lie) { l.Statistics.Fields[0].Passages, l.Statistics.Fields[0].Tokens = 9007199254740985, 8 }, []string{"statistics"}},
		{"traceCommitment: twice", "trace", func(l lie) { replaceIn(l.Openings.Trace, `{"coverage"`, `{"coverage":1,"coverage"`) }, nil},
		{"traceCommitment: fraction", "trace", func(l lie) { replaceIn(l.Openings.Trace, `,"engine"`, `.0,"engine"`) }, nil},
		{"traceCommitment: exponent", "trace", func(l lie) { replaceIn(l.Openings.Trace, `,"engine"`, `e0,"engine"`) }, nil},
		{"traceCommitment: coverage", `"coverage"`, func(l lie) { replaceIn(l.Openings.Trace, `{"coverage":`, `{"coverage":1`) }, nil},
		{"traceCommitment: engine", `"engine"`, func(l lie) { replaceIn(l.Openings.Trace, "extract/2", "extract/3") }, nil},
		{"traceCommitment: passages", `"passages"`, func(l lie) { replaceIn(l.Openings.Trace, `"score":`, `"score":1`) }, nil},
		{"traceCommitment: sentences", `"sentences"`, func(l lie) { replaceIn(l.Openings.Trace, `"n":1,"score":`, `"n":1,"score":1`) }, nil},
		{"traceCommitment: threshold", `"threshold"`, func(l lie) { replaceIn(l.Openings.Trace, `"threshold":`, `"threshold":1`) }, nil},
		{"quotesCommitment", "quotes", func(l lie) { // as it lies in its passage still
			b := l.Openings.Passages[0].Body
			l.Openings.Quotes.Text = fmt.Sprintf(`[{"end":%d,"n":1,"start":%d}]`, b.End, b.Start)
		}, nil},
		{"quotesCommitment: left out", "quotes", func(l lie) { l.Openings.Quotes.Text = "[]" }, nil},
		{"ended: in a line", "text", func(l lie) {
			l.Receipt.Ended, l.Openings.Response.Text = dsai.EndedCancelled, l.Openings.Response.Text[:9]
		}, nil},
	} {
		l.want(p, x.name, x.reason, x.change, x.also...)
	}
	l.covers(dsai.EngineExtract)
	// Where an answer breaks off that its reader left, or that a withdrawal ended,
	// is the node's word (spec/verification.md); what it handed on is not.
	for _, how := range []dsai.Ended{dsai.EndedCancelled, dsai.EndedRevoked} {
		l.accept(p, "cut after all", true, func(l lie) { l.Receipt.Ended = how })
		l.accept(p, "cut before all", true, func(l lie) {
			l.Receipt.Ended, l.Openings.Response.Text, l.Openings.Quotes.Text = how, "", "[]"
		})
	}
	// What this program cannot make again, it does not judge.
	l.accept(p, "an engine of another version", false, func(l lie) { l.Receipt.Model.Engine = "extract/9" })
	l.accept(p, "an answer that crashed", false, func(l lie) { l.Receipt.Ended = dsai.EndedCrashed })
}

// The proof of one word's frequency can be left out by whoever hands a bundle on.
// That is no fault of the receipt.
func TestReplayWithoutAProof(t *testing.T) {
	l := liarOf(t, node.AskArgs{Question: sips})
	var b dsai.Bundle
	l.must(json.Unmarshal(l.raw, &b))
	terms := b.Openings.Terms
	if len(terms) < 3 {
		t.Fatalf("%d terms are proven, want more", len(terms))
	}
	for i := range terms {
		b.Openings.Terms = slices.Delete(slices.Clone(terms), i, i+1)
		raw, err := vc.Canonical(b)
		l.must(err)
		res, err := verify.Bundle(raw, verify.Options{Trust: l.n.Trust(), Replayer: node.Replayer{}})
		if err != nil || !res.OK || res.Replayed {
			t.Errorf("without the proof of %q: %+v, %v, want ok and not replayed", terms[i].Term, res, err)
		}
	}
}

// A node that lies about an answer of a model file is found out likewise.
func TestReplayFindsLiesAboutAModel(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	path := speaker(t, n, 8192)
	askModel(t, n, pipeline.Sampling{Temperature: ptr(0.9), TopP: ptr(0.95), Seed: ptr(int64(-7)), MaxTokens: 24, Stop: []string{"nothing says this"}}, ignore)
	l := liar{t, n, map[string]bool{}, call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})}
	p := node.Replayer{Model: path}
	l.accept(p, "no lie", true, func(lie) {})
	for name, x := range lies {
		l.want(p, name, x.reason, x.change)
	}
	inTrace := func(change func(*infer.Trace)) func(lie) {
		return func(l lie) {
			tr, err := infer.ParseTrace([]byte(l.Openings.Trace.Text))
			if err != nil {
				t.Fatal(err)
			}
			change(&tr)
			l.Openings.Trace.Text = string(tr.JSON())
		}
	}
	for _, x := range []struct {
		name, reason string
		change       func(lie)
	}{
		{"seed", "seed", func(l lie) { l.Receipt.Seed = "8" }},
		{"seed: absent", "seed", func(l lie) { l.Receipt.Seed = "" }},
		{"seed: zero", "seed", func(l lie) { l.Receipt.Seed = "-07" }},
		{"sampling", "sampling", func(l lie) { l.Receipt.Sampling = strings.Replace(l.Receipt.Sampling, "0.9", "0.8", 1) }},
		{"sampling: unknown", "sampling", func(l lie) { l.Receipt.Sampling = strings.Replace(l.Receipt.Sampling, "{", `{"a":1,`, 1) }},
		{"sampling: none", "sampling", func(l lie) { l.Receipt.Sampling = "none" }},
		{"sampling: max_tokens", "at most", func(l lie) {
			l.Receipt.Sampling = strings.Replace(l.Receipt.Sampling, `"max_tokens":24`, `"max_tokens":2`, 1)
		}},
		{"ended", "end", func(l lie) { l.Receipt.Ended = other(l.Receipt.Ended) }},
		{"traceCommitment: count", "", inTrace(func(t *infer.Trace) { t.Count++ })},
		{"traceCommitment: digest", "digest", inTrace(func(t *infer.Trace) { t.Digest[0] ^= 1 })},
		{"traceCommitment: profile", "profile", inTrace(func(t *infer.Trace) { t.Profile += "x" })},
		{"traceCommitment: prompt", "prompt", inTrace(func(t *infer.Trace) { t.Prompt[0] ^= 1 })},
		{"traceCommitment: sampling", "sampling", inTrace(func(t *infer.Trace) { t.Sampling.TopP = 0.5 })},
		{"traceCommitment: steps", "state", inTrace(func(t *infer.Trace) { t.Steps[3][0] ^= 1 })},
		{"traceCommitment: tokens", "token 3", inTrace(func(t *infer.Trace) { t.Tokens[3] ^= 1 })},
		{"traceCommitment: whole", "", inTrace(func(t *infer.Trace) { t.Whole = !t.Whole })},
		{"quotesCommitment", "quotes", func(l lie) {
			l.Openings.Quotes.Text = `[{"end":2,"n":1,"start":1},{"end":2,"n":1,"start":1},{"end":2,"n":1,"start":1}]`
		}},
	} {
		l.want(p, x.name, x.reason, x.change)
	}
	l.covers(dsai.EngineInfer)
	// What this program or its caller does not have, it does not judge.
	l.accept(p, "another file", false, func(l lie) { l.Receipt.Model.Fingerprint[0] ^= 1 })
	l.accept(p, "an engine of another version", false, func(l lie) { l.Receipt.Model.Engine += "0" })
	l.accept(p, "another profile", false, func(l lie) { l.Receipt.Model.Profile += "0" })
	l.accept(node.Replayer{Models: map[dsai.Digest]string{fingerprintOf(t, l.raw): path + ".gone"}}, "a file that is gone", false, func(lie) {})
}

func fingerprintOf(t *testing.T, raw []byte) dsai.Digest {
	t.Helper()
	res, err := verify.Bundle(raw, verify.Options{})
	if err != nil || res.Model == nil {
		t.Fatalf("verify = %+v, %v", res, err)
	}
	return res.Model.Fingerprint
}
