// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

//go:embed openapi.json
var openAPI []byte

// Config is what a server serves and within which bounds. The interfaces are
// required; zero numbers mean the stated defaults.
type Config struct {
	Asker       Asker // wrap it in a Queue
	Keys        Keys
	Library     Library
	Receipts    Receipts
	Credentials Credentials

	Pages   http.Handler // everything outside the API; nil answers 404
	Log     http.Handler // under /log/, with that prefix
	Metrics http.Handler // GET /metrics; nil answers 404
	Ready   func(context.Context) error
	// Purpose returns the IRI of a purpose's short name and anything else
	// unchanged: what is unknown, the gate refuses and receipts.
	Purpose func(string) string

	// Citations returns the numbered sources of an answer; nil = Citations.
	Citations func(*pipeline.Output) []view.Citation

	Observe Metrics      // nil observes nothing
	Logger  *slog.Logger // nil discards
	Now     func() time.Time

	// Hosts are the names by which the node is reached, beside localhost and the
	// loopback addresses. A request for any other Host is refused: a web page
	// cannot point its own name at this node and speak to it.
	Hosts []string
	// PublicURL begins the links in citations; "" = the request's own host.
	PublicURL string

	Limits         Limits        // of keys that have none; 0 = 120 requests/min, 20 at once, 120,000 tokens/min
	MaxBody        int64         // bytes; 0 = 1 MiB
	MaxConnections int           // 0 = 512
	HeaderTimeout  time.Duration // to send the headers; 0 = 5 s
	ReadTimeout    time.Duration // to send a whole request; 0 = 15 s
	WriteTimeout   time.Duration // to take each write; 0 = 30 s
	IdleTimeout    time.Duration // between requests, if no other connection needs the place; 0 = 2 min
	AskTimeout     time.Duration // for one answer; 0 = 15 min
	DrainTimeout   time.Duration // for answers under way at shutdown; 0 = 10 s
}

// Server is a node's HTTP server. Its handler is safe for concurrent use.
type Server struct {
	cfg         Config
	handler     http.Handler
	budgets     *budgets
	withdrawals *withdrawals
	inflight    sync.WaitGroup
}

// New checks the configuration and builds the handler. It starts nothing.
func New(c Config) (*Server, error) {
	if c.Asker == nil || c.Keys == nil || c.Library == nil || c.Receipts == nil || c.Credentials == nil || c.Purpose == nil {
		return nil, errors.New("build api: an interface of Config is missing")
	}
	c.setDefaults()
	s := &Server{
		cfg:         c,
		budgets:     newBudgets(c.Limits, c.Now),
		withdrawals: newWithdrawals(),
	}
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.admit(r))
	}
	s.handler = s.guard(mux)
	return s, nil
}

