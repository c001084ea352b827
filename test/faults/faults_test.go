// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package faults_test breaks what a node stands on, one thing at a time: disks,
// bits, clocks, processes, clients. After each fault the node must refuse, say
// so in fsck, or give the same answers as before; it must never be silently
// wrong. It imports internal/node and speaks to it as the verbs do.
package faults_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

const rehydration = `# Oral rehydration

Mix six level teaspoons of sugar and half a level teaspoon of salt into one litre of clean water.
Give small sips every few minutes. Throw away what is left after 24 hours.
`

const (
	question = "How much sugar and salt for one litre of clean water?"
	answer   = "six level teaspoons of sugar"
)

// found makes a co-op in dir.
func found(t *testing.T, dir string) node.Config {
	t.Helper()
	cfg := node.Config{Home: node.Home(filepath.Join(dir, "home"))}
	if err := node.Found(t.Context(), cfg.Home, node.FoundOptions{Coop: "Test", Member: "Amina", Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func open(t *testing.T, cfg node.Config) *node.Node {
	t.Helper()
	n, err := node.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() }) // again, for tests that failed half way
	return n
}

func shut(t *testing.T, n *node.Node) {
	t.Helper()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

// try calls a method; call also wants it to succeed.
func try[R any](t *testing.T, n *node.Node, method string, params any) (r R, err error) {
	t.Helper()
	return r, n.Methods().Call(t.Context(), method, params, nil, &r)
}

func call[R any](t *testing.T, n *node.Node, method string, params any) R {
	t.Helper()
	r, err := try[R](t, n, method, params)
	if err != nil {
		t.Fatalf("%s(%+v): %v", method, params, err)
	}
	return r
}

func ask(t *testing.T, n *node.Node) node.Asked {
	t.Helper()
	return call[node.Asked](t, n, "ask", node.AskArgs{Question: question})
}

// write makes a file outside the home.
func write(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// lend adds a document and returns its path.
func lend(t *testing.T, n *node.Node) string {
	t.Helper()
	p := write(t, "oral.md", rehydration)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{p}})
	return p
}

// copyHome copies a closed home.
func copyHome(t *testing.T, from node.Home, to string) node.Home {
	t.Helper()
	dst := filepath.Join(to, "home")
	if err := os.CopyFS(dst, os.DirFS(string(from))); err != nil {
		t.Fatal(err)
	}
	// CopyFS adds permissions that key files must not have.
	err := filepath.WalkDir(filepath.Join(dst, "keys"), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chmod(p, 0o600)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return node.Home(dst)
}

// complaints returns what fsck finds.
func complaints(t *testing.T, n *node.Node) []string {
	t.Helper()
	rep, err := try[node.FsckReport](t, n, "fsck", nil)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, c := range rep.Checks {
		if !c.OK {
			out = append(out, c.Name+": "+c.Detail)
		}
	}
	if rep.OK != (len(out) == 0) {
		t.Errorf("fsck = ok %v with complaints %q", rep.OK, out)
	}
	return out
}

// verified says why the bundle of a receipt does not verify, "" when it does.
func verified(t *testing.T, n *node.Node, ref string, trust *dsai.Trust) string {
	t.Helper()
	raw, err := try[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: ref})
	if err != nil {
		return err.Error()
	}
	return verifiedBundle(raw, trust)
}

func verifiedBundle(raw []byte, trust *dsai.Trust) string {
	res, err := verify.Bundle(raw, verify.Options{Trust: trust, Replayer: node.Replayer{}})
	if err != nil {
		return err.Error()
	}
	for _, c := range res.Checks {
		if !c.OK {
			return c.Name + ": " + c.Reason
		}
	}
	if !res.OK {
		return "not ok"
	}
	return ""
}

// slow is an OpenAI-compatible server that sends one sentence for each value
// that it is handed, and ends when it is told to.
type slow struct {
	*httptest.Server
	sentences chan string   // closed: the answer is complete
	gone      chan struct{} // one value for each client that went away
}

func newSlow(t *testing.T) *slow {
	s := &slow{sentences: make(chan string), gone: make(chan struct{}, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"slow","object":"model"}]}`)
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		out := http.NewResponseController(w)
		for {
			_ = out.Flush() // the next turn notices a client that is gone
			select {
			case <-r.Context().Done():
				s.gone <- struct{}{}
				return
			case x, ok := <-s.sentences:
				if !ok {
					fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
					return
				}
				fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", x)
			}
		}
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// pieces collects what left the node.
type pieces struct {
	mu    sync.Mutex
	text  strings.Builder
	first chan struct{} // closed when something has left
	once  sync.Once
}

func newPieces() *pieces { return &pieces{first: make(chan struct{})} }

func (p *pieces) take(raw json.RawMessage) {
	var s string
	if json.Unmarshal(raw, &s) != nil || s == "" {
		return
	}
	p.mu.Lock()
	p.text.WriteString(s)
	p.mu.Unlock()
	p.once.Do(func() { close(p.first) })
}

func (p *pieces) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// within waits for something that must happen soon.
func within[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: did not happen in 20 s", what)
	}
	return v
}

func lastReceipt(t *testing.T, n *node.Node) view.Receipt {
	t.Helper()
	rs := call[[]view.Receipt](t, n, "receipts", node.ListArgs{Limit: 1})
	if len(rs) != 1 {
		t.Fatalf("receipts = %d, want one", len(rs))
	}
	return rs[0]
}
