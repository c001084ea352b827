// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dsai.example/dsai/internal/demo"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/verify"
)

// play plays the demo in dir and closes it.
func play(t *testing.T, dir string) *demo.Report {
	t.Helper()
	d, err := demo.Open(t.Context(), dir, node.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := d.Play(t.Context(), func(s demo.Step) { t.Logf("%s %t: %s %q", s.Name, s.OK, s.Detail, s.More) })
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPlay(t *testing.T) {
	dir := t.TempDir()
	r := play(t, dir)
	if !r.OK || len(r.Steps) != 7 {
		t.Fatalf("Play() = %+v, want seven beats that hold", r)
	}
	if r.ModelBytes != 0 || r.Witnesses != 0 || r.Took <= 0 {
		t.Errorf("Play() = %d model bytes, %d witnesses, %s", r.ModelBytes, r.Witnesses, r.Took)
	}
	var left []string
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		left = append(left, e.Name())
	}
	if want := []string{"after-withdrawal.dsai", "answer.dsai", "refusal.dsai", "trust.json"}; !slices.Equal(left, want) {
		t.Errorf("left in the folder: %q, want %q", left, want)
	}
}

// A beat that does not hold ends the play, because the next would rest on it.
func TestPlayStops(t *testing.T) {
	d, err := demo.Open(t.Context(), t.TempDir(), node.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	shown := 0
	r := d.Play(ctx, func(demo.Step) { shown++ })
	if r.OK || len(r.Steps) != 1 || r.Steps[0].OK || r.Steps[0].Detail == "" || shown != 1 {
		t.Errorf("Play(cancelled) = %+v, shown %d, want one beat that does not hold, with its reason", r, shown)
	}
}

// What the demo leaves behind is judged from the files alone, and a demo of the
// same name elsewhere does not vouch for it.
func TestStrangerVerifies(t *testing.T) {
	one, two := play(t, t.TempDir()), play(t, t.TempDir())
	if len(one.Bundles) != 3 {
		t.Fatalf("Bundles = %q, want three", one.Bundles)
	}
	for _, tt := range []struct {
		name, trust string
		ok          bool
		anchor      string
	}{
		{"own trust file", one.Trust, true, verify.AnchorPinned},
		{"another co-op of the same name", two.Trust, false, verify.AnchorMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := os.ReadFile(tt.trust)
			if err != nil {
				t.Fatal(err)
			}
			trust, err := verify.ParseTrust(raw)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range one.Bundles {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				res, err := verify.Bundle(b, verify.Options{Trust: trust})
				if err != nil {
					t.Fatal(err)
				}
				if res.OK != tt.ok || res.Anchor != tt.anchor || !res.Consistent {
					t.Errorf("Bundle(%s) = ok %t, anchor %s, consistent %t, want %t, %s, true", filepath.Base(path), res.OK, res.Anchor, res.Consistent, tt.ok, tt.anchor)
				}
			}
		})
	}
}

func TestReportJSON(t *testing.T) {
	b, err := json.Marshal(demo.Report{Steps: []demo.Step{{Name: "lend", OK: true, Detail: "x", More: []string{"y"}}}, Bundles: []string{"b"}, Trust: "t", ModelBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"ok":false,"steps":[{"name":"lend","ok":true,"detail":"x"}],"bundles":["b"],"trust":"t"}`; string(b) != want {
		t.Errorf("Marshal(Report) = %s, want %s", b, want)
	}
}
