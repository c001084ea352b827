// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// kinds of files in a home, by where they are.
var kinds = []struct {
	name string
	of   func(path string) bool
	bits int // that are flipped, one at a time
}{
	{"format", func(p string) bool { return p == "format" }, 16},
	{"database", func(p string) bool { return p == "dsai.db" }, 40},
	{"write-ahead log", func(p string) bool { return p == "dsai.db-wal" }, 20},
	{"opened", func(p string) bool { return p == "opened" }, 16},
	{"keys", func(p string) bool { return strings.HasSuffix(p, ".pem") }, 24},
	{"secrets", func(p string) bool { return strings.HasSuffix(p, ".secret") }, 4},
	{"index postings", func(p string) bool { return strings.HasPrefix(p, "index/postings/") }, 8},
	{"index sequence", func(p string) bool { return p == "index/sequence" }, 4},
	{"statistics", func(p string) bool { return strings.HasPrefix(p, "statistics/") }, 8},
	{"log checkpoint", func(p string) bool { return strings.HasSuffix(p, "/checkpoint") }, 8},
	{"log tiles", func(p string) bool {
		return strings.Contains(p, "/tile/") && !strings.Contains(p, "/entries/")
	}, 6},
	{"log bundles", func(p string) bool { return strings.Contains(p, "/tile/entries/") }, 6},
	{"log state", func(p string) bool { return strings.Contains(p, "/.state/") }, 8},
}

// facts is all that people rely on. A flipped bit must not change it unnoticed.
type facts struct {
	Answer    string
	Refused   dsai.Code // for a purpose that nobody consented to
	Withdrawn dsai.Code
	Documents []view.Document
	Consents  []view.Consent
	Receipts  []view.Receipt
	Uses      []view.Use
	Trust     *dsai.Trust
	Verified  []string // why a receipt does not verify, "" when it does
}

// before is how many receipts there are that every reading compares.
const before = 3

func readFacts(t *testing.T, n *node.Node, trust *dsai.Trust) (f facts, err error) {
	a, err := try[node.Asked](t, n, "ask", node.AskArgs{Question: question})
	if err != nil {
		return f, err
	}
	f.Answer = a.Answer
	for q, code := range map[node.AskArgs]*dsai.Code{
		{Question: question, Purpose: "marketing"}: &f.Refused, {Question: "Where is the spare key of the pump house?"}: &f.Withdrawn,
	} {
		a, err := try[node.Asked](t, n, "ask", q)
		if err != nil {
			return f, err
		}
		if a.Refusal != nil {
			*code = a.Refusal.Code
		}
	}
	if f.Documents, err = try[[]view.Document](t, n, "docs.list", nil); err != nil {
		return f, err
	}
	if f.Consents, err = try[[]view.Consent](t, n, "consent.list", nil); err != nil {
		return f, err
	}
	rs, err := try[[]view.Receipt](t, n, "receipts", node.ListArgs{Limit: 100})
	if err != nil {
		return f, err
	}
	if len(rs) < before {
		return f, fmt.Errorf("%d receipts are left", len(rs))
	}
	f.Receipts = rs[len(rs)-before:]
	if f.Uses, err = try[[]view.Use](t, n, "uses", node.ListArgs{}); err != nil {
		return f, err
	}
	f.Uses = f.Uses[max(0, len(f.Uses)-before):]
	for i := range f.Receipts {
		f.Receipts[i].Index = 0 // it waits or stands in the log; the proofs tell
	}
	for i := range f.Documents {
		d := &f.Documents[i]
		d.Uses, d.LastUse = 0, 0 // this reading adds some
		// Nobody signed these columns and nothing is decided by them: a flipped
		// bit in one shows in lists, and only there. By the path something is; an
		// index of the database holds it again, and fsck compares the two.
		d.MediaType, d.Bytes, d.Added = "", 0, 0
	}
	f.Trust = n.Trust()
	for _, r := range f.Receipts {
		f.Verified = append(f.Verified, verified(t, n, r.Digest.String(), trust))
	}
	return f, nil
}

// original makes a closed home with some of everything.
func original(t *testing.T) (node.Home, facts) {
	t.Helper()
	cfg := found(t, t.TempDir())
	n := open(t, cfg)
	lend(t, n)
	key := write(t, "key.md", "# Pump house\n\nThe spare key of the pump house hangs behind the green door.\n")
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{key}, Never: []string{"marketing"}})
	ask(t, n)
	call[node.Asked](t, n, "ask", node.AskArgs{Question: "Where is the spare key of the pump house?"})
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: key})
	call[node.Asked](t, n, "ask", node.AskArgs{Question: question, Purpose: "marketing"})
	f, err := readFacts(t, n, n.Trust())
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range f.Verified {
		if why != "" {
			t.Fatalf("verify = %s, want ok", why)
		}
	}
	// A copy of the home as a crash leaves it: with a write-ahead log.
	crashed := copyHome(t, cfg.Home, t.TempDir())
	shut(t, n)
	if _, err := os.Stat(filepath.Join(string(crashed), "dsai.db-wal")); err != nil {
		t.Fatal(err)
	}
	return crashed, f
}

