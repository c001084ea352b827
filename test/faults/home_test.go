// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Two verbs at once without a running node: one waits for the other.
func TestTwoVerbsAlone(t *testing.T) {
	t.Parallel()
	cfg := found(t, t.TempDir())
	n := open(t, cfg)
	lend(t, n)
	shut(t, n)
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wg.Go(func() {
			n, err := node.Open(t.Context(), cfg)
			if err == nil {
				var a node.Asked
				err = errors.Join(n.Methods().Call(t.Context(), "ask", node.AskArgs{Question: question}, nil, &a), n.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	n = open(t, cfg)
	if rs := call[[]json.RawMessage](t, n, "receipts", nil); len(rs) != len(errs) {
		t.Errorf("receipts = %d, want %d", len(rs), len(errs))
	}
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck = %q", c)
	}
}

// Verbs at once against a running node go over its socket; a second node is
// told that the home is in use.
func TestTwoVerbsWithNode(t *testing.T) {
	t.Parallel()
	cfg := found(t, t.TempDir())
	n := open(t, cfg)
	ctx, stop := context.WithCancel(t.Context())
	served, ready := make(chan error, 1), make(chan string, 1)
	go func() {
		served <- n.Serve(ctx, node.ServeOptions{Listen: "127.0.0.1:0", Ready: func(a string) { ready <- a }})
	}()
	within(t, "the node to be ready", ready)
	r := dial(t, cfg.Home.Socket())
	if _, err := node.Open(t.Context(), cfg); !errors.Is(err, node.ErrInUse) {
		t.Errorf("Open while a node runs = %v, want %v", err, node.ErrInUse)
	} else if d := node.Describe(err); d.Kind != control.Unavailable || d.Hint == "" {
		t.Errorf("Describe(%v) = %+v, want unavailable with a hint", err, d)
	}
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		p := write(t, fmt.Sprintf("note%d.md", i), rehydration+fmt.Sprintf("\nThis is note %d.\n", i))
		wg.Go(func() {
			if i%2 == 0 {
				errs[i] = r.Call(ctx, "add", node.Contribution{Paths: []string{p}}, nil, nil)
			} else {
				errs[i] = r.Call(ctx, "ask", node.AskArgs{Question: question}, nil, nil)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	stop()
	if err := within(t, "the node to end", served); err != nil {
		t.Error(err)
	}
	shut(t, n)
	n = open(t, cfg)
	if got := len(call[[]json.RawMessage](t, n, "docs.list", nil)); got != 4 {
		t.Errorf("documents = %d, want 4", got)
	}
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck = %q", c)
	}
}

// dial waits for the socket, which opens just after the API.
func dial(t *testing.T, path string) *control.Remote {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r, err := control.Dial(path)
		if err == nil {
			t.Cleanup(func() { r.Close() })
			return r
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// What a founding or restoring that was cut off leaves behind is no home, and is
// not in the way of the next attempt.
func TestHalfMadeHome(t *testing.T) {
	t.Parallel()
	whole := found(t, t.TempDir())
	steps := []string{"format", "log", "index", "dsai.db", "keys"} // removed one after the other
	dir := t.TempDir()
	h := copyHome(t, whole.Home, dir)
	for _, gone := range steps {
		if err := os.RemoveAll(filepath.Join(string(h), gone)); err != nil {
			t.Fatal(err)
		}
		if n, err := node.Open(t.Context(), node.Config{Home: h}); !errors.Is(err, node.ErrNoHome) {
			if err == nil {
				n.Close()
			}
			t.Errorf("Open of a home without %s = %v, want %v", gone, err, node.ErrNoHome)
		}
		// Beside it, as an interrupted Found leaves it.
		draft := filepath.Join(dir, ".dsai-founding-1")
		if err := os.CopyFS(draft, os.DirFS(string(h))); err != nil {
			t.Fatal(err)
		}
		next := node.Home(filepath.Join(dir, "next-"+gone))
		if err := node.Found(t.Context(), next, node.FoundOptions{Coop: "Test", Member: "Amina", Now: time.Now}); err != nil {
			t.Errorf("Found beside a half-made home = %v, want nil", err)
		}
		if err := os.RemoveAll(draft); err != nil {
			t.Fatal(err)
		}
	}
	// A home that lost one of its parts says so at once, or mends it.
	for _, gone := range []string{"log", "index", "dsai.db", "opened", "keys"} {
		h := copyHome(t, whole.Home, t.TempDir())
		if err := os.RemoveAll(filepath.Join(string(h), gone)); err != nil {
			t.Fatal(err)
		}
		n, err := node.Open(t.Context(), node.Config{Home: h})
		if err == nil {
			shut(t, n)
		}
		if mended := gone == "index"; (err == nil) != mended {
			t.Errorf("Open of a home that lost %s = %v, want an error: %v", gone, err, !mended)
		}
	}
}

// What Close promises: everything acknowledged is in the log.
func TestCloseLeavesNothingWaiting(t *testing.T) {
	t.Parallel()
	cfg := found(t, t.TempDir())
	n := open(t, cfg)
	lend(t, n)
	ask(t, n)
	shut(t, n)
	db, err := store.Open(t.Context(), cfg.Home.Database())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got, err := db.CountPending(t.Context()); err != nil || got != 0 {
		t.Errorf("leaves that wait after Close = %d, %v, want 0", got, err)
	}
}

func TestRestoreOpensNextEpoch(t *testing.T) {
	t.Parallel()
	cfg := found(t, t.TempDir())
	n := open(t, cfg)
	lend(t, n)
	old := ask(t, n)
	before := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: old.Receipt.String()})
	archive := filepath.Join(t.TempDir(), "home.dsai-backup")
	call[node.BackupReport](t, n, "backup", node.PathArgs{Path: archive})
	checkpoint := call[string](t, n, "log.checkpoint", nil)
	trust := n.Trust()
	shut(t, n)

	to := node.Config{Home: node.Home(filepath.Join(t.TempDir(), "home"))} // Now: the default
	if err := node.Restore(t.Context(), archive, to); err != nil {
		t.Fatal(err)
	}
	n = open(t, to)
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck = %q", c)
	}
	after := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: old.Receipt.String()})
	if proof(t, before) != proof(t, after) && !bytes.Contains([]byte(proof(t, after)), []byte("/log/1")) {
		t.Errorf("proof of an old receipt = %q, want one in epoch 1", proof(t, after))
	}
	for name, b := range map[string][]byte{"before": before, "after": after} {
		if why := verifiedBundle(b, trust); why != "" {
			t.Errorf("verify old receipt, bundled %s = %s, want ok", name, why)
		}
	}
	ask(t, n)
	if why := verified(t, n, "last", trust); why != "" {
		t.Errorf("verify new receipt = %s, want ok", why)
	}
	shut(t, n)
	firstLeaf(t, to.Home, checkpoint)
	n = open(t, to)
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck after reopening = %q", c)
	}
}

// firstLeaf checks that epoch 2 begins with a record that names the checkpoint.
func firstLeaf(t *testing.T, h node.Home, checkpoint string) {
	t.Helper()
	db, err := store.Open(t.Context(), h.Database())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d, raw, err := db.Latest(t.Context(), dsai.TypeLogEpoch)
	if err != nil {
		t.Fatal(err)
	}
	if epoch, index, err := db.Index(t.Context(), d); err != nil || epoch != 2 || index != 0 {
		t.Errorf("epoch record stands at %d of epoch %d, %v, want 0 of 2", index, epoch, err)
	}
	e, err := vc.Open[dsai.LogEpoch](raw, dsai.TypeLogEpoch)
	if err != nil {
		t.Fatal(err)
	}
	var origin string
	var size uint64
	if _, err := fmt.Sscanf(checkpoint, "%s\n%d\n", &origin, &size); err != nil {
		t.Fatal(err)
	}
	last := e.Subject.Last
	if last == nil || last.Origin != origin || last.Size != size {
		t.Errorf("epoch 2 follows %+v, want %d leaves of %s", last, size, origin)
	}
}

func proof(t *testing.T, bundle []byte) string {
	t.Helper()
	var b struct {
		Proof string `json:"proof"`
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	return b.Proof
}

// Backups at once do not get in each other's way.
func TestBackupsAtOnce(t *testing.T) {
	t.Parallel()
	n := open(t, found(t, t.TempDir()))
	lend(t, n)
	dir := t.TempDir()
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			errs[i] = n.Methods().Call(t.Context(), "backup", node.PathArgs{Path: filepath.Join(dir, fmt.Sprint(i))}, nil, nil)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// What is forgotten is in no file of the home any more.
func TestForgottenIsGone(t *testing.T) {
	t.Parallel()
	cfg := found(t, t.TempDir())
	n := open(t, cfg)
	doc := lend(t, n)
	ask(t, n)
	call[json.RawMessage](t, n, "docs.forget", node.Ref{Ref: doc})
	ask(t, n)
	shut(t, n)
	err := filepath.WalkDir(string(cfg.Home), func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		for _, s := range []string{answer, "small sips every few", "oral.md"} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s still holds %q", filepath.Base(p), s)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	n = open(t, cfg)
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck = %q", c)
	}
}

// Pinned statistics cannot be made again, so fsck misses every one that a receipt
// names, and finds every flipped bit; the file out of a backup mends both.
func TestStatisticsGone(t *testing.T) {
	t.Parallel()
	cfg := found(t, t.TempDir())
	n := open(t, cfg)
	lend(t, n)
	ask(t, n)
	lend(t, n)
	ask(t, n)
	trust := n.Trust()
	shut(t, n)
	pinned, err := filepath.Glob(filepath.Join(cfg.Home.Statistics(), "*"))
	if err != nil || len(pinned) < 2 {
		t.Fatalf("statistics = %q, %v, want at least 2", pinned, err)
	}
	for _, p := range pinned {
		whole, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for name, harm := range map[string]func() error{
			"lost":    func() error { return os.Remove(p) },
			"flipped": func() error { flip(t, p, 8*len(whole)/2); return nil },
		} {
			if err := harm(); err != nil {
				t.Fatal(err)
			}
			n := open(t, cfg)
			if c := complaints(t, n); len(c) != 1 || !strings.HasPrefix(c[0], "statistics: ") {
				t.Errorf("fsck with statistics %s = %q, want that", name, c)
			}
			shut(t, n)
			if err := os.WriteFile(p, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	n = open(t, cfg)
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck with all statistics back = %q", c)
	}
	if why := verified(t, n, "last", trust); why != "" {
		t.Errorf("verify = %s, want ok", why)
	}
}

// An index that is made again leaves the statistics alone: old answers can still
// be made again.
func TestIndexMadeAgain(t *testing.T) {
	t.Parallel()
	cfg := found(t, t.TempDir())
	n := open(t, cfg)
	lend(t, n)
	ask(t, n)
	trust := n.Trust()
	shut(t, n)
	if err := os.RemoveAll(cfg.Home.Index()); err != nil {
		t.Fatal(err)
	}
	n = open(t, cfg)
	if why := verified(t, n, "last", trust); why != "" {
		t.Errorf("verify = %s, want ok", why)
	}
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck = %q", c)
	}
}

// inflated returns what a compressed file holds.
func inflated(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// A backup with a flipped bit is refused, unless the bit is one that says nothing:
// deflate pads a stored block to the next byte (RFC 1951, section 3.2.4).
func TestDamagedBackup(t *testing.T) {
	t.Parallel()
	n := open(t, found(t, t.TempDir()))
	lend(t, n)
	archive := filepath.Join(t.TempDir(), "backup")
	rep := call[node.BackupReport](t, n, "backup", node.PathArgs{Path: archive})
	whole, err := inflated(archive)
	if err != nil {
		t.Fatal(err)
	}
	const header = 10 // of gzip, which says things that nobody reads
	refused := 0
	for i := range 40 {
		bit := 8*header + i*8*int(rep.Bytes-header)/40
		flip(t, archive, bit)
		to := filepath.Join(t.TempDir(), "home")
		if err := node.Restore(t.Context(), archive, node.Config{Home: node.Home(to)}); err == nil {
			if got, err := inflated(archive); err != nil || !bytes.Equal(got, whole) {
				t.Errorf("restored with bit %d of %d flipped, which is not the same archive", bit, rep.Bytes*8)
			}
		} else {
			refused++
			if left, err := os.ReadDir(filepath.Dir(to)); err != nil || len(left) != 0 {
				t.Errorf("a refused restore left %v, %v", left, err)
			}
		}
		flip(t, archive, bit)
	}
	if refused < 30 {
		t.Errorf("refused %d of 40 flipped bits", refused)
	}
	if err := node.Restore(t.Context(), archive, node.Config{Home: node.Home(filepath.Join(t.TempDir(), "home"))}); err != nil {
		t.Errorf("Restore = %v, want nil", err)
	}
}
