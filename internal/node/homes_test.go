// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// A home of every format there ever was is checked in, and every later version
// must open it. Beside the home an archive holds what its founder handed out
// when it was made: a trust file, and the bundles of an answer and of a refusal.
// Its keys are in this repository for everybody to read: they are for this test.
const homesDir = "testdata/homes"

// homeMade is when the homes were made, by their own clock.
var homeMade = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// from is a clock that stood at t when it was made.
func from(t time.Time) func() time.Time {
	start := time.Now()
	return func() time.Time { return t.Add(time.Since(start)) }
}

const (
	howMuch = "How much sugar and salt for one litre of clean water?"
	seeds   = "How deep are bean seeds planted?"
	spare   = "Where is the spare key of the pump house?"
)

// TestMakeHome adds the home of this format, once: make golden never replaces
// one, because no later version could make it again.
func TestMakeHome(t *testing.T) {
	path := filepath.Join(homesDir, fmt.Sprintf("format-%d.tar.gz", node.Format))
	_, err := os.Stat(path)
	if err == nil {
		return
	}
	if os.Getenv("DSAI_UPDATE_GOLDEN") == "" {
		t.Fatalf("no home of format %d is checked in; run make golden before the format is released: %v", node.Format, err)
	}
	dir := t.TempDir()
	makeHome(t, dir)
	if err := os.WriteFile(path, pack(t, dir), 0o644); err != nil {
		t.Fatal(err)
	}
}

// makeHome puts a home with some of everything, and what it handed out, into dir.
func makeHome(t *testing.T, dir string) {
	t.Helper()
	now := from(homeMade)
	cfg := node.Config{Home: node.Home(filepath.Join(dir, "home")), Now: now}
	if err := node.Found(t.Context(), cfg.Home, node.FoundOptions{Coop: "Test keys, public", Member: "Amina", Now: now}); err != nil {
		t.Fatal(err)
	}
	n := reopen(t, cfg)
	call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: "Rosa"})
	lend := func(member, name, text string) {
		c := node.Contribution{Member: member, Paths: []string{write(t, name, text)}, Never: []string{"marketing"}}
		c.Until = dsai.At(homeMade.AddDate(80, 0, 0)) // the homes must outlive what a consent lasts otherwise
		call[node.Contributed](t, n, "add", c)
	}
	lend("", "oral.md", rehydration)
	handOut(t, n, dir, "answer.dsai", node.AskArgs{Question: howMuch})
	lend("Rosa", "beans.md", "# Beans\n\nPlant bean seeds three centimetres deep, after the first rain.\n")
	lend("Rosa", "pump.md", "# Pump house\n\nThe spare key of the pump house hangs behind the green door.\n")
	call[node.Asked](t, n, "ask", node.AskArgs{Question: spare})
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: "pump.md"})
	handOut(t, n, dir, "refusal.dsai", node.AskArgs{Question: howMuch, Purpose: "marketing"})
	save(t, dir, "trust.json", n.Trust())
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

// handOut asks and keeps the bundle.
func handOut(t *testing.T, n *node.Node, dir, name string, q node.AskArgs) {
	t.Helper()
	call[node.Asked](t, n, "ask", q)
	save(t, dir, name, call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"}))
}

func save(t *testing.T, dir, name string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// pack makes an archive of the files in dir.
func pack(t *testing.T, dir string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	err = fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, p))
		if err != nil {
			return err
		}
		err = w.WriteHeader(&tar.Header{Name: p, Mode: 0o600, Size: int64(len(b)), ModTime: homeMade, Typeflag: tar.TypeReg})
		_, err2 := w.Write(b)
		return errors.Join(err, err2)
	})
	if err := errors.Join(err, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unpack writes an archive's files into a folder that only its owner can read.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		p := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHomes opens the home of every format, years after it was made.
func TestHomes(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(homesDir, "format-*.tar.gz"))
	if err != nil || len(archives) != node.Format {
		t.Fatalf("%d homes are checked in, want one of each format up to %d, %v", len(archives), node.Format, err)
	}
	for _, a := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(a), ".tar.gz"), func(t *testing.T) {
			t.Parallel()
			dir := unpack(t, a)
			cfg := node.Config{Home: node.Home(filepath.Join(dir, "home")), Now: from(homeMade.AddDate(5, 0, 0))}
			n := reopen(t, cfg)
			wholeHome(t, n, dir)
			call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: "oral.md"})
			wantRefused(t, n, howMuch, dsai.CodeNoGrant)
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			n = reopen(t, cfg)
			wantRefused(t, n, howMuch, dsai.CodeNoGrant)
			wantSound(t, n)
		})
	}
}

