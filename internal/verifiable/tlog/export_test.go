// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog

import (
	"context"
	"time"
)

func init() { checkpointInterval = 100 * time.Millisecond } // Tessera's least

// OpenUnscrubbed opens a log as if nothing cleaned up after a crash.
func OpenUnscrubbed(ctx context.Context, cfg Config) (*Log, error) {
	return open(ctx, cfg, func(files, uint64) error { return nil })
}

// Scrub scrubs the log in dir for a tree of size leaves.
func Scrub(dir string, size uint64) error { return files(dir).scrub(size) }

// Leftovers returns what Open would delete from the log in dir.
func Leftovers(dir string) ([]string, error) {
	t, err := files(dir).integrated()
	if err != nil {
		return nil, err
	}
	return files(dir).leftovers(t.size)
}

// Leaves returns the leaves of bundle n of a log of size leaves, read strictly.
func Leaves(dir string, n, size uint64) ([][]byte, error) {
	return files(dir).bundle(edge(bundleLevel, n, size))
}

// Functions that tests call with foreign bytes.
var (
	ParseBundle   = parseBundle
	ParseTilePath = parseTilePath
	TilePath      = tilePath
	Implied       = implied
)
