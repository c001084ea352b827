// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bufio"
	"context"
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

const healthy = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

// get asks over an open connection, which stays open.
func get(t *testing.T, c net.Conn) {
	t.Helper()
	go io.WriteString(c, healthy)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("GET over a connection = %v", err)
	}
	if _, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 {
		t.Fatalf("GET over a connection = %d, %v", resp.StatusCode, err)
	}
}

// asked answers a question when the test says so, and says when it has begun.
func asked(begun chan<- bool, end <-chan bool) *fake {
	return &fake{ask: func(context.Context, *pipeline.Request, func(pipeline.Piece) error) (*pipeline.Receipt, error) {
		begun <- true
		<-end
		return answered("done", dsai.EndedComplete), nil
	}}
}

// A connection more than there may be takes the place of the one that is idle
// longest, and waits when none is: while requests are read and answered.
func TestConnectionCap(t *testing.T) {
	var begun, end chan bool
	node := func() *fake {
		begun, end = make(chan bool, 1), make(chan bool)
		return asked(begun, end)
	}
	bubble(t, node, func(c *api.Config) { c.MaxConnections = 3 }, func(t *testing.T, p *pipes, _ func() error) {
		closed := make(chan string, 10)
		dial := func(name string) net.Conn {
			c := p.dial()
			synctest.Wait()
			return &watched{c, func() { closed <- name }}
		}
		answering := dial("answering")
		io.WriteString(answering, post(question))
		<-begun
		rested := dial("rested")
		get(t, rested)
		synctest.Wait()
		fresh := dial("fresh") // the last of three
		go io.Copy(io.Discard, rested)
		go io.Copy(io.Discard, fresh)
		synctest.Wait()

		first := dial("first")
		io.WriteString(first, "GET /healthz HTTP/1.1\r\n") // a request has begun
		synctest.Wait()
		if got := <-closed; got != "rested" {
			t.Errorf("the first more took the place of %s, want that of rested, which is idle longest", got)
		}
		second := dial("second")
		io.WriteString(second, healthy[:3])
		synctest.Wait()
		if got := <-closed; got != "fresh" {
			t.Errorf("the second more took the place of %s, want that of fresh", got)
		}
		third := dial("third") // waits: there is nobody to go
		synctest.Wait()
		if len(closed) != 0 {
			t.Errorf("the third more took the place of %s, which is in a request", <-closed)
		}
		end <- true
		get(t, third)
		resp, err := http.ReadResponse(bufio.NewReader(answering), nil)
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("the answer under way ended with %v, want all of it", err)
		}
		for _, c := range []net.Conn{answering, first, second, third} {
			c.Close()
		}
	})
}

// watched calls gone when the other end has hung up.
type watched struct {
	net.Conn
	gone func()
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err == io.EOF {
		w.gone()
	}
	return n, err
}

// Who sends the first byte of another request and no more is dropped as early as
// who does so with the first request.
func TestSecondRequestIsSlow(t *testing.T) {
	bubble(t, idle, nil, func(t *testing.T, p *pipes, _ func() error) {
		c := p.dial()
		defer c.Close()
		get(t, c)
		time.Sleep(time.Minute)
		start := time.Now()
		io.WriteString(c, "G")
		_, _ = io.Copy(io.Discard, c)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("dropped after %s, want 5s", took)
		}
	})
}

// Over real connections: those that do nothing keep nobody out, and an answer
// under way comes to its end.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	begun, end := make(chan bool, 1), make(chan bool)
	s := server(t, asked(begun, end), func(c *api.Config) { c.MaxConnections = 8 })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	answering := dial()
	io.WriteString(answering, post(question))
	<-begun
	for range 8 {
		dial() // and nothing more
	}
	for range 16 {
		get(t, dial())
	}
	end <- true
	resp, err := http.ReadResponse(bufio.NewReader(answering), nil)
	if err != nil {
		t.Fatalf("the answer under way ended with %v", err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.HasSuffix(string(body), "}}") {
		t.Errorf("the answer under way is %s, %v", body, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
