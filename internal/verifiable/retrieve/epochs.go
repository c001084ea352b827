// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
)

// Errors of pinned statistics.
var (
	ErrNoEpoch      = errors.New("no such statistics")
	ErrEpochDamaged = errors.New("statistics are damaged")
)

// Epochs is a folder of pinned statistics, one file for each, named by its root.
// Unlike the index they cannot be made again: the passages that they counted
// change, and their secrets are random. It belongs into a backup.
type Epochs string

// CreateEpochs makes an empty folder, which must not exist.
func CreateEpochs(dir string) (Epochs, error) {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		err = durable.SyncDir(filepath.Dir(dir))
	}
	if err != nil {
		return "", fmt.Errorf("create statistics: %w", err)
	}
	return Epochs(dir), nil
}

// Open opens pinned statistics by their root. It returns ErrNoEpoch when they
// were forgotten or never pinned here, ErrEpochDamaged when a bit of the file
// changed.
func (d Epochs) Open(root dsai.Digest) (*Epoch, error) {
	data, err := os.ReadFile(d.file(root))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open statistics %s: %w", root, ErrNoEpoch)
	}
	if err != nil {
		return nil, fmt.Errorf("open statistics: %w", err)
	}
	e, err := parseEpoch(data)
	if err == nil && e.head.Root != root {
		err = fmt.Errorf("%w: holds root %s", ErrEpochDamaged, e.head.Root)
	}
	if err != nil {
		return nil, fmt.Errorf("open statistics %s: %w", root, err)
	}
	return e, nil
}

// Has reports whether statistics are here, whole or damaged.
func (d Epochs) Has(root dsai.Digest) bool {
	_, err := os.Stat(d.file(root))
	return err == nil
}

// Retain removes all pinned statistics but those to keep, terms and secrets,
// durably, and what a crash left of unfinished ones. What they ranked can then be
// checked only with proofs made before. Nothing may be pinned meanwhile.
func (d Epochs) Retain(keep func(root dsai.Digest) bool) error {
	files, err := os.ReadDir(string(d))
	if err != nil {
		return fmt.Errorf("forget statistics: %w", err)
	}
	removed := false
	for _, f := range files {
		name, _, unfinished := strings.Cut(f.Name(), ".tmp")
		root, err := dsai.ParseDigest(name)
		if err != nil || !unfinished && keep(root) {
			continue
		}
		if err := os.Remove(filepath.Join(string(d), f.Name())); err != nil {
			return fmt.Errorf("forget statistics: %w", err)
		}
		removed = true
	}
	if !removed {
		return nil
	}
	return durable.SyncDir(string(d))
}

func (d Epochs) file(root dsai.Digest) string { return filepath.Join(string(d), root.String()) }
