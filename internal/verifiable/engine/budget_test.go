// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"errors"
	"math"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// fixed returns what a model takes with small steps while nobody asks.
func fixed(t *testing.T, path string) int64 {
	t.Helper()
	e := engine.New(engine.Config{Threads: 1, Prefill: 16, Running: 2})
	defer e.Close()
	return add(t, e, path).Fixed()
}

// wide is a small file whose steps need much memory for each token.
func wide() infertest.Shape {
	s := small()
	s.Type, s.Layers, s.Width, s.Inner, s.Heads, s.KeyHeads, s.Head = gguf.Q4_0, 1, 32, 1<<17, 4, 1, 32
	return s
}

// What steps compute in is counted while a model is loaded and given back when it goes, and a model that is
// wide takes few tokens a step: the answers are the same.
func TestWorkspaceIsBounded(t *testing.T) {
	path := write(t, wide())
	e := engine.New(engine.Config{Threads: 1, KeepAlive: -1})
	defer e.Close()
	free := add(t, e, path)
	const memory = 64 << 20
	tight := engine.New(engine.Config{Threads: 1, Memory: memory, Cache: -1, KeepAlive: 200 * time.Millisecond})
	defer tight.Close()
	m := add(t, tight, path)
	if items, bytes := m.Workspace(); items < 2 || items > 16 || bytes > memory/4 {
		t.Errorf("with %d bytes of memory a step has %d items in %d bytes, want at most a quarter", memory, items, bytes)
	}
	if items, bytes := free.Workspace(); items < 100 || bytes > 512<<20 {
		t.Errorf("a step has %d items in %d bytes, want at most 512 MiB", items, bytes)
	}
	want := generate(t, free, request(1, 40, 5))
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if got := generate(t, m, request(1, 40, 5)); !bytes.Equal(got.Trace.JSON(), want.Trace.JSON()) {
				t.Error("an answer from small steps differs")
			}
		})
	}
	group.Wait()
	if used := tight.Used(); used < m.Fixed() || m.Fixed() <= m.Weights {
		t.Errorf("%d bytes are in use with a model that takes %d", used, m.Fixed())
	}
	for m.Status().State != "unloaded" {
		time.Sleep(time.Millisecond)
	}
	if tight.Used() != 0 {
		t.Errorf("%d bytes are in use after the model went", tight.Used())
	}
}

// A model whose weights fit and whose steps do not is not loaded.
func TestWorkspaceDoesNotFit(t *testing.T) {
	f, err := engine.OpenFile(write(t, wide()))
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Config{Threads: 1, Memory: f.Weights + 1<<16})
	defer e.Close()
	var big *engine.MemoryError
	if err := e.Add(f, dsai.Digest{}).Load(t.Context(), nil); !errors.As(err, &big) || big.Need <= f.Weights {
		t.Errorf("Load of a model whose steps do not fit = %v, want a MemoryError", err)
	}
}

// A file whose every token needs an absurd amount is refused when it is opened, with the amount.
func TestAbsurdWorkspace(t *testing.T) {
	s := small()
	s.Layers, s.Type, s.Width, s.Inner, s.Heads, s.KeyHeads, s.Head, s.Context = 1, gguf.Q4_0, 32, 32, 1<<10, 1, 32, 1<<20
	_, err := engine.OpenFile(write(t, s))
	if err == nil || !strings.Contains(err.Error(), "4 GiB") && !strings.Contains(err.Error(), "4096 MiB") {
		t.Errorf("OpenFile of a model that scores 2^30 positions for a token = %v, want an error with the amount", err)
	}
}

// Replay takes memory as requests do, gives it back, and is refused what it cannot have.
func TestReplayIsBounded(t *testing.T) {
	path := write(t, small())
	_, free := serve(t, engine.Config{Threads: 1})
	r := request(1, 200, 200)
	want := generate(t, free, r).Trace
	e := engine.New(engine.Config{Threads: 1, Memory: fixed(t, path) + 64<<10, Prefill: 16, Running: 2, Cache: -1})
	defer e.Close()
	m := add(t, e, path)
	var big *engine.MemoryError
	if err := m.Replay(t.Context(), r.Prompt, want); !errors.As(err, &big) || big.Need <= 64<<10 {
		t.Errorf("Replay beyond all memory = %v, want a MemoryError", err)
	}
	e = engine.New(engine.Config{Threads: 1, Memory: fixed(t, path) + big.Need, Prefill: 16, Running: 2, Cache: -1}.Ahead(1))
	defer e.Close()
	m = add(t, e, path)
	if err := m.Replay(t.Context(), r.Prompt, want); err != nil || e.Used() != m.Fixed() {
		t.Errorf("Replay = %v, and %d bytes are in use, want %d", err, e.Used(), m.Fixed())
	}
	first := true
	_, _ = m.Generate(t.Context(), request(2, 50, 20), func(engine.Piece) error {
		if first {
			first = false
			if err := m.Replay(t.Context(), r.Prompt, want); !errors.Is(err, engine.ErrBusy) {
				t.Errorf("Replay beside a request = %v, want ErrBusy", err)
			}
		}
		return nil
	})
}

// The process is limited to what models may have and a sixth, unless somebody said otherwise.
func TestLimitProcess(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	e := engine.New(engine.Config{Memory: 6 << 40})
	defer e.Close()
	t.Setenv("GOMEMLIMIT", "off")
	e.LimitProcess()
	if got := debug.SetMemoryLimit(-1); got != math.MaxInt64 {
		t.Errorf("with GOMEMLIMIT the limit becomes %d", got)
	}
	t.Setenv("GOMEMLIMIT", "")
	e.LimitProcess()
	if got := debug.SetMemoryLimit(-1); got != 7<<40 {
		t.Errorf("the limit is %d, want %d", got, int64(7<<40))
	}
}
