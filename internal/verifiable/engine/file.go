// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/tensor"
	"dsai.example/dsai/internal/verifiable/token"
)

// File is a model file: its header and vocabulary, not its weights. It is immutable and safe for
// concurrent use.
type File struct {
	Info
	Path       string
	Vocabulary *token.Vocabulary

	source *source
	header *gguf.File
	front  *front // the bytes that all of the above was made of
	config infer.Config
}

// Info is what a file says of its model. Texts are a stranger's: nothing in them was checked.
type Info struct {
	Name         string // general.name, or the file's name
	Architecture string
	License      string // general.license, or ""
	Template     string // tokenizer.chat_template, or ""
	Parameters   int64
	Context      int            // tokens
	Types        map[string]int // tensors of each type
	Size         int64          // bytes of the file
	Modified     int64          // of the file, in nanoseconds since 1970; with Size it keys a remembered fingerprint
	Weights      int64          // bytes in memory
	PerToken     int64          // bytes that are remembered of each token
}

// OpenFile opens a model file and reads all but its weights. It refuses a file that infer cannot run, as
// far as the header shows; weights that are no numbers are found when it is loaded.
func OpenFile(path string) (*File, error) {
	source, err := openSource(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	f := &File{Path: path, source: source}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("open model %s: %w", path, errors.Join(err, source.Close()))
	}
	return f, nil
}

func (f *File) read() (err error) {
	f.front = &front{r: f.source, hash: sha256.New()}
	if f.header, err = gguf.Open(f.front, f.source.size); err != nil {
		return err
	}
	if f.config, err = infer.ReadConfig(f.header); err != nil {
		return err
	}
	if f.Vocabulary, err = token.Load(f.header); err != nil {
		return err
	}
	embedding, ok := f.header.Tensor("token_embd.weight")
	if ok {
		f.config.Vocabulary = embedding.Rows()
	}
	if ok && embedding.Rows() < f.Vocabulary.Len() {
		return fmt.Errorf("the vocabulary has %d tokens and the model %d", f.Vocabulary.Len(), embedding.Rows())
	}
	if need := f.config.WorkspaceBytes(1, 1, 1); need > maxWorkspace {
		return fmt.Errorf("a step of a single token needs %s of memory beside the weights, at most %s are permitted", size(need), size(maxWorkspace))
	}
	f.Info = f.describe()
	return nil
}

func (f *File) describe() Info {
	c := f.config
	info := Info{
		Name: filepath.Base(f.Path), Architecture: c.Architecture, Context: c.Context, Types: map[string]int{},
		Size: f.source.size, Modified: f.source.modified, PerToken: int64(c.Layers) * int64(c.KeyHeads) * int64(c.Head) * 4,
	}
	for _, t := range f.header.Tensors() {
		info.Types[t.Type.String()]++
		info.Parameters += int64(t.Numbers())
		if len(t.Shape) > 1 {
			info.Weights += tensor.Size(&t)
		} else {
			info.Weights += t.Size
		}
	}
	for _, text := range []struct {
		key string
		to  *string
	}{{"general.name", &info.Name}, {"general.license", &info.License}, {"tokenizer.chat_template", &info.Template}} {
		if v, err := f.header.Text(text.key); err == nil && v != "" {
			*text.to = strings.ToValidUTF8(v, "\uFFFD")
		}
	}
	return info
}

// Close closes the file, unless an engine has it.
func (f *File) Close() error { return f.source.Close() }

// Fingerprint returns the SHA-256 digest of the file's bytes. progress, if not nil, hears now and then how
// far it is. It is an ErrChanged if the header is no longer the one that OpenFile read.
func (f *File) Fingerprint(ctx context.Context, progress func(done, total int64)) (dsai.Digest, error) {
	p, err := f.fingerprint(ctx, progress)
	if err != nil {
		return dsai.Digest{}, fmt.Errorf("fingerprint model %s: %w", f.Path, err)
	}
	return p.digest, nil
}

// load reads the weights, and takes no byte that p does not cover. done counts the bytes that were read.
func (f *File) load(ctx context.Context, p *printed, done *atomic.Int64) (*infer.Model, error) {
	same := &same{r: f.source, printed: p, size: f.Size}
	return infer.Load(f.header.From(&counted{ctx: ctx, r: same, done: done})) // p covers the header that was parsed
}

// counted counts what is read, and stops reading when ctx ends.
type counted struct {
	ctx  context.Context
	r    io.ReaderAt
	done *atomic.Int64
}

func (c *counted) ReadAt(b []byte, at int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.ReadAt(b, at)
	c.done.Add(int64(n))
	return n, err
}

// remembered returns the bytes that n tokens take, rounded up to what memory comes in.
func (f *File) remembered(n int) int64 {
	const page = 32 // infer's
	return int64((n+page-1)/page*page) * f.PerToken
}
