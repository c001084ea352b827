// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command serve keeps an engine with two seeded models busy for as long as it is told: clients ask at
// once, some leave in the middle, consents are withdrawn, models go and come back. It fails when an
// answer fails, when one does not replay from its trace, when memory grows, or when anything still runs
// at the end.
//
//	go run ./test/serve -for 1h
//
// Nothing imports it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

func main() {
	span := flag.Duration("for", time.Hour, "how long")
	clients := flag.Int("clients", 12, "clients at once")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of what the clients do")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	fmt.Printf("serve: seed %d\n", *seed)
	err := run(ctx, *span, *clients, *seed)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve: error:", err)
		os.Exit(1)
	}
}

// counts is what happened.
type counts struct{ whole, left, busy, replayed, reused, tokens, purged atomic.Int64 }

func run(ctx context.Context, span time.Duration, clients int, seed uint64) error {
	before := runtime.NumGoroutine()
	dir, err := os.MkdirTemp("", "dsai-serve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// The two models and their requests do not fit at once, and idle ones go soon.
	e := engine.New(engine.Config{Memory: 24 << 20, Cache: 4 << 20, Running: 6, Waiting: clients, KeepAlive: 200 * time.Millisecond, Prefill: 64})
	models, err := load(e, dir)
	if err != nil {
		return err
	}
	var c counts
	w := watch{began: time.Now(), span: span}
	g, busy := errgroup.WithContext(ctx)
	end, cancel := context.WithTimeout(busy, span)
	defer cancel()
	for i := range clients {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		g.Go(func() error { return client(end, e, models, r, &c) })
	}
	g.Go(func() error { return w.run(end) })
	err = g.Wait()
	e.Close()
	if err == nil {
		err = w.judge(before)
	}
	fmt.Printf("serve: %v: %d whole answers, %d left in the middle, %d turned away, %d tokens, %d replays, %d of the prompts' tokens were remembered, %d purges; %s\n",
		time.Since(w.began).Round(time.Second), c.whole.Load(), c.left.Load(), c.busy.Load(), c.tokens.Load(), c.replayed.Load(), c.reused.Load(), c.purged.Load(), w.String())
	return err
}

func load(e *engine.Engine, dir string) ([]*engine.Model, error) {
	var models []*engine.Model
	for i, arch := range []string{"llama", "qwen2"} {
		s := infertest.Small(arch, []gguf.Type{gguf.Q8_0, gguf.Q4_K}[i])
		s.Layers, s.Vocabulary, s.Context, s.Extra = 4, 2000, 1024, infertest.Words(2000)
		path := filepath.Join(dir, arch+".gguf")
		if err := os.WriteFile(path, s.File(), 0o600); err != nil {
			return nil, err
		}
		f, err := engine.OpenFile(path)
		if err != nil {
			return nil, err
		}
		print, err := f.Fingerprint(context.Background(), nil)
		if err != nil {
			return nil, err
		}
		models = append(models, e.Add(f, print))
	}
	return models, nil
}

// client asks until ctx ends.
func client(ctx context.Context, e *engine.Engine, models []*engine.Model, r *rand.Rand, c *counts) error {
	for ctx.Err() == nil {
		if r.IntN(20) == 0 {
			e.Purge(consent(r))
			c.purged.Add(1)
		}
		if r.IntN(30) == 0 {
			time.Sleep(time.Duration(r.IntN(600)) * time.Millisecond) // long enough for a model to go
		}
		if err := ask(ctx, models[r.IntN(len(models))], r, c); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// consent is one of few.
func consent(r *rand.Rand) dsai.Digest { return dsai.Digest{1, byte(r.IntN(8))} }

var errEnough = errors.New("the reader has enough")

func ask(ctx context.Context, m *engine.Model, r *rand.Rand, c *counts) error {
	q := question(r)
	most := 1 << 20
	if r.IntN(3) == 0 {
		most = r.IntN(40)
	}
	asked, cancel := context.WithCancel(ctx)
	defer cancel()
	seen := 0
	got, err := m.Generate(asked, q, func(p engine.Piece) error {
		if seen += p.Tokens; seen > most && most%2 == 0 {
			cancel()
		} else if seen > most {
			return errEnough
		}
		return nil
	})
	switch {
	case errors.Is(err, engine.ErrBusy):
		c.busy.Add(1)
		return nil
	case got == nil, err != nil && !errors.Is(err, errEnough) && !errors.Is(err, context.Canceled):
		return fmt.Errorf("ask: %w", err)
	case err == nil:
		c.whole.Add(1)
	default:
		c.left.Add(1)
	}
	c.tokens.Add(int64(len(got.Output)))
	c.reused.Add(int64(got.Reused))
	if err := m.Replay(ctx, q.Prompt, got.Trace); errors.Is(err, engine.ErrBusy) {
		c.busy.Add(1)
		return nil
	} else if err != nil {
		return fmt.Errorf("replay %s: %w", got.Trace.JSON(), err)
	}
	c.replayed.Add(1)
	return nil
}
