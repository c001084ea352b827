// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dsai.example/dsai"
)

// withdrawals bounds what revocations cost that come without a key. A stranger
// can make the node check signatures, a few at a time and short ones only. What
// a member signed spends that member's own limit, so nobody can use up another's.
type withdrawals struct {
	checking chan struct{} // the capacity is how many are checked at a time

	mu       sync.Mutex
	byMember map[dsai.MemberID]*rate.Limiter // members are few: the co-op let them in
}

// What revocations without a key may cost.
const (
	withdrawalsChecked = 2
	withdrawalsBurst   = 60 // of one member, then one a second
	withdrawalsBody    = 64 << 10
)

func newWithdrawals() *withdrawals {
	return &withdrawals{checking: make(chan struct{}, withdrawalsChecked), byMember: map[dsai.MemberID]*rate.Limiter{}}
}

// spend charges one revocation to the member who signed it, or returns *tooMany.
func (d *withdrawals) spend(m dsai.MemberID, now time.Time) error {
	d.mu.Lock()
	l := d.byMember[m]
	if l == nil {
		l = rate.NewLimiter(rate.Every(time.Second), withdrawalsBurst)
		d.byMember[m] = l
	}
	d.mu.Unlock()
	if !l.AllowN(now, 1) {
		return &tooMany{"withdrawals", wait(l, now)}
	}
	return nil
}

// submitRevocation is POST /dsai/v1/revocations: a Revocation credential that its
// member signed. It needs no key, because withdrawing must not depend on anybody
// else.
func (s *Server) submitRevocation(w http.ResponseWriter, r *http.Request, _ *caller) error {
	if r.Header.Get("Authorization") == "" {
		return s.submitUnkeyed(w, r)
	}
	if _, err := s.bearer(r); err != nil {
		return err
	}
	raw, err := readBody(r)
	if err != nil {
		return err
	}
	receipt, err := s.cfg.Credentials.SubmitRevocation(r.Context(), raw, func(dsai.MemberID) error { return nil })
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, receipt)
}

func (s *Server) submitUnkeyed(w http.ResponseWriter, r *http.Request) error {
	// The body first: who sends it slowly must not keep others from being checked.
	r.Body = http.MaxBytesReader(w, r.Body, withdrawalsBody)
	raw, err := readBody(r)
	if err != nil {
		return err
	}
	select {
	case s.withdrawals.checking <- struct{}{}:
	case <-r.Context().Done():
		return r.Context().Err()
	}
	checked := sync.OnceFunc(func() { <-s.withdrawals.checking })
	defer checked()
	receipt, err := s.cfg.Credentials.SubmitRevocation(r.Context(), raw, func(m dsai.MemberID) error {
		checked()
		return s.withdrawals.spend(m, s.cfg.Now())
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, receipt)
}
