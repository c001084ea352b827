// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
)

// rivals are two models with memory for one. Time is what readers take.
func rivals(t *testing.T, cfg engine.Config) (e *engine.Engine, a, b *engine.Model) {
	t.Helper()
	path := write(t, small())
	cfg.Threads, cfg.Prefill, cfg.Running = 1, 16, 2
	cfg = cfg.Ahead(1)
	e = engine.New(cfg)
	f, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	a = e.Add(f, dsai.Digest{})
	cfg.Memory = a.Fixed() * 3 / 2
	e = engine.New(cfg)
	t.Cleanup(e.Close)
	return e, add(t, e, path), add(t, e, path)
}

// takes asks a model something that its reader reads for so long.
func takes(t *testing.T, m *engine.Model, long, wait time.Duration) error {
	r := request(1, 5, 8)
	r.Sampling.Temperature, r.Wait = 0, wait
	first := true
	_, err := m.Generate(t.Context(), r, func(engine.Piece) error {
		if first {
			first = false
			time.Sleep(long)
		}
		return nil
	})
	return err
}

// A model that does not fit beside a busy one waits until that has finished, and no longer than the
// request does.
func TestWaitsForBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := rivals(t, engine.Config{})
		hold := func(long time.Duration) *sync.WaitGroup {
			var group sync.WaitGroup
			group.Go(func() {
				if err := takes(t, a, long, 0); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			return &group
		}
		first := hold(10 * time.Second)
		began := time.Now()
		var busy *engine.BusyError
		if err := takes(t, b, 0, 3*time.Second); !errors.As(err, &busy) || busy.RetryAfter < time.Second || time.Since(began) != 3*time.Second {
			t.Errorf("Generate beside a busy model = %v after %v, want ErrBusy after 3 s", err, time.Since(began))
		}
		if err := b.Load(t.Context(), nil); err != nil || b.Status().State != "loaded" || a.Status().State != "unloaded" {
			t.Errorf("Load = %v, %s beside %s", err, b.Status().State, a.Status().State)
		}
		first.Wait()
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("after %v the model is loaded, want 10 s", took)
		}
		second := hold(time.Minute)
		if err := b.Load(t.Context(), nil); !errors.As(err, &busy) {
			t.Errorf("Load beside a model that stays busy = %v, want ErrBusy", err)
		}
		second.Wait()
	})
}

// Two models that are asked without a pause both get on: each serves for a while and then makes room.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := rivals(t, engine.Config{})
		var group sync.WaitGroup
		end := time.Now().Add(3 * time.Minute)
		served := map[*engine.Model]*[3]int{a: {}, b: {}}
		for m, n := range served {
			for i := range n {
				group.Go(func() {
					for time.Now().Before(end) {
						if err := takes(t, m, 2*time.Second, 0); err != nil {
							t.Errorf("Generate of one of two models = %v", err)
						}
						n[i]++
					}
				})
			}
		}
		group.Wait()
		for m, n := range served {
			for i := range n {
				if n[i] < 8 {
					t.Errorf("model %v: a client has %d answers in three minutes", m == a, n[i])
				}
			}
		}
	})
}

// Where answers take longer than requests wait, who asks again finds the place that the model had.
func TestPlaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, a, b := rivals(t, engine.Config{})
		var group sync.WaitGroup
		for range 4 { // always two are under way
			group.Go(func() {
				for takes(t, a, time.Minute, time.Hour) == nil {
				}
			})
			time.Sleep(7 * time.Second)
		}
		for try := 1; ; try++ {
			err := takes(t, b, 0, 0)
			if err == nil {
				break
			}
			var busy *engine.BusyError
			if !errors.As(err, &busy) || try == 4 {
				t.Errorf("try %d = %v", try, err)
				break
			}
			time.Sleep(busy.RetryAfter)
		}
		e.Close()
		group.Wait()
	})
}

// Who leaves before others had to finish leaves nothing behind.
func TestUnneeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := rivals(t, engine.Config{})
		var group sync.WaitGroup
		group.Go(func() { _ = takes(t, a, time.Minute, 0) })
		synctest.Wait()
		if err := takes(t, b, 0, time.Second); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("Generate = %v, want ErrBusy", err)
		}
		synctest.Wait()
		if s := b.Status(); s.State != "unloaded" || s.Waiting != 0 {
			t.Errorf("a model that nobody waits for is %+v", s)
		}
		group.Wait()
	})
}

// What is remembered goes only for a request that then has enough.
func TestPrefixesStay(t *testing.T) {
	path := write(t, small())
	f, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	per := 64 * f.PerToken
	e := engine.New(engine.Config{Threads: 1, Memory: fixed(t, path) + 6*per, Prefill: 16, Running: 2, Cache: 3 * per}.Ahead(1))
	defer e.Close()
	m := e.Add(f, dsai.Digest{})
	r := request(1, 50, 10)
	r.Partition = dsai.Digest{1}
	generate(t, m, r)
	var group sync.WaitGroup
	began, end := make(chan struct{}), make(chan struct{})
	group.Go(func() { // takes 4 of the 6
		n := 0
		_, _ = m.Generate(t.Context(), request(2, 50, 200), func(engine.Piece) error {
			if n++; n == 1 {
				close(began)
				<-end
			}
			return nil
		})
	})
	<-began
	large := request(3, 100, 70) // needs 3
	large.Wait = 50 * time.Millisecond
	if _, err := m.Generate(t.Context(), large, nil); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("Generate beyond what is free = %v, want ErrBusy", err)
	}
	if n, _ := e.Remembered(); n != 1 {
		t.Errorf("%d prompts are remembered after a request that got no memory, want 1", n)
	}
	close(end)
	group.Wait()
	if got := generate(t, m, r); got.Reused != 49 {
		t.Errorf("then %d tokens are reused, want 49", got.Reused)
	}
}

// A step that reads a long prompt ends when nobody waits for it, and is made again without those who left.
func TestLeaveWhileReading(t *testing.T) {
	s := wide()
	s.Vocabulary = 400
	e := engine.New(engine.Config{Threads: 2, KeepAlive: -1})
	defer e.Close()
	m := add(t, e, write(t, s))
	want := generate(t, m, request(1, 5, 60))
	var group sync.WaitGroup
	started := make(chan struct{})
	for _, beside := range []bool{false, true} {
		if beside { // an answer is under way, and the steps are shared
			group.Go(func() {
				n := 0
				got, err := m.Generate(t.Context(), request(1, 5, 60), func(engine.Piece) error {
					if n++; n == 1 {
						close(started)
					}
					return nil
				})
				if err != nil || !bytes.Equal(got.Trace.JSON(), want.Trace.JSON()) {
					t.Errorf("an answer beside a prompt that was left is another, %v", err)
				}
			})
			<-started
		}
		ctx, leave := context.WithCancel(t.Context())
		running := m.Status().Running
		group.Go(func() {
			for m.Status().Running == running && ctx.Err() == nil {
				runtime.Gosched()
			}
			leave()
		})
		r := request(2, 250, 10)
		r.Partition = dsai.Digest{1}
		if _, err := m.Generate(ctx, r, nil); err == nil {
			t.Error("Generate that was left has no error")
		}
		leave()
		if n, _ := e.Remembered(); n != 0 {
			t.Errorf("beside an answer: %v; the step was made to its end after its caller had left", beside)
		}
	}
	group.Wait()
}
