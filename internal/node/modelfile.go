// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/chat"
	"dsai.example/dsai/internal/verifiable/compose"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/view"
)

// ErrModelFile reports a model file that cannot be used.
var ErrModelFile = errors.New("model file cannot be used")

// fileURL begins the URL under which the store keeps a model file: its
// fingerprint follows. Remote is its path, or "" in the home's own folder.
const fileURL = "gguf:"

func fileModel(m store.Model) (fingerprint dsai.Digest, ok bool) {
	hex, ok := strings.CutPrefix(m.URL, fileURL)
	if !ok {
		return dsai.Digest{}, false
	}
	d, err := dsai.ParseDigest(hex)
	return d, err == nil
}

func (h Home) modelPath(fingerprint dsai.Digest) string {
	return filepath.Join(h.Models(), fingerprint.String()+".gguf")
}

// modelFile is a model that this node runs, or the reason why it cannot. It
// implements pipeline.Engine.
type modelFile struct {
	row         store.Model
	path        string
	fingerprint dsai.Digest

	model   *engine.Model // nil with a problem
	format  *chat.Format
	answers *compose.Engine
	problem error
}

// openModelFile opens a model that was added. A file that is gone makes the
// model one that says so: the node and its other engines go on.
func (n *Node) openModelFile(m store.Model, fingerprint dsai.Digest) *modelFile {
	f := &modelFile{row: m, fingerprint: fingerprint, path: cmp.Or(m.Remote, n.home.modelPath(fingerprint))}
	if f.problem = f.open(n.run); f.problem != nil {
		f.problem = fmt.Errorf("model %s: %w: %w", m.Name, ErrModelFile, f.problem)
	}
	return f
}

func (f *modelFile) open(e *engine.Engine) error {
	file, err := engine.OpenFile(f.path)
	if err != nil {
		return err
	}
	if f.format, err = chat.For(file.Template, file.Vocabulary); err != nil {
		return errors.Join(err, file.Close())
	}
	f.model = e.Add(file, f.fingerprint)
	f.answers = compose.New(compose.Config{ID: f.row.Name, Fingerprint: f.fingerprint, Model: f.model, Format: f.format, NewSeed: newSeed})
	return nil
}

// newSeed draws a seed that JSON carries whole.
func newSeed() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.BigEndian.Uint64(b[:]) >> 11)
}

func (f *modelFile) remove() {
	if f.model != nil {
		f.model.Remove()
	}
}

// Model implements pipeline.Engine.
func (f *modelFile) Model() dsai.ModelRef { return compose.Ref(f.row.Name, f.fingerprint) }

// Assurance implements pipeline.Engine.
func (f *modelFile) Assurance() dsai.Assurance { return dsai.Replayable }

// Answer implements pipeline.Engine.
func (f *modelFile) Answer(ctx context.Context, e *pipeline.Evidence, emit func(pipeline.Piece) error) (*pipeline.Output, error) {
	if f.problem != nil {
		return nil, f.problem
	}
	return f.answers.Answer(ctx, e, emit)
}

func (f *modelFile) view() *view.ModelFile {
	v := &view.ModelFile{Path: f.path, Linked: f.row.Remote != ""}
	if f.problem != nil {
		v.Problem, v.State = f.problem.Error(), "unusable"
		return v
	}
	i := f.model.Info
	v.Name, v.Architecture, v.License, v.Parameters, v.Context, v.Size = i.Name, i.Architecture, i.License, i.Parameters, i.Context, i.Size
	v.State, v.Kernel = f.model.Status().State, engine.Kernel()
	switch {
	case !f.format.Template:
		v.Template = "plain"
	case f.format.Merged:
		v.Template = "merged"
	default:
		v.Template = "file"
	}
	return v
}

// sweepModels removes model files in the home that no model has, and what
// interrupted additions left.
func (n *Node) sweepModels(ctx context.Context) error {
	n.modeling.Lock()
	defer n.modeling.Unlock()
	return n.sweepModelsLocked(ctx)
}

func (n *Node) sweepModelsLocked(ctx context.Context) error {
	rows, err := n.db.Models(ctx)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, m := range rows {
		if d, ok := fileModel(m); ok && m.Remote == "" {
			keep[filepath.Base(n.home.modelPath(d))] = true
		}
	}
	files, err := os.ReadDir(n.home.Models())
	if ignoreMissing(err) != nil {
		return err
	}
	for _, f := range files {
		if !keep[f.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(n.home.Models(), f.Name())))
		}
	}
	return ignoreMissing(err)
}

// fsckModels reads every model file whole.
func (n *Node) fsckModels(ctx context.Context) (string, error) {
	rows, err := n.db.Models(ctx)
	if err != nil {
		return "", err
	}
	count, gone := 0, ""
	for _, m := range rows {
		want, ok := fileModel(m)
		if !ok {
			continue
		}
		path := cmp.Or(m.Remote, n.home.modelPath(want))
		got, err := fingerprintOf(ctx, path, nil)
		switch {
		case errors.Is(err, fs.ErrNotExist): // a backup holds none, so nothing is damaged
			gone += "; " + m.Name + " is not here: add its file again"
			continue
		case err != nil:
			return "", fmt.Errorf("model %s: %w", m.Name, err)
		case got != want:
			return "", fmt.Errorf("model %s: %s has changed: its fingerprint is %s, not %s; add the right file again under this name (dsai model add FILE --name %[1]s)", m.Name, path, short(got), short(want))
		}
		count++
	}
	return fmt.Sprintf("%d model files have their fingerprints%s", count, gone), nil
}
