// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/token"
)

// File is a model file: its header and vocabulary, not its weights. It is immutable and safe for
// concurrent use.
type File struct {
	Info
	Path       string
	Vocabulary *token.Vocabulary
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
func OpenFile(path string) (*File, error) { panic("not yet") }

// Close closes the file, unless an engine has it.
func (f *File) Close() error { panic("not yet") }

// Fingerprint returns the SHA-256 digest of the file's bytes. progress, if not nil, hears now and then how
// far it is.
func (f *File) Fingerprint(ctx context.Context, progress func(done, total int64)) (dsai.Digest, error) {
	panic("not yet")
}