// paths lists the files of a home, with slashes.
func paths(t *testing.T, h node.Home) (out []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(string(h)), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// flip turns one bit of a file over.
func flip(t *testing.T, path string, bit int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[bit/8] ^= 1 << (bit % 8)
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, st.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
}

func TestFlippedBits(t *testing.T) {
	if testing.Short() {
		t.Skip("flipping bits takes most of a minute: run without -short, as make check does")
	}
	t.Parallel()
	crashed, want := original(t)
	// Closed, for all kinds but those that closing empties.
	closed := copyHome(t, crashed, t.TempDir())
	shut(t, open(t, node.Config{Home: closed}))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Run("words", func(t *testing.T) { flippedWords(t, closed, want) })
	for _, k := range kinds {
		from := closed
		if k.name == "write-ahead log" || k.name == "opened" {
			from = crashed
		}
		var files []string
		for _, p := range paths(t, from) {
			if st, err := os.Stat(filepath.Join(string(from), p)); err == nil && k.of(p) && st.Size() > 0 {
				files = append(files, p)
			}
		}
		if len(files) == 0 {
			t.Errorf("%s: no such file in the home", k.name)
		}
		t.Run(k.name, func(t *testing.T) {
			var noticed atomic.Int32
			t.Cleanup(func() { t.Logf("%d of %d flipped bits noticed, the others harmless", noticed.Load(), k.bits) })
			for range k.bits {
				file := files[rnd.IntN(len(files))]
				st, err := os.Stat(filepath.Join(string(from), file))
				if err != nil {
					t.Fatal(err)
				}
				bit := rnd.IntN(8 * int(st.Size()))
				t.Run(fmt.Sprintf("%s,%d", filepath.Base(file), bit), func(t *testing.T) {
					t.Parallel()
					if flipped(t, from, file, bit, want) {
						noticed.Add(1)
					}
				})
			}
		})
	}
}

// flippedWords flips a bit in each place of the database where something stands
// that people are shown and go by, and that nobody signed as it stands there. All
// must be noticed.
func flippedWords(t *testing.T, closed node.Home, want facts) {
	db, err := os.ReadFile(closed.Database())
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	for _, d := range want.Documents {
		words["path of "+d.Title] = d.Path
	}
	for _, u := range want.Uses {
		if u.Quoted != "" {
			words["sentence quoted from "+u.Title] = u.Quoted
		}
	}
	if len(words) <= len(want.Documents) {
		t.Fatalf("words = %v, want paths and a quoted sentence", words)
	}
	for what, text := range words {
		found := 0
		for at := 0; ; at++ {
			i := bytes.Index(db[at:], []byte(text))
			if i < 0 {
				break
			}
			at += i
			found++
			if bit := 8*(at+len(text)/2) + 1; !flipped(t, closed, "dsai.db", bit, want) {
				t.Errorf("bit %d of dsai.db, in the %s, is flipped unnoticed", bit, what)
			}
		}
		if found == 0 {
			t.Errorf("the %s, %q, is nowhere in the database", what, text)
		}
	}
}

// flipped opens a copy with one bit turned over, and reports whether that was
// noticed at open, by fsck, or as an error. If not, nothing may have changed.
func flipped(t *testing.T, from node.Home, file string, bit int, want facts) (noticed bool) {
	dir, err := os.MkdirTemp("", "dsai-bits-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	h := copyHome(t, from, dir)
	flip(t, filepath.Join(string(h), file), bit)
	n, err := node.Open(t.Context(), node.Config{Home: h})
	if err != nil {
		return true
	}
	defer n.Close()
	if complaints(t, n) != nil {
		return true
	}
	got, err := readFacts(t, n, want.Trust)
	if err != nil {
		return true
	}
	// A receipt that says why it does not verify is noticed too.
	for i, why := range got.Verified {
		if why != want.Verified[i] {
			return true
		}
	}
	if !reflect.DeepEqual(got, want) {
		a, _ := json.MarshalIndent(want, "", " ")
		b, _ := json.MarshalIndent(got, "", " ")
		t.Errorf("bit %d of %s changed unnoticed: %s", bit, file, difference(string(a), string(b)))
	}
	return false
}

// difference shows the first lines that differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%s -> %s", x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines -> %d", len(x), len(y))
}

// A trust file with a flipped bit trusts nobody else: a bundle is anchored by
// the untouched keys or not at all.
func TestFlippedTrust(t *testing.T) {
	t.Parallel()
	n := open(t, found(t, t.TempDir()))
	lend(t, n)
	ask(t, n)
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
	trust, err := json.Marshal(n.Trust())
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(trust) {
		b := append([]byte(nil), trust...)
		b[bit/8] ^= 1 << (bit % 8)
		flipped, err := verify.ParseTrust(b)
		if err != nil {
			continue
		}
		flipped.Name = n.Trust().Name // what people call it anchors nothing
		if reflect.DeepEqual(flipped, n.Trust()) {
			continue
		}
		if res, err := verify.Bundle(raw, verify.Options{Trust: flipped}); err == nil && res.Anchor == verify.AnchorPinned {
			t.Fatalf("bit %d: pinned by %+v", bit, flipped)
		}
	}
}
