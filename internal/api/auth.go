// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// caller is the holder of an API key.
type caller struct {
	*pipeline.Requester
	budget *budget
}

// admit wraps a route with authentication, the caller's budget and the error
// table.
func (s *Server) admit(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rec, ok := w.(*recorder); ok {
			rec.route = rt.pattern
		}
		who, err := s.authenticate(rt.scope, r)
		if err == nil {
			err = rt.serve(w, r, who)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// authenticate finds the caller and spends one request of its budget.
func (s *Server) authenticate(sc scope, r *http.Request) (*caller, error) {
	if sc == public || sc == local && onThisMachine(r) {
		return nil, nil
	}
	who, err := s.bearer(r)
	if err != nil {
		return nil, err
	}
	if (sc == entitled || sc == local) && !who.Entitled {
		return nil, errScope
	}
	return who, nil
}

// bearer authenticates by the key in the Authorization header (RFC 6750).
func (s *Server) bearer(r *http.Request) (*caller, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if secret = strings.TrimSpace(secret); !strings.EqualFold(scheme, "Bearer") || secret == "" || len(secret) > 512 {
		return nil, view.ErrUnauthorized
	}
	req, limits, err := s.cfg.Keys.Authenticate(r.Context(), secret)
	if err != nil {
		return nil, err
	}
	who := &caller{req, s.budgets.of(req.Subject.Requester, limits)}
	return who, who.budget.request(s.cfg.Now())
}

// onThisMachine reports whether the peer itself is local. A proxy on this
// machine is not its client, and says so in a header.
func onThisMachine(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && loopback(host)
}

// budgets holds the budget of every key seen. Keys are few: each was issued by
// the operator.
type budgets struct {
	def Limits
	now func() time.Time

	mu    sync.Mutex
	byKey map[dsai.Digest]*budget
}

func newBudgets(def Limits, now func() time.Time) *budgets {
	return &budgets{def: def, now: now, byKey: make(map[dsai.Digest]*budget)}
}

// of returns the budget of a key. Limits that changed start a fresh one.
func (b *budgets) of(key dsai.Digest, l Limits) *budget {
	if l.RequestsPerMinute == 0 {
		l.RequestsPerMinute = b.def.RequestsPerMinute
	}
	if l.Burst == 0 { // a key that may ask seldom may not ask all at once either
		l.Burst = min(b.def.Burst, l.RequestsPerMinute)
	}
	if l.TokensPerMinute == 0 {
		l.TokensPerMinute = b.def.TokensPerMinute
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	have := b.byKey[key]
	if have == nil || have.limits != l {
		have = &budget{
			limits:   l,
			requests: rate.NewLimiter(rate.Limit(l.RequestsPerMinute)/60, l.Burst),
			tokens:   rate.NewLimiter(rate.Limit(l.TokensPerMinute)/60, l.TokensPerMinute),
		}
		b.byKey[key] = have
	}
	return have
}

// budget is what one key may still ask for.
type budget struct {
	limits   Limits
	requests *rate.Limiter
	tokens   *rate.Limiter
}

// request spends one request, or returns *tooMany.
func (b *budget) request(now time.Time) error {
	if !b.requests.AllowN(now, 1) {
		return &tooMany{"requests", wait(b.requests, now)}
	}
	return nil
}

// answer returns *tooMany while earlier answers have used up the tokens.
func (b *budget) answer(now time.Time) error {
	if b.tokens.TokensAt(now) < 1 {
		return &tooMany{"tokens", wait(b.tokens, now)}
	}
	return nil
}

// charge spends the tokens of an answer. What an answer will cost is not known
// before, so the budget may go below zero; the next one waits.
func (b *budget) charge(now time.Time, tokens int) {
	b.tokens.ReserveN(now, min(max(tokens, 0), b.tokens.Burst()))
}

// wait returns how long until one is available, in whole seconds, at least 1.
func wait(l *rate.Limiter, now time.Time) int {
	missing := 1 - l.TokensAt(now)
	return int(max(1, math.Ceil(missing/float64(l.Limit()))))
}