// wholeHome checks that a home from an archive does what it did when it was made.
func wholeHome(t *testing.T, n *node.Node, dir string) {
	t.Helper()
	wantKept(t, n, dir)
	for q, want := range map[string]string{howMuch: "six level teaspoons", seeds: "three centimetres"} {
		if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: q}); !strings.Contains(a.Answer, want) || len(a.Citations) == 0 {
			t.Errorf("ask(%q) = %q, %+v, want %q", q, a.Answer, a.Refusal, want)
		}
	}
	wantVerified(t, dir, "last", call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"}))
	wantRefused(t, n, spare, dsai.CodeNoGrant)
}

// wantKept checks that a home holds what the archive says, and that every receipt
// verifies: as it was handed out, and as the home hands it out now.
func wantKept(t *testing.T, n *node.Node, dir string) {
	t.Helper()
	wantSound(t, n)
	for _, name := range []string{"answer.dsai", "refusal.dsai"} {
		old, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		wantVerified(t, dir, name, old)
	}
	rs := call[[]view.Receipt](t, n, "receipts", node.ListArgs{Limit: 100})
	if len(rs) != 3 {
		t.Errorf("%d receipts, want 3", len(rs))
	}
	for _, r := range rs {
		ref := r.Digest.String()
		wantVerified(t, dir, ref, call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: ref}))
	}
}

// wantVerified verifies a bundle by the archive's trust file, and makes an
// answer again.
func wantVerified(t *testing.T, dir, name string, bundle []byte) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "trust.json"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := verify.ParseTrust(raw)
	if err != nil {
		t.Fatal(err)
	}
	res, err := verify.Bundle(bundle, verify.Options{Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	// An answer of an engine that is no longer here cannot be made again.
	replays := res.Kind == dsai.TypeInferenceReceipt && bytes.Contains(bundle, []byte(`"engine":"`+extract.Version+`"`))
	if replays {
		if res, err = verify.Bundle(bundle, verify.Options{Trust: trust, Replayer: node.Replayer{}}); err != nil {
			t.Fatal(err)
		}
	}
	if !res.OK || res.Replayed != replays {
		t.Errorf("verify %s = %+v, want ok, and made again %v", name, res, replays)
	}
}

func wantRefused(t *testing.T, n *node.Node, question string, code dsai.Code) {
	t.Helper()
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: question}); a.Refusal == nil || a.Refusal.Code != code {
		t.Errorf("ask(%q) = %q, %+v, want %s", question, a.Answer, a.Refusal, code)
	}
}

func wantSound(t *testing.T, n *node.Node) {
	t.Helper()
	if rep := call[node.FsckReport](t, n, "fsck", nil); !rep.OK {
		t.Errorf("fsck = %+v, want ok", rep)
	}
}

// TestSparseArchive unpacks 223 bytes that claim to be a file of 200 MiB, nearly all of it holes.
func TestSparseArchive(t *testing.T) {
	raw, err := base64.StdEncoding.DecodeString("H4sICDZvA2sC/3NwYXJzZS50Z3oA7dTNisIwFIbhrHsVvYL0JFWLi4IrdSXC4AVEmkXFPxKF4tVbnGEsgsuK4vtsEr4ssjh8R2c6myxdM/eu8kH1Qn49O8UM7/dbbsQao9JGvcA5nlxov1ffydp0tljpeHQher1zm0MoTfKQ1vs2lcQW3XTvdr6soqt1tU7yvPsUvNvG+uJLK+PCDK1IovCW2qn93IY2rbdeS9b01P/RYPCs/6a7C/76PypylQr9713b9f+O0lIAAAAAAAAAAAAAAIDPcwXTqm45ACgAAA==")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := node.Unpack(bytes.NewReader(raw), dir); err == nil {
		t.Error("Unpack of a sparse file gives no error")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("Unpack of a sparse file left %v, %v", left, err)
	}
}
