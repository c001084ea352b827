// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/token"
)

// small is a seeded model with words.
func small() infertest.Shape {
	s := infertest.Small("llama", gguf.Q8_0)
	s.Vocabulary, s.Context, s.Extra = 400, 512, infertest.Words(400)
	return s
}

func write(t testing.TB, s infertest.Shape) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, s.File(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func add(t testing.TB, e *engine.Engine, path string) *engine.Model {
	t.Helper()
	f, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return e.Add(f, dsai.Digest{})
}

// serve returns a seeded model that is served with a configuration.
func serve(t testing.TB, cfg engine.Config) (*engine.Engine, *engine.Model) {
	t.Helper()
	e := engine.New(cfg)
	t.Cleanup(e.Close)
	return e, add(t, e, write(t, small()))
}

func prompt(seed uint64, n int) []token.ID {
	var out []token.ID
	for _, v := range infertest.Tokens(seed, n, 400) {
		out = append(out, token.ID(v))
	}
	return out
}

func request(seed uint64, n, most int) engine.Request {
	return engine.Request{
		Prompt: prompt(seed, n), MaxTokens: most, Logprobs: -1,
		Sampling: infer.Sampling{Seed: seed, Temperature: 0.9, TopP: 0.95},
	}
}

func generate(t testing.TB, m *engine.Model, r engine.Request) *engine.Result {
	t.Helper()
	var text strings.Builder
	tokens := 0
	got, err := m.Generate(t.Context(), r, func(p engine.Piece) error {
		text.WriteString(p.Text)
		tokens += p.Tokens
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != text.String() || len(got.Output) != tokens {
		t.Errorf("result has %q and %d tokens, pieces had %q and %d", got.Text, len(got.Output), text.String(), tokens)
	}
	return got
}

// A request gives the same answer and the same trace alone and among others, with few threads and
// with many, from small steps and from large ones, and each trace replays.
func TestAloneAndAmongOthers(t *testing.T) {
	var want []*engine.Result
	_, alone := serve(t, engine.Config{Threads: 1})
	for i := range 8 {
		want = append(want, generate(t, alone, request(uint64(i+1), 5+11*i, 12+3*i)))
	}
	for _, cfg := range []engine.Config{{Threads: 3, Prefill: 8}, {Threads: 2, Running: 3}} {
		_, m := serve(t, cfg)
		var group sync.WaitGroup
		for i, w := range want {
			group.Go(func() {
				got := generate(t, m, request(uint64(i+1), 5+11*i, 12+3*i))
				if !bytes.Equal(got.Trace.JSON(), w.Trace.JSON()) || got.Text != w.Text || got.Finish != w.Finish {
					t.Errorf("request %d among others differs from the one alone", i)
				}
				if err := m.Replay(t.Context(), prompt(uint64(i+1), 5+11*i), got.Trace); err != nil {
					t.Errorf("request %d: Replay = %v", i, err)
				}
			})
		}
		group.Wait()
	}
}

// An answer that its caller left is cut off at what had left, and that replays too.
func TestCancel(t *testing.T) {
	_, m := serve(t, engine.Config{Threads: 1})
	r := request(3, 40, 100)
	whole := generate(t, m, r)
	if len(whole.Output) < 20 {
		t.Fatalf("the whole answer has only %d tokens", len(whole.Output))
	}
	gone := errors.New("the reader is gone")
	ctx, cancel := context.WithCancel(t.Context())
	for _, tt := range []struct {
		name string
		emit func(n int) error
	}{
		{"emit fails", func(n int) error {
			if n > 10 {
				return gone
			}
			return nil
		}},
		{"context ends", func(n int) error {
			if n >= 10 {
				cancel()
			}
			return nil
		}},
	} {
		n := 0
		got, err := m.Generate(ctx, r, func(p engine.Piece) error {
			n += p.Tokens
			return tt.emit(n)
		})
		if err == nil || got.Finish != engine.Cancelled || got.Trace.Whole || len(got.Output) < 5 || len(got.Output) > 20 {
			t.Fatalf("%s: Generate = %+v, %v, want about 10 tokens, cancelled, an error", tt.name, got, err)
		}
		if !strings.HasPrefix(whole.Text, got.Text) || !slices.Equal(got.Output, whole.Output[:len(got.Output)]) {
			t.Errorf("%s: what left is not how the whole answer begins", tt.name)
		}
		if err := m.Replay(t.Context(), r.Prompt, got.Trace); err != nil {
			t.Errorf("%s: Replay = %v", tt.name, err)
		}
	}
	if _, err := m.Generate(ctx, r, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Generate with an ended context = %v", err)
	}
	if s := m.Status(); s.Running != 0 || s.Waiting != 0 || s.Held != 0 {
		t.Errorf("Status after all = %+v", s)
	}
}

func TestStopTexts(t *testing.T) {
	_, m := serve(t, engine.Config{Threads: 1})
	r := request(5, 12, 60)
	whole := generate(t, m, r)
	runes := []rune(whole.Text)
	if len(runes) < 40 {
		t.Fatalf("the whole answer is %q", whole.Text)
	}
	for _, span := range [][2]int{{10, 13}, {20, 29}, {5, 6}} {
		r.Stop = []string{"never comes", string(runes[span[0]:span[1]])}
		got := generate(t, m, r)
		at := strings.Index(whole.Text, r.Stop[1])
		if got.Text != whole.Text[:at] || got.Finish != engine.Stopped || !got.Trace.Whole {
			t.Errorf("stop %q: text %q, %s, want %q", r.Stop[1], got.Text, got.Finish, whole.Text[:at])
		}
	}
	if whole.Finish == engine.Length && len(whole.Output) != 60 {
		t.Errorf("an answer of %d tokens ends because of its length, want 60", len(whole.Output))
	}
}

func TestLogprobs(t *testing.T) {
	_, m := serve(t, engine.Config{Threads: 1})
	r := request(5, 12, 30)
	r.Logprobs, r.Sampling = 4, infer.Sampling{}
	n := 0
	if _, err := m.Generate(t.Context(), r, func(p engine.Piece) error {
		if len(p.Logprobs) != p.Tokens {
			t.Errorf("a piece of %d tokens has %d likelihoods", p.Tokens, len(p.Logprobs))
		}
		for _, l := range p.Logprobs {
			n++
			if len(l.Top) != 4 || l.Top[0].Token != l.Token || l.Logprob > 0 || l.Top[0].Logprob < l.Top[3].Logprob {
				t.Errorf("likelihoods %+v of the likeliest token", l)
			}
		}
		return nil
	}); err != nil || n == 0 {
		t.Errorf("Generate = %d likelihoods, %v", n, err)
	}
}

// What a request cannot have, it is told; the others go on.
func TestRefused(t *testing.T) {
	_, m := serve(t, engine.Config{Threads: 1, Memory: 8 << 20})
	for name, r := range map[string]engine.Request{
		"no prompt":      {},
		"strange tokens": {Prompt: []token.ID{400}},
		"temperature":    {Prompt: prompt(1, 3), Sampling: infer.Sampling{Temperature: 9}},
		"empty stop":     {Prompt: prompt(1, 3), Stop: []string{""}},
		"context":        {Prompt: prompt(1, 500), MaxTokens: 13},
		"whole context":  {Prompt: prompt(1, 512)},
	} {
		if _, err := m.Generate(t.Context(), r, nil); !errors.Is(err, engine.ErrRequest) {
			t.Errorf("%s: Generate = %v, want ErrRequest", name, err)
		}
	}
	var tooLong *engine.ContextError
	if _, err := m.Generate(t.Context(), engine.Request{Prompt: prompt(1, 500), MaxTokens: 13}, nil); !errors.As(err, &tooLong) || tooLong.Context != 512 {
		t.Errorf("Generate beyond the context = %v, want a ContextError", err)
	}
	_, poor := serve(t, engine.Config{Threads: 1, Memory: 1 << 20})
	var big *engine.MemoryError
	if _, err := poor.Generate(t.Context(), request(1, 3, 2), nil); !errors.As(err, &big) {
		t.Errorf("Generate with a MiB of memory = %v, want a MemoryError", err)
	}
	if err := poor.Load(t.Context(), nil); !errors.As(err, &big) || big.Limit != 1<<20 {
		t.Errorf("Load with a MiB of memory = %v, want a MemoryError", err)
	}
}

// A full queue and a late turn are ErrBusy, with a time to come back.
func TestBusy(t *testing.T) {
	_, m := serve(t, engine.Config{Threads: 1, Running: 1, Waiting: 1})
	began, end := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	var once sync.Once
	group.Go(func() {
		_, _ = m.Generate(t.Context(), request(1, 5, 400), func(engine.Piece) error {
			once.Do(func() { close(began) })
			<-end
			return errors.New("enough")
		})
	})
	<-began
	late := request(2, 5, 5)
	late.Wait = time.Millisecond
	var busy *engine.BusyError
	if _, err := m.Generate(t.Context(), late, nil); !errors.Is(err, engine.ErrBusy) || !errors.As(err, &busy) || busy.RetryAfter < time.Second || busy.Waited == 0 {
		t.Errorf("Generate that waits too long = %v, want ErrBusy", err)
	}
	group.Go(func() { generate(t, m, request(3, 5, 5)) })
	for m.Status().Waiting == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := m.Generate(t.Context(), late, nil); !errors.As(err, &busy) || busy.Waited != 0 || busy.Waiting != 1 {
		t.Errorf("Generate with a full queue = %v, want ErrBusy at once", err)
	}
	close(end)
	group.Wait()
}

// A file that is not the one meant is not run, nor one whose weights are no numbers.
func TestChangedFile(t *testing.T) {
	path := write(t, small())
	e := engine.New(engine.Config{Threads: 1})
	defer e.Close()
	f, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	print, err := f.Fingerprint(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := e.Add(f, print)
	generate(t, m, request(1, 4, 4))
	if m.Loaded() != print {
		t.Errorf("Loaded = %v, want %v", m.Loaded(), print)
	}
	f, err = engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var changed *engine.ChangedError
	if _, err := e.Add(f, dsai.Digest{1}).Generate(t.Context(), request(1, 4, 4), nil); !errors.As(err, &changed) || changed.Got != print {
		t.Errorf("Generate with another fingerprint = %v, want a ChangedError", err)
	}
}

// A file that is cut short while it is open is an error, on systems that map files too.
func TestShortened(t *testing.T) {
	path := write(t, small())
	e := engine.New(engine.Config{Threads: 1})
	defer e.Close()
	m := add(t, e, path)
	if err := os.Truncate(path, 100_000); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Generate(t.Context(), request(1, 4, 4), nil); err == nil {
		t.Error("Generate with a file that was cut short gives no error")
	}
}

// An idle model goes and comes back; one that is asked for makes an idle one go if it must.
func TestUnload(t *testing.T) {
	path := write(t, small())
	e := engine.New(engine.Config{Threads: 1, KeepAlive: time.Millisecond})
	defer e.Close()
	m := add(t, e, path)
	for range 3 {
		generate(t, m, request(1, 4, 4))
		for m.Status().State != "unloaded" {
			time.Sleep(time.Millisecond)
		}
	}
	f, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	narrow := engine.New(engine.Config{Threads: 1, Memory: f.Weights + f.Weights/2, Cache: -1})
	defer narrow.Close()
	a, b := narrow.Add(f, dsai.Digest{}), add(t, narrow, path)
	for _, m := range []*engine.Model{a, b, a} {
		generate(t, m, request(1, 4, 4))
	}
	if a.Status().State != "loaded" || b.Status().State != "unloaded" {
		t.Errorf("states %q and %q, want loaded and unloaded", a.Status().State, b.Status().State)
	}
}

// Close ends requests and lets nobody in.
func TestClose(t *testing.T) {
	e, m := serve(t, engine.Config{Threads: 2})
	began := make(chan struct{})
	var once sync.Once
	var group sync.WaitGroup
	group.Go(func() {
		r, err := m.Generate(t.Context(), request(1, 5, 500), func(engine.Piece) error {
			once.Do(func() { close(began) })
			return nil
		})
		if err != nil && (!errors.Is(err, engine.ErrClosed) || r.Finish != engine.Cancelled) {
			t.Errorf("Generate of a closed engine = %v", err)
		}
	})
	<-began
	e.Close()
	group.Wait()
	if _, err := m.Generate(t.Context(), request(1, 5, 5), nil); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Generate after Close = %v, want ErrClosed", err)
	}
	if err := m.Load(t.Context(), nil); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Load after Close = %v, want ErrClosed", err)
	}
}

// A model that is removed lets those who run finish, turns away those who wait, and then goes.
func TestRemove(t *testing.T) {
	e, m := serve(t, engine.Config{Threads: 1, Running: 1})
	want := generate(t, m, request(1, 5, 60))
	var group sync.WaitGroup
	first := true
	got, err := m.Generate(t.Context(), request(1, 5, 60), func(engine.Piece) error {
		if !first {
			return nil
		}
		first = false
		group.Go(func() {
			if _, err := m.Generate(t.Context(), request(2, 5, 5), nil); !errors.Is(err, engine.ErrRemoved) {
				t.Errorf("Generate of who waits = %v, want ErrRemoved", err)
			}
		})
		for m.Status().Waiting == 0 {
			time.Sleep(time.Millisecond)
		}
		m.Remove()
		return nil
	})
	if err != nil || !bytes.Equal(got.Trace.JSON(), want.Trace.JSON()) {
		t.Errorf("Generate of a model that is removed meanwhile = %+v, %v, want its whole answer", got, err)
	}
	group.Wait()
	if _, err := m.Generate(t.Context(), request(1, 5, 5), nil); !errors.Is(err, engine.ErrRemoved) {
		t.Errorf("Generate after Remove = %v, want ErrRemoved", err)
	}
	if err := m.Load(t.Context(), nil); !errors.Is(err, engine.ErrRemoved) {
		t.Errorf("Load after Remove = %v, want ErrRemoved", err)
	}
	for e.Used() != 0 {
		time.Sleep(time.Millisecond)
	}
}

// Closing the engine ends the last answers of a model that was removed, too.
func TestCloseAfterRemove(t *testing.T) {
	e, m := serve(t, engine.Config{Threads: 1})
	var group sync.WaitGroup
	began, removed := make(chan struct{}), make(chan struct{})
	group.Go(func() {
		n := 0
		got, err := m.Generate(t.Context(), request(1, 5, 500), func(engine.Piece) error {
			if n++; n == 1 {
				close(began)
				<-removed
			}
			return nil
		})
		if err != nil && (!errors.Is(err, engine.ErrClosed) || got.Finish != engine.Cancelled) {
			t.Errorf("Generate of a closed engine = %v", err)
		}
	})
	<-began
	m.Remove()
	close(removed)
	e.Close()
	group.Wait()
	if e.Used() != 0 {
		t.Errorf("%d bytes are in use after Close", e.Used())
	}
}

// However few items a step has, and however many answers are under way, everybody gets on.
func TestNobodyStarves(t *testing.T) {
	for _, items := range []int{1, 2, 3, 4, 8, 264} {
		for answers := range 9 {
			for prompts := range 4 {
				const rounds = 400
				for i, n := range engine.Rounds(rounds, items, answers, prompts) {
					share := min(1, float64(items)/float64(max(1, answers+prompts)))
					if float64(n) < share*rounds/16 {
						t.Errorf("%d items, %d answers, %d prompts: number %d has %d items in %d steps", items, answers, prompts, i, n, rounds)
					}
				}
			}
		}
	}
}
