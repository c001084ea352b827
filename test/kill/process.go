// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dsai.example/dsai/internal/control"
)

// whole runs a verb to its end.
func (w *world) whole(ctx context.Context, r request, into any) error {
	return w.process(ctx, r, into, moment{after: time.Hour})
}

// doomed is a carrier that ends the verb at a moment.
func (w *world) doomed(m moment) carrier {
	return func(ctx context.Context, r request, into any) error { return w.process(ctx, r, into, m) }
}

// cut carries a verb that runs alone, and ends it at a moment within its habit.
func (w *world) cut(ctx context.Context, r request, into any) error {
	return w.process(ctx, r, into, w.habits.get(r.verb()).moment(w.rnd))
}

// cutKeys carries a change of keys likewise, and ends it just after a key file
// was made or destroyed: few of the many changes of the home are of this kind.
func (w *world) cutKeys(ctx context.Context, r request, into any) error {
	const in = "keys"
	m := w.habits.get(r.verb() + in).just(w.rnd)
	m.in = in
	return w.process(ctx, r, into, m)
}

func (w *world) process(ctx context.Context, r request, into any, m moment) error {
	c := exec.CommandContext(ctx, w.bin, slices.Concat([]string{"--home", w.home, "--json", "--yes"}, r.args)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	t, begin := arm(filepath.Join(w.home, m.in), m), time.Now()
	if err := c.Start(); err != nil {
		t.ended()
		return err
	}
	t.fire(c.Process, m)
	err := c.Wait()
	changes, killed := t.ended(), c.ProcessState.ExitCode() < 0
	w.count(killed)
	said := into == nil || json.Unmarshal(stdout.Bytes(), into) == nil
	if killed {
		return ctx.Err()
	}
	w.habits.learn(r.verb()+m.in, changes, time.Since(begin))
	if err != nil {
		return fmt.Errorf("dsai %s: %w: %s %s", r.args[0], err, bytes.TrimSpace(stderr.Bytes()), bytes.TrimSpace(stdout.Bytes()))
	}
	if !said {
		return fmt.Errorf("dsai %s: %w: %q", r.args[0], errSilent, stdout.Bytes())
	}
	return nil
}

func (w *world) count(killed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if killed {
		w.killed++
	} else {
		w.finished++
	}
}

// verb names what a process does: "ask slow" takes much longer than "ask".
func (r request) verb() string {
	if slices.Contains(r.args, "--model") {
		return "ask slow"
	}
	return r.method
}

// server is a running node.
type server struct {
	*exec.Cmd
	node *control.Remote
}

// serve starts a node and returns once it takes requests.
func (w *world) serve(ctx context.Context) (*server, error) {
	c := exec.CommandContext(ctx, w.bin, "--home", w.home, "--json", "up", "--listen", "127.0.0.1:0")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	pipe, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	stop := func(err error) error {
		err = errors.Join(err, c.Process.Kill(), c.Wait())
		return fmt.Errorf("dsai up: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	line := bufio.NewReader(pipe)
	if _, err := line.ReadBytes('}'); err != nil {
		return nil, stop(err)
	}
	go func() { _, _ = io.Copy(io.Discard, line) }() // until the server is gone
	// The socket for verbs is made just after that line.
	for range 500 {
		if r, err := control.Dial(w.home + "/node.sock"); err == nil {
			return &server{c, r}, nil
		}
		time.Sleep(2 * time.Millisecond) // another process: there is no clock to fake
	}
	return nil, stop(errors.New("nobody listens for verbs"))
}

// carry is a carrier: a call without a process of its own, whose result is the
// acknowledgement, as a verb would print it.
func (s *server) carry(ctx context.Context, r request, into any) error {
	return s.node.Call(ctx, r.method, r.params, nil, into)
}
