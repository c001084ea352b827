// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/chat"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/token"
	"dsai.example/dsai/internal/view"
)

// ModelProgress says how far the addition of a model file is.
type ModelProgress struct {
	Step        string `json:"step"` // "copying", "reading", "loading"
	Done, Total int64
}

// AddModelFile adds a GGUF file as an engine: copied into the home, or with link
// left where it is. Before it is acknowledged the file was read whole, its
// template put to use and its weights loaded.
func (n *Node) AddModelFile(ctx context.Context, a ModelArgs, progress func(any)) (*view.Model, error) {
	n.modeling.Lock()
	defer n.modeling.Unlock()
	name, err := n.examine(ctx, a)
	if err != nil {
		return nil, err
	}
	tell := steps(progress)
	m := store.Model{Name: name, Created: n.clock.now()}
	var fingerprint dsai.Digest
	if a.Link {
		m.Remote = a.Path
		fingerprint, err = fingerprintOf(ctx, a.Path, func(done, total int64) { tell("reading", done, total) })
	} else {
		fingerprint, err = n.home.keepModel(ctx, a.Path, func(done, total int64) { tell("copying", done, total) })
	}
	if err != nil {
		return nil, fmt.Errorf("add model %s: %w", a.Path, err)
	}
	m.URL = fileURL + fingerprint.String()
	if old := n.modelFile(name); old != nil && old.fingerprint != fingerprint {
		return nil, errors.Join(fmt.Errorf("add model %q, which is another file here: %w", name, store.ErrExists), n.sweepModelsLocked(ctx))
	}
	if err := n.tryModel(ctx, m, fingerprint, func(done, total int64) { tell("loading", done, total) }); err != nil {
		return nil, errors.Join(fmt.Errorf("add model %s: %w", a.Path, err), n.sweepModelsLocked(context.WithoutCancel(ctx)))
	}
	return n.offer(ctx, m)
}

// modelFile returns the model file with a name, or nil.
func (n *Node) modelFile(name string) *modelFile {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.files[name]
}

// steps passes on how far a step is, twice a second, and its end.
func steps(progress func(any)) func(step string, done, total int64) {
	var last time.Time
	return func(step string, done, total int64) {
		if now := time.Now(); done == total || now.Sub(last) > time.Second/2 {
			last = now
			progress(ModelProgress{step, done, total})
		}
	}
}

// examine refuses early what the header of a file shows, and returns the model's
// name.
func (n *Node) examine(ctx context.Context, a ModelArgs) (string, error) {
	f, err := engine.OpenFile(a.Path)
	if err != nil {
		return "", fmt.Errorf("add model %s: %w: %w", a.Path, ErrModelFile, err)
	}
	defer f.Close()
	if _, err := chat.For(f.Template, f.Vocabulary); err != nil {
		return "", fmt.Errorf("add model %s: %w: %w", a.Path, ErrModelFile, err)
	}
	name := a.Name
	if name == "" {
		name = modelName(f.Name)
	}
	if err := checkModelName(name); err != nil {
		return "", err
	}
	if old := n.modelFile(name); old != nil && (old.problem != nil || old.changed(ctx)) {
		return name, nil // its file may have come back
	}
	rows, err := n.db.Models(ctx)
	for _, m := range rows {
		if m.Name == name {
			err = fmt.Errorf("add model %q: %w", name, store.ErrExists)
		}
	}
	return name, err
}

// changed reports whether the file is not the one that was added.
func (f *modelFile) changed(ctx context.Context) bool {
	d, err := fingerprintOf(ctx, f.path, nil)
	return ctx.Err() == nil && (err != nil || d != f.fingerprint)
}

// modelName makes a name to type of what a file calls itself, or is called.
func modelName(own string) string {
	words := strings.FieldsFunc(strings.TrimSuffix(strings.ToLower(own), ".gguf"), func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789._", r)
	})
	name := strings.TrimLeft(strings.Join(words, "-"), ".")
	return name[:min(len(name), 64)]
}

func fingerprintOf(ctx context.Context, path string, progress func(done, total int64)) (dsai.Digest, error) {
	f, err := engine.OpenFile(path)
	if err != nil {
		return dsai.Digest{}, err
	}
	defer f.Close()
	return f.Fingerprint(ctx, progress)
}

