// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package control carries a verb to the node that owns a home: over a socket in
// the home when one is running, else in this process. Either way the verb sends
// a named method with JSON parameters and gets progress, then a result or an
// error with a kind. The socket's file mode is its only authentication: who can
// open it owns the data.
//
// It knows no method. Package node offers them, cmd/dsai calls them; nothing
// else imports it.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// Kind sorts errors for exit codes and hints.
type Kind string

// Kinds.
const (
	Failed      Kind = "failed"
	Usage       Kind = "usage"       // the caller asked for something that cannot be
	Refused     Kind = "refused"     // consent, policy or evidence said no
	Unverified  Kind = "unverified"  // a proof does not hold
	Unavailable Kind = "unavailable" // try again later
)

// Error is a failure as a verb sees it.
type Error struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// Handler carries out one method. It may call progress from its own goroutine.
type Handler func(ctx context.Context, params json.RawMessage, progress func(any)) (any, error)

// Method makes a Handler of a typed function. Unknown parameters are errors.
func Method[P, R any](f func(ctx context.Context, p P, progress func(any)) (R, error)) Handler {
	return func(ctx context.Context, params json.RawMessage, progress func(any)) (any, error) {
		var p P
		if len(params) > 0 {
			d := json.NewDecoder(bytes.NewReader(params))
			d.DisallowUnknownFields()
			if err := d.Decode(&p); err != nil {
				return nil, &Error{Kind: Usage, Message: "read parameters: " + err.Error()}
			}
		}
		return f(ctx, p, progress)
	}
}

// event is one line of a reply.
type event struct {
	Progress json.RawMessage `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    *Error          `json:"error,omitempty"`
}

// Caller calls methods.
type Caller interface {
	// Call sends params and decodes the result into result, which may be nil. It
	// hands every progress value to progress, which may be nil. Errors of the
	// method are *Error.
	Call(ctx context.Context, method string, params any, progress func(json.RawMessage), result any) error
}

// Local calls methods in this process. Describe turns what a method returns
// into an *Error; see Server.
type Local struct {
	Methods  map[string]Handler
	Describe func(error) *Error
}

// Call implements Caller.
func (l Local) Call(ctx context.Context, method string, params any, progress func(json.RawMessage), result any) error {
	h, ok := l.Methods[method]
	if !ok {
		return &Error{Kind: Usage, Message: fmt.Sprintf("no method %q", method)}
	}
	in, err := json.Marshal(params)
	if err != nil {
		return err
	}
	out, err := h(ctx, in, func(v any) {
		if b, err := json.Marshal(v); err == nil && progress != nil {
			progress(b)
		}
	})
	if err != nil {
		return l.Describe(err)
	}
	if result == nil {
		return nil
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, result)
}

// Remote calls methods of the node behind a socket.
type Remote struct{ client *http.Client }

// Dial connects to a socket. It fails at once when nobody listens.
func Dial(path string) (*Remote, error) {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return nil, fmt.Errorf("connect to running node: %w", err)
	}
	c.Close()
	return &Remote{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}}, nil
}

// Close drops idle connections.
func (r *Remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// Call implements Caller.
func (r *Remote) Call(ctx context.Context, method string, params any, progress func(json.RawMessage), result any) error {
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(json.NewEncoder(pw).Encode(params)) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://node/"+method, pr)
	if err != nil {
		return err
	}
	resp, err := r.client.Do(req)
	if ctx.Err() != nil {
		return ctx.Err() // the caller's own wish, not the node's fault
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return errWentAway()
	}
	if err != nil {
		return &Error{Kind: Unavailable, Message: "call running node: " + err.Error()}
	}
	defer resp.Body.Close()
	err = reply(resp.Body, progress, result)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func errWentAway() error {
	return &Error{Kind: Unavailable, Message: "call running node: it went away before answering",
		Hint: "dsai status says whether it runs; what it had acknowledged is kept, and an answer that had begun has its receipt at the next start"}
}

// reply reads what a node says of a call: progress, then a result or an error.
func reply(body io.Reader, progress func(json.RawMessage), result any) error {
	dec := json.NewDecoder(body)
	for {
		var e event
		if err := dec.Decode(&e); err != nil {
			return errWentAway()
		}
		switch {
		case e.Error != nil:
			return e.Error
		case e.Progress != nil:
			if progress != nil {
				progress(e.Progress)
			}
		default:
			if result == nil {
				return nil
			}
			return json.Unmarshal(e.Result, result)
		}
	}
}

// maxParams bounds one call; a signed consent over many documents is the largest.
const maxParams = 64 << 20

// Serve answers calls on a new socket at path until ctx ends. Only the owner of
// the home can connect.
func Serve(ctx context.Context, path string, l Local) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("serve verbs: %w", err) // a stale socket: the home's lock is ours
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("serve verbs: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		ln.Close()
		return fmt.Errorf("serve verbs: %w", err)
	}
	srv := &http.Server{Handler: handler(l), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1) // one result, also when nobody waits any more
	go func() { stopped <- srv.Serve(ln) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve verbs: %w", err)
	case <-ctx.Done():
	}
	// Verbs that run get a moment to end; a long one is cut off.
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = srv.Shutdown(wait)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	<-stopped
	return err
}

func handler(l Local) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxParams))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		enc, flush := json.NewEncoder(w), http.NewResponseController(w)
		send := func(e event) {
			if enc.Encode(e) == nil {
				_ = flush.Flush() // a caller that went away cancels the context
			}
		}
		var result json.RawMessage
		err = l.Call(r.Context(), r.URL.Path[1:], json.RawMessage(or(body, []byte("null"))), func(p json.RawMessage) { send(event{Progress: p}) }, &result)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok {
				e = &Error{Kind: Failed, Message: err.Error()}
			}
			send(event{Error: e})
			return
		}
		send(event{Result: result})
	})
}

func or(b, def []byte) []byte {
	if len(b) == 0 {
		return def
	}
	return b
}
