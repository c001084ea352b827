// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
)

// clock is the machine's clock, moved by hand.
type clock struct{ by atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *clock) move(d time.Duration) { c.by.Add(int64(d)) }

func TestClockBack(t *testing.T) {
	t.Parallel()
	for _, restart := range []string{"while it runs", "while it is off"} {
		t.Run(restart, func(t *testing.T) {
			// Founded a day before: a clock that is set back by hours is still
			// after everything that was signed then.
			var c clock
			c.move(-24 * time.Hour)
			cfg := node.Config{Home: node.Home(filepath.Join(t.TempDir(), "home")), Now: c.now}
			if err := node.Found(t.Context(), cfg.Home, node.FoundOptions{Coop: "Test", Member: "Amina", Now: c.now}); err != nil {
				t.Fatal(err)
			}
			n := open(t, cfg)
			doc := lend(t, n)
			shut(t, n)
			c.move(24 * time.Hour)
			n = open(t, cfg)
			if a := ask(t, n); a.Refusal != nil {
				t.Fatalf("ask = %+v, want an answer", a.Refusal)
			}
			if restart == "while it is off" {
				shut(t, n)
				c.move(-time.Hour)
				n = open(t, cfg)
			} else {
				c.move(-time.Hour)
			}
			a := ask(t, n)
			if a.Refusal == nil || a.Refusal.Code != dsai.CodeClockUntrusted || !strings.Contains(a.Refusal.Reason, "dsai node clock accept") {
				t.Fatalf("ask with the clock an hour back = %+v, want %s and what to do", a.Refusal, dsai.CodeClockUntrusted)
			}
			// Withdrawing never waits for a clock.
			call[dsai.Time](t, n, "clock.accept", nil)
			if a := ask(t, n); a.Refusal != nil {
				t.Errorf("ask after clock.accept = %+v, want an answer", a.Refusal)
			}
			c.move(-2 * time.Hour)
			call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
			call[dsai.Time](t, n, "clock.accept", nil)
			if a := ask(t, n); a.Refusal == nil {
				t.Errorf("ask after a withdrawal under a wrong clock = %q, want a refusal", a.Answer)
			}
			if c := complaints(t, n); c != nil {
				t.Errorf("fsck = %q", c)
			}
		})
	}
}

// A clock that is right again heals by itself.
func TestClockComesBack(t *testing.T) {
	t.Parallel()
	var c clock
	cfg := found(t, t.TempDir())
	cfg.Now = c.now
	n := open(t, cfg)
	lend(t, n)
	c.move(3 * time.Hour)
	if a := ask(t, n); a.Refusal == nil || a.Refusal.Code != dsai.CodeClockUntrusted {
		t.Errorf("ask after a jump = %+v, want %s", a.Refusal, dsai.CodeClockUntrusted)
	}
	c.move(-3 * time.Hour)
	if a := ask(t, n); a.Refusal != nil {
		t.Errorf("ask with the right time again = %+v, want an answer", a.Refusal)
	}
}

// A status list that is too old is replaced before anything is decided by it.
func TestStatusAges(t *testing.T) {
	t.Parallel()
	var c clock
	cfg := found(t, t.TempDir())
	cfg.Now = c.now
	n := open(t, cfg)
	doc := write(t, "oral.md", rehydration)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, Sensitive: true}) // lists of 30 s
	status := func() dsai.Digest {
		t.Helper()
		if a := ask(t, n); a.Refusal != nil {
			t.Fatalf("ask = %+v, want an answer", a.Refusal)
		}
		if why := verified(t, n, "last", n.Trust()); why != "" {
			t.Errorf("verify = %s, want ok", why)
		}
		raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
		var b struct {
			Receipt struct {
				Subject dsai.InferenceReceipt `json:"credentialSubject"`
			} `json:"receipt"`
		}
		if err := json.Unmarshal(raw, &b); err != nil || len(b.Receipt.Subject.Used) == 0 {
			t.Fatalf("read bundle: %v", err)
		}
		return b.Receipt.Subject.Used[0].Status
	}
	first := status()
	c.move(40 * time.Second)
	if second := status(); second == first {
		t.Error("a list of 30 seconds was used after 40")
	}
}
