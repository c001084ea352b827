// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"dsai.example/dsai/internal/verifiable/ingest"
)

// whole times all of "dsai add" on a folder of plain text, from starting the
// process to its end with everything on disk: reading, cutting, commitments,
// signatures, database, log, index. Raw bleve gets the same passages, cut
// beforehand, in batches of the same size as the node makes.
func whole(ctx context.Context, o options, tmp string) error {
	dir := filepath.Join(tmp, "plain")
	all, err := load(ctx, options{dir: o.dir, n: o.n, plain: dir})
	if err != nil {
		return err
	}
	raw, err := timed(func() error { return rawBleve(filepath.Join(tmp, "bleve-plain"), all, 2000) })
	if err != nil {
		return err
	}
	home := "--home=" + filepath.Join(tmp, "home")
	if _, err := child(ctx, o.bin, "init", "--member", "bench", home); err != nil {
		return err
	}
	ours, err := child(ctx, o.bin, "add", dir, "--yes", home)
	if err != nil {
		return err
	}
	fmt.Printf("plain text          %d passages\nadd, raw bleve      %v\ndsai add, all of it %v\nspeed of raw bleve  %.2f by CPU, %.2f by clock\n", len(all), raw, ours,
		raw.cpu.Seconds()/ours.cpu.Seconds(), raw.wall.Seconds()/ours.wall.Seconds())
	return nil
}

// child runs a program to its end.
func child(ctx context.Context, bin string, args ...string) (cost, error) {
	c := exec.CommandContext(ctx, bin, args...)
	c.Stdout, c.Stderr = io.Discard, os.Stderr
	start := time.Now()
	if err := c.Run(); err != nil {
		return cost{}, fmt.Errorf("%s %s: %w", bin, args[0], err)
	}
	return cost{time.Since(start), c.ProcessState.UserTime() + c.ProcessState.SystemTime()}, nil
}

// keep writes the passages of a text that load took into a file of dir.
func keep(dir string, n int, t *ingest.Text, passages []ingest.Passage) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.txt", n)), t.Bytes[:passages[len(passages)-1].End], 0o600)
}
