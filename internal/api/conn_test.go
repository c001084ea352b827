// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/pipeline"
)

// pipes is a listener in memory, so that deadlines run on the bubble's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7777} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// bubble runs a server in a synctest bubble, which fails when a goroutine of it
// is left at the end.
// The node behind it is made inside, for its channels.
func bubble(t *testing.T, node func() *fake, change func(*api.Config), test func(t *testing.T, p *pipes, stop func() error)) {
	synctest.Test(t, func(t *testing.T) {
		s := server(t, node(), change)
		p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Serve(ctx, p) }()
		stopped := false
		stop := func() error { stopped = true; cancel(); return <-done }
		test(t, p, stop)
		if !stopped {
			if err := stop(); err != nil {
				t.Errorf("Serve: %v", err)
			}
		}
	})
}

func idle() *fake { return &fake{} }

const head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer key\r\n"

func post(body string) string {
	return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

func TestSlowClientsAreDropped(t *testing.T) {
	tests := []struct {
		name, send string
		want       time.Duration
	}{
		{"headers never end", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX: ", 5 * time.Second},
		{"body never ends", head + "Content-Length: 100\r\n\r\n{", 15 * time.Second},
		{"nothing sent", "", 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, idle, nil, func(t *testing.T, p *pipes, _ func() error) {
				c := p.dial()
				start := time.Now()
				go io.WriteString(c, tt.send)
				_, _ = io.Copy(io.Discard, c) // returns when the server hangs up
				if took := time.Since(start); took < tt.want || took > tt.want+time.Second {
					t.Errorf("dropped after %s, want %s", took, tt.want)
				}
				c.Close()
			})
		})
	}
}

// TestPatience: an answer may take longer than a request or a write may.
func TestPatience(t *testing.T) {
	f := &fake{ask: func(ctx context.Context, _ *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
		for range 3 {
			select {
			case <-time.After(4 * time.Minute):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
			if err := emit(pipeline.Piece{Text: "slow "}); err != nil {
				return nil, err
			}
		}
		return answered("slow slow slow ", dsai.EndedComplete), nil
	}}
	for _, stream := range []string{"true", "false"} {
		bubble(t, func() *fake { return f }, nil, func(t *testing.T, p *pipes, _ func() error) {
			c := p.dial()
			defer c.Close()
			go io.WriteString(c, post(strings.TrimSuffix(question, "}")+`,"stream":`+stream+`}`))
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || strings.Count(string(body), "slow ") != 3 {
				t.Errorf("stream %s: %s, %v, want three slow words", stream, body, err)
			}
		})
	}
}

// TestReaderThatStops: a client that takes no bytes ends the answer, and the
// pipeline learns of it.
func TestReaderThatStops(t *testing.T) {
	var ended chan error
	node := func() *fake {
		ended = make(chan error, 1)
		return &fake{ask: func(_ context.Context, _ *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
			for {
				if err := emit(pipeline.Piece{Text: strings.Repeat("word ", 1000)}); err != nil {
					ended <- err
					return answered("word", dsai.EndedCancelled), nil
				}
			}
		}}
	}
	bubble(t, node, nil, func(t *testing.T, p *pipes, _ func() error) {
		c := p.dial()
		defer c.Close()
		start := time.Now()
		io.WriteString(c, post(strings.TrimSuffix(question, "}")+`,"stream":true}`))
		if err := <-ended; err == nil || time.Since(start) != 30*time.Second {
			t.Errorf("emit = %v after %s, want an error after 30s", err, time.Since(start))
		}
	})
}

// TestClientGoesAway: the pipeline's context ends with the connection, and Serve
// waits for the pipeline.
func TestClientGoesAway(t *testing.T) {
	for _, leave := range []string{"client", "server"} {
		var asked chan bool
		var cause error
		node := func() *fake {
			asked = make(chan bool, 1)
			return &fake{ask: func(ctx context.Context, _ *pipeline.Request, _ func(pipeline.Piece) error) (*pipeline.Receipt, error) {
				asked <- true
				<-ctx.Done()
				time.Sleep(time.Second) // the receipt is written
				cause = context.Cause(ctx)
				return answered("", dsai.EndedCancelled), nil
			}}
		}
		bubble(t, node, nil, func(t *testing.T, p *pipes, stop func() error) {
			c := p.dial()
			defer c.Close()
			io.WriteString(c, post(question))
			<-asked
			if leave == "client" {
				c.Close()
			}
			_ = stop() // reports a drain that ran out of time, for one of the two
			if !errors.Is(cause, context.Canceled) {
				t.Errorf("%s left: context ended with %v, want canceled", leave, cause)
			}
		})
	}
}

// TestDrain: at shutdown an answer under way may finish.
func TestDrain(t *testing.T) {
	f := &fake{ask: func(_ context.Context, _ *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
		time.Sleep(8 * time.Second)
		return answered("done", dsai.EndedComplete), emit(pipeline.Piece{Text: "done"})
	}}
	bubble(t, func() *fake { return f }, nil, func(t *testing.T, p *pipes, stop func() error) {
		c := p.dial()
		defer c.Close()
		io.WriteString(c, post(question))
		got := make(chan string)
		go func() { b, _ := io.ReadAll(c); got <- string(b) }()
		synctest.Wait()
		if err := stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
		if text := <-got; !strings.Contains(text, `"content":"done`) {
			t.Errorf("after the drain the client has %q", text)
		}
	})
}

func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{ask: func(context.Context, *pipeline.Request, func(pipeline.Piece) error) (*pipeline.Receipt, error) {
			time.Sleep(10 * time.Second)
			return answered("x", dsai.EndedComplete), nil
		}}
		q := api.NewQueue(f, 1, 2, 15*time.Second, nil)
		type result struct {
			err  error
			took time.Duration
		}
		results := make(chan result, 4)
		for i := range 4 {
			go func() {
				start := time.Now()
				_, err := q.Ask(t.Context(), from(fmt.Sprint(i)), nil)
				results <- result{err, time.Since(start)}
			}()
			synctest.Wait()
		}
		// In order of their ends: the line was full, the first ran, the third
		// waited too long, the second ran after the first.
		want := []struct{ after, took time.Duration }{{time.Second, 0}, {0, 10 * time.Second}, {10 * time.Second, 15 * time.Second}, {0, 20 * time.Second}}
		for i, w := range want {
			got := <-results
			var after time.Duration
			if busy, ok := errors.AsType[*pipeline.BusyError](got.err); ok {
				after = busy.RetryAfter
			}
			if after != w.after || (got.err == nil) != (w.after == 0) || got.took != w.took {
				t.Errorf("end %d: %v after %s, to come again after %s; want %s, %s", i, got.err, got.took, after, w.took, w.after)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, err := q.Ask(t.Context(), &pipeline.Request{}, nil); results <- result{err, 0} }()
		synctest.Wait()
		go func() { _, err := q.Ask(ctx, &pipeline.Request{}, nil); results <- result{err, 0} }()
		synctest.Wait()
		cancel()
		if got := <-results; !errors.Is(got.err, context.Canceled) {
			t.Errorf("Ask of a client that left the line = %v, want canceled", got.err)
		}
		if got := <-results; got.err != nil {
			t.Errorf("Ask beside it = %v", got.err)
		}
	})
}
