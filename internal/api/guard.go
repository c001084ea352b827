// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"dsai.example/dsai"
)

// guard wraps the routes with what holds for every request: one record of it, no
// panic past it, a Host that names this node, no cross-origin changes, bounds on
// the body, and headers that keep browsers from running or embedding anything.
func (s *Server) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.inflight.Add(1)
		defer s.inflight.Done()
		start := time.Now()
		rec := &recorder{ResponseWriter: w, route: "none"}
		defer func() {
			if p := recover(); p != nil {
				s.panicked(rec, r, p)
			}
			took := time.Since(start)
			s.cfg.Observe.Request(rec.route, rec.code(), took.Seconds())
			s.cfg.Logger.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("route", rec.route), slog.Int("status", rec.code()),
				slog.Duration("took", took), slog.String("request", rec.Header().Get(headerRequest)))
		}()
		secure(w.Header())
		nameRequest(w.Header()) // before anything can fail: errors are looked up by it
		if !s.allowed(r.Host) {
			s.fail(rec, r, errHost)
			return
		}
		r.Body = http.MaxBytesReader(rec, r.Body, s.cfg.MaxBody)
		cross.ServeHTTP(rec, r)
	})
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

// panicked answers 500 when it still can, and always logs the stack: a panic is
// a broken invariant of our own. The value may hold anything, so its type only.
func (s *Server) panicked(w *recorder, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		panic(p) // net/http's own way to drop a connection
	}
	s.cfg.Logger.LogAttrs(r.Context(), slog.LevelError, "panic while serving", slog.String("route", w.route),
		slog.String("request", w.Header().Get(headerRequest)), slog.String("stack", string(debug.Stack())))
	if w.status == 0 {
		s.fail(w, r, errInternal)
		return
	}
	panic(http.ErrAbortHandler) // a cut-off answer must not look whole
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	route  string
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *recorder) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

const (
	headerRequest = "Dsai-Request"
	headerOpenAI  = "X-Request-Id" // the same id, where OpenAI's clients look for it
	headerReceipt = "Dsai-Receipt"
	headerPurpose = "Dsai-Purpose"
)

// nameRequest gives a request an id and tells the client at once.
func nameRequest(h http.Header) {
	var id dsai.Digest
	random(id[:])
	h.Set(headerRequest, id.String())
	h.Set(headerOpenAI, id.String())
}

// requestID is the id that nameRequest gave; zero without one.
func requestID(h http.Header) dsai.Digest {
	id, _ := dsai.ParseDigest(h.Get(headerRequest))
	return id
}
