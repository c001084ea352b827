// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package upstream answers through an OpenAI-compatible server that the operator
// named by URL: Ollama, llama-server, vLLM. It hands over the permitted passages
// as fenced data and reads the answer back sentence by sentence.
//
// It never runs unless added, never follows a redirect or a proxy setting, never
// dials beyond loopback for a URL that says loopback, and never logs what was
// asked or answered. Its answers are recorded, not replayable. Whether a server
// beyond loopback may see a passage is the gate's decision, not this package's.
// Only node imports it.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
)

// Version is the Engine of every ModelRef of this package.
const Version = "upstream/1"

var (
	// ErrURL reports a server address that is not http(s)://host[:port][/path].
	ErrURL = errors.New("not the URL of a server")
	// ErrServer reports a server that cannot be used: unreachable, or not
	// speaking the protocol. Its text never repeats what the server said, which
	// may quote the prompt.
	ErrServer = errors.New("upstream server")
)

// Config names a server and how to talk to it.
type Config struct {
	ID    string // model id that this node offers
	URL   string // base URL, with "/v1" where the server has it
	Model string // the model's name at the server
	// Secret is sent as bearer token; "" for none.
	Secret string
	// Prompt and Marker shape the answer; node hands in those of package answer.
	Prompt func(question string, passages []dsai.PassageBody) (system, user string)
	Marker func(passages []dsai.PassageBody) pipeline.Marker
	Logger *slog.Logger // nil discards

	Dial      time.Duration // to connect; 0 = 5 s
	Idle      time.Duration // without a byte from the server; 0 = 2 min, for a model that still loads
	Total     time.Duration // for one answer; 0 = 10 min
	MaxAnswer int           // bytes of one answer; 0 = 64 KiB
	MaxTokens int           // asked for when the request names none; 0 = 1024
}

// Engine is one model at one server. It is safe for concurrent use.
type Engine struct {
	cfg    Config
	base   string
	client *http.Client
}

// New checks the configuration and returns an engine. It does not call the
// server; see Models.
func New(c Config) (*Engine, error) {
	u, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	switch {
	case c.ID == "" || c.Model == "":
		return nil, fmt.Errorf("add upstream %s: a model needs an id and its name at the server", u.Redacted())
	case c.Prompt == nil || c.Marker == nil:
		return nil, fmt.Errorf("add upstream %s: no prompt or no marker", u.Redacted())
	}
	c.Dial = or(c.Dial, 5*time.Second)
	c.Idle = or(c.Idle, 2*time.Minute)
	c.Total = or(c.Total, 10*time.Minute)
	c.MaxAnswer = or(c.MaxAnswer, 64<<10)
	c.MaxTokens = or(c.MaxTokens, 1024)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{cfg: c, base: strings.TrimRight(u.String(), "/"), client: newClient(u, c.Dial)}, nil
}

func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// Close drops idle connections.
func (e *Engine) Close() { e.client.CloseIdleConnections() }

// Model implements pipeline.Engine. The weights behind a URL cannot be seen, so
// the fingerprint is of the name.
func (e *Engine) Model() dsai.ModelRef {
	return dsai.ModelRef{
		ID:          e.cfg.ID,
		Class:       dsai.EngineUpstream,
		Fingerprint: dsai.Hash("engine", []byte(e.cfg.ID)),
		Engine:      Version,
		Profile:     "undisclosed",
	}
}

// Assurance implements pipeline.Engine: nobody can replay a server's answer.
func (e *Engine) Assurance() dsai.Assurance { return dsai.Recorded }

// Loopback reports whether a URL names this machine: a loopback address or
// "localhost". Any other server is a third party that passages are shared with.
func Loopback(rawURL string) bool {
	u, err := parse(rawURL)
	return err == nil && loopbackHost(u.Hostname())
}

func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

func parse(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w: it cannot be parsed", ErrURL) // the cause repeats the URL with its password
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("upstream %.200q: %w: want http(s)://host[:port][/path], without user, query or fragment", u.Redacted(), ErrURL)
	}
	return u, nil
}

// newClient returns a client that reaches the named server and nothing else.
func newClient(u *url.URL, dial time.Duration) *http.Client {
	d := &net.Dialer{Timeout: dial}
	if loopbackHost(u.Hostname()) {
		// "localhost" is a name, and names can be made to point elsewhere.
		d.Control = func(_, address string, _ syscall.RawConn) error {
			host, _, err := net.SplitHostPort(address)
			if err != nil || !loopbackHost(host) {
				return fmt.Errorf("dial %s: %w: not on loopback", address, ErrServer)
			}
			return nil
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would see the passages
			DialContext:            d.DialContext,
			TLSHandshakeTimeout:    dial,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Models returns the names of the models that a server offers (GET /models), at
// most 1000. It is how "model add URL" checks that a server is there.
func (e *Engine) Models(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Dial+10*time.Second)
	defer cancel()
	resp, err := e.send(ctx, http.MethodGet, "/models", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := decodeCapped(resp.Body, 1<<20, &list); err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	var names []string
	for _, m := range list.Data[:min(len(list.Data), 1000)] {
		names = append(names, m.ID)
	}
	return names, nil
}
