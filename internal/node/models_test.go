// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"errors"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/view"
)

// server names a model server that nobody asks.
func server(name string) node.ModelArgs {
	return node.ModelArgs{Name: name, URL: "http://127.0.0.1:1/v1", Remote: "m"}
}

// A model that is added while another is removed stays one that can be asked.
func TestModelsChangeOneAfterTheOther(t *testing.T) {
	n, _ := home(t)
	call[view.Model](t, n, "model.add", server("old"))
	added := make(chan error, 1)
	n.OnModelsRead(func() { // the removal has read which models are left
		done := make(chan struct{})
		go func() {
			defer close(done)
			added <- n.Methods().Call(t.Context(), "model.add", server("new"), nil, nil)
		}()
		select {
		case <-done:
		case <-time.After(300 * time.Millisecond): // it waits for us
		}
	})
	call[node.Nothing](t, n, "model.rm", node.Ref{Ref: "old"})
	if err := <-added; err != nil {
		t.Fatal(err)
	}
	all := call[[]view.Model](t, n, "model.list", nil)
	if len(all) != 2 || !slices.ContainsFunc(all, func(m view.Model) bool { return m.ID == "new" }) {
		t.Errorf("models are %+v, want the quoting engine and the new one", all)
	}
}

// A server does not take the place of a model file with the same name.
func TestModelNameIsTaken(t *testing.T) {
	n, _ := home(t)
	speaker(t, n, 8192)
	err := n.Methods().Call(t.Context(), "model.add", server("tiny"), nil, nil)
	var e *control.Error
	if !errors.As(err, &e) || e.Kind != control.Usage {
		t.Errorf("add a server under the name of a file = %v, want that the name is taken", err)
	}
	if all := call[[]view.Model](t, n, "model.list", nil); len(all) != 2 || all[1].File == nil {
		t.Errorf("models are %+v, want the file", all)
	}
}

// An answer goes on to its own end when its model is removed; the next question is told.
func TestModelRemovedWhileAnswering(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	path := speaker(t, n, 8192)
	removed := false
	rec := askModel(t, n, pipeline.Sampling{MaxTokens: 600, Temperature: ptr(1.5), Seed: ptr(int64(1))}, func(pipeline.Piece) error {
		if !removed {
			removed = true
			call[node.Nothing](t, n, "model.rm", node.Ref{Ref: "tiny"})
		}
		return nil
	})
	if o := rec.Output; !removed || o.Ended != dsai.EndedComplete && o.Ended != dsai.EndedStopped {
		t.Errorf("the answer ended %s, want its own end", o.Ended)
	}
	replay(t, n, path)
	var e *control.Error
	if err := n.Methods().Call(t.Context(), "ask", node.AskArgs{Question: sips, Model: "tiny"}, nil, nil); !errors.As(err, &e) || e.Kind != control.Usage {
		t.Errorf("ask a model that was removed = %v, want that there is no such model", err)
	}
}

// What the API lets through as a text that stops an answer, a model takes.
func TestLongStopText(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	path := speaker(t, n, 8192)
	rec := askModel(t, n, pipeline.Sampling{MaxTokens: 8, Stop: []string{strings.Repeat("x", 1024)}}, ignore)
	if rec.Output.Ended != dsai.EndedComplete && rec.Output.Ended != dsai.EndedStopped {
		t.Errorf("the answer ended %s", rec.Output.Ended)
	}
	replay(t, n, path)
}

// A request that a model cannot run is nothing that broke.
func TestRequestCannotBeRun(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	speaker(t, n, 8192)
	for _, s := range []pipeline.Sampling{{Stop: []string{""}}, {Temperature: ptr(9.0)}} {
		rec, err := n.Ask(t.Context(), &pipeline.Request{Question: sips, Requester: n.Console(), Model: "tiny", Sampling: s}, ignore)
		if !errors.Is(err, pipeline.ErrRequest) || rec == nil || rec.Output.Ended != dsai.EndedDegraded {
			t.Errorf("Ask with %+v has the receipt %t, %v, want ErrRequest and a receipt that says degraded", s, rec != nil, err)
		}
	}
}

// Questions to the quoting engine wait behind no others than such; nobody makes
// queues by asking for models that are not there.
func TestQueueOfModel(t *testing.T) {
	n, _ := home(t)
	call[view.Model](t, n, "model.add", server("far"))
	for model, want := range map[string]string{"": extract.ModelID, extract.ModelID: extract.ModelID, "far": "far", "unknown": extract.ModelID} {
		if got := n.QueueOf(model); got != want {
			t.Errorf("QueueOf(%q) = %q, want %q", model, got, want)
		}
	}
}

// A node keeps its process within the machine's memory.
func TestNodeLimitsProcess(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getenv("GOMEMLIMIT") != "" {
		t.Skip("SKIPPED: how much memory there is, or may be used, is not known from the system")
	}
	debug.SetMemoryLimit(math.MaxInt64)
	home(t)
	if got := debug.SetMemoryLimit(-1); got == math.MaxInt64 {
		t.Error("no limit of memory is set")
	}
}

// Prompts are forgotten that hold what is withdrawn, what is set aside with it, or
// what is forgotten; others under the same consent are remembered again.
func TestPromptsAreForgotten(t *testing.T) {
	n, _ := home(t)
	if _, err := n.AddMember(t.Context(), "Bea"); err != nil {
		t.Fatal(err)
	}
	speaker(t, n, 8192)
	ask := func() { askModel(t, n, pipeline.Sampling{MaxTokens: 8}, ignore) }
	other := write(t, "other.md", "# Beans\n\nPlant bean seeds three centimetres deep.\n")
	bea := call[node.Contributed](t, n, "add", node.Contribution{Member: "Bea", Paths: []string{write(t, "oral.md", rehydration), other}})
	oral, beans := bea.Documents[0].ID, bea.Documents[1].ID
	if bea.Documents[0].Path == other {
		oral, beans = beans, oral
	}
	ask()
	if _, err := n.Withdraw(t.Context(), bea.Consent, []dsai.DocumentID{beans}, ""); err != nil {
		t.Fatal(err)
	}
	ask()
	if got := n.ForgetPrompts(bea.Consent); got != 1 {
		t.Errorf("after a withdrawal of another document %d prompts are remembered, want 1", got)
	}
	ask()
	mine := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "mine.md", rehydration)}})
	if _, err := n.Withdraw(t.Context(), mine.Consent, nil, ""); err != nil {
		t.Fatal(err)
	}
	if got := n.ForgetPrompts(bea.Consent); got != 0 {
		t.Errorf("%d prompts are remembered of a document that was set aside as a copy, want none", got)
	}
	if err := n.Release(t.Context(), oral); err != nil {
		t.Fatal(err)
	}
	ask()
	if err := n.Forget(t.Context(), oral); err != nil {
		t.Fatal(err)
	}
	if got := n.ForgetPrompts(bea.Consent); got != 0 {
		t.Errorf("%d prompts are remembered of a document that was forgotten, want none", got)
	}
}
