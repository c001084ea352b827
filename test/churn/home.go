// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

// home is a node that runs, and whoever watches a folder for it.
type home struct {
	bin, path, folder, papers string

	node, watch *exec.Cmd
	verbs       *control.Remote
	listen      string
	key, bad    string // API keys, of good clients and of bad ones: each has a budget
}

func (h *home) dsai(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, h.bin, slices.Concat([]string{"--home", h.path, "--yes"}, args)...)
}

func (h *home) start(ctx context.Context) error {
	h.node = h.dsai(ctx, "up", "--listen", "127.0.0.1:0")
	h.node.Env = append(os.Environ(), "DSAI_LOG=error")
	h.node.Stderr = os.Stderr
	if err := h.node.Start(); err != nil {
		return err
	}
	var st view.Status
	for begin := time.Now(); st.Listen == ""; time.Sleep(10 * time.Millisecond) { // another process
		if time.Since(begin) > time.Minute {
			return errors.New("the node did not become ready")
		}
		var err error
		if h.verbs, err = control.Dial(node.Home(h.path).Socket()); err == nil {
			err = h.verbs.Call(ctx, "status", node.Nothing{}, nil, &st)
		}
		if err != nil {
			st.Listen = ""
		}
	}
	h.listen = st.Listen
	for name, secret := range map[string]*string{"good": &h.key, "bad": &h.bad} {
		var k node.NewKeyResult
		if err := h.verbs.Call(ctx, "key.new", node.NewKeyArgs{Name: name}, nil, &k); err != nil {
			return err
		}
		*secret = k.Secret
	}
	h.watch = h.dsai(ctx, "watch", h.folder)
	h.watch.Stderr = os.Stderr
	return h.watch.Start()
}

func (h *home) stop() error {
	var errs []error
	for _, c := range []*exec.Cmd{h.watch, h.node} {
		if c == nil || c.Process == nil {
			continue
		}
		errs = append(errs, c.Process.Signal(os.Interrupt), c.Wait())
	}
	return errors.Join(errs...)
}

// counts is what was done.
type counts struct{ files, gone, lent, withdrawn, asked, dropped, swollen atomic.Int64 }

func (c *counts) String() string {
	return fmt.Sprintf("%d files written and %d deleted, %d documents lent and %d withdrawn, %d questions, %d slow clients dropped, %d bodies too large",
		c.files.Load(), c.gone.Load(), c.lent.Load(), c.withdrawn.Load(), c.asked.Load(), c.dropped.Load(), c.swollen.Load())
}

func (c *counts) enough() error {
	for _, n := range []*atomic.Int64{&c.files, &c.lent, &c.withdrawn, &c.asked, &c.dropped, &c.swollen} {
		if n.Load() == 0 {
			return errors.New("too little happened to show anything")
		}
	}
	return nil
}

func text(i int) []byte {
	return fmt.Appendf(nil, "# Pump %d\n\nThe valve of pump %d opens by %d turns.\n\n%s\n", i%50, i%50, i, strings.Repeat("Let the water run for ten minutes. ", 20))
}

// files writes, changes and deletes files of the watched folder.
func (h *home) files(ctx context.Context, c *counts) error {
	return every(ctx, 500*time.Millisecond, func(i int) error {
		// Forty names in turn: each file is new, changed, changed again, deleted.
		p := filepath.Join(h.folder, fmt.Sprintf("pump-%d.md", i%40))
		if i/40%4 == 3 {
			c.gone.Add(1)
			return os.Remove(p)
		}
		c.files.Add(1)
		return os.WriteFile(p, text(i), 0o600)
	})
}

// lend adds a document, and withdraws it ten documents later.
func (h *home) lend(ctx context.Context, c *counts) error {
	var lent []dsai.Digest
	return every(ctx, time.Second, func(i int) error {
		p := filepath.Join(h.papers, fmt.Sprintf("paper-%d.md", i))
		if err := os.WriteFile(p, text(i), 0o600); err != nil {
			return err
		}
		var out node.Contributed
		if err := h.verbs.Call(ctx, "add", node.Contribution{Paths: []string{p}}, nil, &out); err != nil {
			return gone(ctx, fmt.Errorf("add: %w", err))
		}
		c.lent.Add(1)
		lent = append(lent, out.Consent)
		if len(lent) < 10 {
			return nil
		}
		var w json.RawMessage
		if err := h.verbs.Call(ctx, "consent.revoke", node.RevokeArgs{Ref: lent[0].String()}, nil, &w); err != nil {
			return gone(ctx, fmt.Errorf("revoke: %w", err))
		}
		c.withdrawn.Add(1)
		lent = lent[1:]
		return os.Remove(filepath.Join(h.papers, fmt.Sprintf("paper-%d.md", i-9)))
	})
}

// every calls f again and again, at most once in each period, until ctx ends.
func every(ctx context.Context, period time.Duration, f func(i int) error) error {
	t := time.NewTicker(period)
	defer t.Stop()
	for i := 1; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := f(i); err != nil {
			return err
		}
	}
}

// gone is err, unless the time was up.
func gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