// keepModel copies a model file into the home under its fingerprint. It is on
// disk when keepModel returns.
func (h Home) keepModel(ctx context.Context, path string, progress func(done, total int64)) (d dsai.Digest, err error) {
	from, st, err := engine.OpenRegular(path)
	if err != nil {
		return d, err
	}
	defer from.Close()
	if err := os.MkdirAll(h.Models(), 0o700); err != nil {
		return d, err
	}
	to, err := os.CreateTemp(h.Models(), ".adding-*")
	if err != nil {
		return d, err
	}
	defer os.Remove(to.Name()) // nothing once it was renamed
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(to, sum), &watched{ctx: ctx, from: from, total: st.Size(), progress: progress})
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		return d, err
	}
	d = dsai.Digest(sum.Sum(nil))
	if err := durable.Rename(to.Name(), h.modelPath(d)); err != nil {
		return d, err
	}
	return d, durable.SyncDir(string(h))
}

// watched is a reader that tells how far it is, and ends with its context.
type watched struct {
	ctx         context.Context
	from        io.Reader
	done, total int64
	progress    func(done, total int64)
}

func (w *watched) Read(b []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	n, err := w.from.Read(b)
	w.done += int64(n)
	w.progress(w.done, w.total)
	return n, err
}

// tryModel loads a model once: weights that are no numbers show only then.
func (n *Node) tryModel(ctx context.Context, m store.Model, fingerprint dsai.Digest, progress func(done, total int64)) error {
	f := n.openModelFile(m, fingerprint)
	if f.problem != nil {
		return f.problem
	}
	defer f.remove()
	var tooBig *engine.MemoryError
	err := f.model.Load(ctx, progress)
	if err == nil || ctx.Err() != nil || errors.As(err, &tooBig) || errors.Is(err, engine.ErrBusy) || errors.Is(err, engine.ErrClosed) {
		return err // the file is not to blame
	}
	return fmt.Errorf("%w: %w", ErrModelFile, err)
}

// BenchArgs says how to measure a model.
type BenchArgs struct {
	Name   string `json:"name"`
	Prompt int    `json:"prompt"` // tokens; 0 = 512
	Output int    `json:"output"` // tokens; 0 = 64
}

// Benched is how fast a model is on this machine.
type Benched struct {
	Model        string  `json:"model"`
	LoadMillis   int64   `json:"loadMilliseconds"`
	PromptTokens int     `json:"promptTokens"`
	OutputTokens int     `json:"outputTokens"`
	Prefill      float64 `json:"prefillTokensPerSecond"`
	Decode       float64 `json:"decodeTokensPerSecond"`
	Kernel       string  `json:"kernel"` // the code that multiplied
}

func (n *Node) callBench(ctx context.Context, a BenchArgs, _ func(any)) (*Benched, error) {
	f := n.modelFile(a.Name)
	switch {
	case f == nil:
		return nil, fmt.Errorf("model %.80q is no model file of this node: %w", a.Name, ErrNoModel)
	case f.problem != nil:
		return nil, f.problem
	}
	return f.bench(ctx, a)
}

func (f *modelFile) bench(ctx context.Context, a BenchArgs) (*Benched, error) {
	start := time.Now()
	if err := f.model.Load(ctx, nil); err != nil {
		return nil, err
	}
	out := &Benched{Model: f.row.Name, LoadMillis: time.Since(start).Milliseconds()}
	r := engine.Request{MaxTokens: a.Output, Logprobs: -1}
	if r.MaxTokens <= 0 {
		r.MaxTokens = 64
	}
	want := a.Prompt
	if want <= 0 {
		want = 512
	}
	want = min(want, f.model.Context-r.MaxTokens)
	if want < 1 {
		return nil, fmt.Errorf("bench %s: %w: the model has a context of %d tokens", f.row.Name, engine.ErrRequest, f.model.Context)
	}
	var err error
	if r.Prompt, err = benchPrompt(ctx, f.model.Vocabulary, want); err != nil {
		return nil, fmt.Errorf("bench %s: %w", f.row.Name, err)
	}
	res, err := f.model.Generate(ctx, r, func(engine.Piece) error { return nil })
	if err != nil {
		return nil, err
	}
	out.Kernel = engine.Kernel()
	out.PromptTokens, out.OutputTokens = res.PromptTokens, len(res.Output)
	out.Prefill = rate(res.PromptTokens, res.FirstToken)
	out.Decode = rate(len(res.Output)-1, res.Took-res.FirstToken)
	return out, nil
}

// benchPrompt returns a prompt of n tokens.
func benchPrompt(ctx context.Context, v *token.Vocabulary, n int) ([]token.ID, error) {
	one := v.Encode("The quick brown fox jumps over the lazy dog, twice a week. ")
	if len(one) == 0 {
		return nil, fmt.Errorf("%w: its vocabulary has no tokens for the text to measure with", ErrModelFile)
	}
	var out []token.ID
	for len(out) < n {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		out = append(out, one...)
	}
	return out[:n], nil
}

func rate(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
