// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command churn keeps a node busy with what it must survive for months, for as
// long as it is told: documents come, change and go in a watched folder, others
// are added and withdrawn, somebody asks, and bad clients send slowly, without
// end, or too much. It fails when anything that is not a refusal fails, when a
// bad client is not dropped in time, and when the node's memory or its open
// files grow.
//
//	go run ./test/churn -bin bin/dsai -for 30m
//
// It drives a built program from outside and nothing imports it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	bin := flag.String("bin", "bin/dsai", "the program")
	span := flag.Duration("for", 30*time.Minute, "how long")
	slow := flag.Int("slow", 50, "slow connections at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *bin, *span, *slow)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "churn: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin string, span time.Duration, slow int) (err error) {
	dir, err := os.MkdirTemp("", "dsai-churn-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	h, err := found(ctx, bin, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	begin := time.Now()
	var c counts
	g, busy := errgroup.WithContext(ctx)
	end, cancel := context.WithTimeout(busy, span)
	defer cancel()
	for _, work := range []func(context.Context, *counts) error{h.files, h.lend, h.ask, h.swell} {
		g.Go(func() error { return work(end, &c) })
	}
	for i := range slow {
		g.Go(func() error { return h.dawdle(end, &c, i%2 == 0) })
	}
	var node, watch series
	g.Go(func() error { return node.follow(end, h.node.Process.Pid) })
	g.Go(func() error { return watch.follow(end, h.watch.Process.Pid) })
	err = g.Wait()
	fmt.Printf("churn: %s: %s of %s; node %s; watch %s\n", begin.UTC().Format(time.DateOnly), time.Since(begin).Round(time.Second), &c, &node, &watch)
	if err != nil {
		return err
	}
	return errors.Join(c.enough(), node.flat("node"), watch.flat("watch"))
}

// found makes a co-op with a node that runs and a folder that is watched.
func found(ctx context.Context, bin, dir string) (*home, error) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return nil, err
	}
	h := &home{bin: bin, path: filepath.Join(dir, "home"), folder: filepath.Join(dir, "watched"), papers: filepath.Join(dir, "papers")}
	for _, d := range []string{h.folder, h.papers} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(h.folder, "first.md"), text(0), 0o600); err != nil {
		return nil, err
	}
	if out, err := h.dsai(ctx, "init", "--coop", "Churn").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("dsai init: %w: %s", err, out)
	}
	return h, h.start(ctx)
}