func (c *Config) setDefaults() {
	def(&c.Limits.RequestsPerMinute, 120)
	def(&c.Limits.Burst, 20)
	def(&c.Limits.TokensPerMinute, 120_000)
	def(&c.MaxBody, 1<<20)
	def(&c.MaxConnections, 512)
	def(&c.HeaderTimeout, 5*time.Second)
	def(&c.ReadTimeout, 15*time.Second)
	def(&c.WriteTimeout, 30*time.Second)
	def(&c.IdleTimeout, 2*time.Minute)
	def(&c.AskTimeout, 15*time.Minute)
	def(&c.DrainTimeout, 10*time.Second)
	if c.Citations == nil {
		c.Citations = Citations
	}
	if c.Observe == nil {
		c.Observe = unobserved{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Pages == nil {
		c.Pages = http.NotFoundHandler()
	}
	if c.Log == nil {
		c.Log = http.NotFoundHandler()
	}
	if c.Metrics == nil {
		c.Metrics = http.NotFoundHandler()
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
}

func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

type unobserved struct{}

func (unobserved) Request(string, int, float64)  {}
func (unobserved) Stage(string, string, float64) {}

// scope says who may call a route.
type scope int

const (
	public   scope = iota // anybody
	withKey               // holders of an API key, for what is their own
	entitled              // holders of a key that is entitled to see the library
	local                 // callers on this machine, else as entitled
)

// route is one entry of the API. Everything that is served stands in routes.
type route struct {
	pattern string
	scope   scope
	serve   handler
}

// handler answers a request, or returns an error for the error table. Who is nil
// on public routes.
type handler func(w http.ResponseWriter, r *http.Request, who *caller) error

func (s *Server) routes() []route {
	return []route{
		{"POST /v1/chat/completions", withKey, s.chat},
		{"GET /v1/models", withKey, s.models},
		{"GET /v1/models/{id...}", withKey, s.model},
		{"/v1/", withKey, s.notBuilt},

		{"GET /dsai/v1/receipts", withKey, s.receipts},
		{"GET /dsai/v1/receipts/{ref}", withKey, s.bundle},
		{"GET /dsai/v1/documents", entitled, s.documents},
		{"GET /dsai/v1/consents", entitled, s.consents},
		{"POST /dsai/v1/consents", withKey, s.submitConsent},
		{"POST /dsai/v1/revocations", public, s.submitRevocation},
		{"GET /dsai/v1/uses", entitled, s.uses},
		{"GET /dsai/v1/status", entitled, s.status},
		{"GET /dsai/v1/openapi.json", public, serveOpenAPI},
		{"/dsai/", public, s.notBuilt},

		{"GET /log/", public, pass(s.cfg.Log)},
		{"GET /metrics", local, pass(s.cfg.Metrics)},
		{"GET /healthz", public, healthy},
		{"GET /readyz", public, s.ready},
		{"/", public, pass(s.cfg.Pages)},
	}
}

func pass(h http.Handler) handler {
	return func(w http.ResponseWriter, r *http.Request, _ *caller) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request, _ *caller) error {
	return writeJSON(w, http.StatusOK, openAPI)
}

// healthy says that the process answers.
func healthy(w http.ResponseWriter, _ *http.Request, _ *caller) error {
	return writeJSON(w, http.StatusOK, []byte(`{"ok":true}`))
}

// ready says whether questions can be answered now. Why not is for the log.
func (s *Server) ready(w http.ResponseWriter, r *http.Request, _ *caller) error {
	if err := s.cfg.Ready(r.Context()); err != nil {
		s.cfg.Logger.LogAttrs(r.Context(), slog.LevelWarn, "not ready", slog.Any("cause", err))
		return writeJSON(w, http.StatusServiceUnavailable, []byte(`{"ok":false}`))
	}
	return writeJSON(w, http.StatusOK, []byte(`{"ok":true}`))
}

// Handler returns the whole API with its guards, for a server of the caller's.
func (s *Server) Handler() http.Handler { return s.handler }

// Serve answers on l until ctx ends, lets answers under way finish for
// Config.DrainTimeout, cuts off the rest, and returns when no handler runs.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	conns := capListener(l, s.cfg.MaxConnections, s.cfg.HeaderTimeout)
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: s.cfg.HeaderTimeout,
		ReadTimeout:       s.cfg.ReadTimeout,
		WriteTimeout:      s.cfg.WriteTimeout,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
		ConnState:         conns.state,
		// Requests outlive ctx, so that a drain can be one.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(conns) }()
	select {
	case err := <-failed:
		err = errors.Join(fmt.Errorf("serve api: %w", err), srv.Close())
		s.inflight.Wait()
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.DrainTimeout)
	defer cancel()
	err := srv.Shutdown(drain)
	if err != nil {
		err = errors.Join(fmt.Errorf("drain api: %w", err), srv.Close())
	}
	<-failed
	// Closing a connection ends its request's context but does not wait for the
	// answer, whose receipt still has to be written.
	s.inflight.Wait()
	return err
}

// allowed reports whether a Host header names this node.
func (s *Server) allowed(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") || loopback(host) {
		return true
	}
	for _, h := range s.cfg.Hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// random fills an id. crypto/rand does not fail.
func random(b []byte) { _, _ = rand.Read(b) }
