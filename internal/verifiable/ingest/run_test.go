// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dsai.example/dsai/internal/verifiable/ingest"
)

// tree writes files below a new folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func symlink(t *testing.T, target, link string) {
	t.Helper()
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("links cannot be made here: %v", err)
	}
}

func TestWalk(t *testing.T) {
	outside := tree(t, map[string]string{"secret.txt": "s", "folder/x.txt": "x"})
	dir := tree(t, map[string]string{"b.txt": "bb", "a/c.txt": "c", ".hidden": "h", ".git/d.txt": "d"})
	symlink(t, filepath.Join(outside, "secret.txt"), filepath.Join(dir, "out.txt"))
	symlink(t, outside, filepath.Join(dir, "outdir"))
	symlink(t, "b.txt", filepath.Join(dir, "in.txt"))
	symlink(t, "nowhere", filepath.Join(dir, "broken.txt"))
	symlink(t, filepath.Join(outside, "folder"), filepath.Join(outside, "named"))

	paths := []string{dir, filepath.Join(dir, "b.txt"), filepath.Join(dir, ".hidden"), filepath.Join(dir, "in.txt"),
		filepath.Join(outside, "named"), filepath.Join(dir, "absent")}
	files, skipped, err := ingest.Walk(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	short := strings.NewReplacer(dir, "dir", outside, "out", string(filepath.Separator), "/")
	var got []string
	for _, f := range files {
		got = append(got, short.Replace(f.Path)+" "+strconv.FormatInt(f.Size, 10))
	}
	if !slices.IsSortedFunc(files, func(a, b ingest.File) int { return strings.Compare(a.Path, b.Path) }) {
		t.Errorf("Walk = %v, want sorted paths", files)
	}
	slices.Sort(got) // the folders' own names are random
	want := []string{"dir/.hidden 1", "dir/a/c.txt 1", "dir/b.txt 2", "dir/in.txt 2", "out/named/x.txt 1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Walk files (-want +got):\n%s", d)
	}
	got = nil
	for _, s := range skipped {
		got = append(got, short.Replace(s.Path)+" "+string(s.Code))
	}
	want = []string{"dir/absent unreadable", "dir/broken.txt unreadable", "dir/out.txt link", "dir/outdir link"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Walk skipped (-want +got):\n%s", d)
	}
}

func TestWalkNames(t *testing.T) {
	dir := tree(t, map[string]string{"good.md": "g", "q\xff.md": "q", "caf\u00e9.md": "c", "lost\ufffd.md": "l", "f\xfe/inside.md": "i"})
	files, skipped, err := ingest.Walk(t.Context(), []string{dir, filepath.Join(dir, "q\xff.md")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, filepath.Base(f.Path))
	}
	for _, s := range skipped {
		got = append(got, filepath.Base(s.Path)+" "+string(s.Code)+": "+s.Reason)
	}
	want := []string{"caf\u00e9.md", "good.md", "lost\ufffd.md",
		`f\xfe name: its name is not UTF-8; rename it`, `q\xff.md name: its name is not UTF-8; rename it`}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Walk (-want +got):\n%s", d)
	}
}

// memory is a Sink that keeps digests once it is flushed, and fails when told to.
type memory struct {
	known  map[string][32]byte
	order  []string
	fail   string // path whose Add ends the run
	refuse string // path whose Add skips the file

	gathered []func()
}

var errDisk = errors.New("disk full")

func (m *memory) Known(_ context.Context, path string, source [32]byte) (bool, error) {
	d, ok := m.known[path]
	return ok && d == source, nil
}

func (m *memory) Add(_ context.Context, path string, source []byte, t *ingest.Text) error {
	switch filepath.Base(path) {
	case m.fail:
		return errDisk
	case m.refuse:
		return &ingest.SkipError{Code: "quarantined", Reason: "a copy of a withdrawn document"}
	}
	m.gathered = append(m.gathered, func() {
		m.known[path] = sha256.Sum256(source)
		m.order = append(m.order, filepath.Base(path))
	})
	return nil
}

func (m *memory) Flush(ctx context.Context) error {
	for _, write := range m.gathered {
		write()
	}
	m.gathered = nil
	return ctx.Err() // the end of the run must not keep it from writing
}

func TestRun(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "one", "b.md": "# two\n\ntext", "c.bin": "\x00\x01", "d.html": "<!doctype html><p>four",
		"e.txt": "five", "f.txt.gz": "\x1f\x8b\x08 broken", "g.txt": "seven"})
	m := &memory{known: map[string][32]byte{}, fail: "e.txt"}
	files, _, err := ingest.Walk(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}

	got, err := ingest.Run(t.Context(), m, files, ingest.Options{})
	if !errors.Is(err, errDisk) || got.Added != 3 || len(got.Skipped) != 1 {
		t.Errorf("Run with a full disk = %+v, %v, want 3 added and errDisk", got, err)
	}

	// The second run resumes: it adds what is missing and nothing twice.
	m.fail, m.refuse = "", "g.txt"
	clock := time.Unix(0, 0)
	var last ingest.Progress
	calls := 0
	got, err = ingest.Run(t.Context(), m, files, ingest.Options{
		Now:      func() time.Time { clock = clock.Add(time.Second); return clock },
		Progress: func(p ingest.Progress) { last = p; calls++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a.txt", "b.md", "d.html", "e.txt"}, m.order); d != "" {
		t.Errorf("Add order (-want +got):\n%s", d)
	}
	var codes []string
	for _, s := range got.Skipped {
		codes = append(codes, filepath.Base(s.Path)+" "+string(s.Code))
	}
	if d := cmp.Diff([]string{"c.bin unsupported_type", "f.txt.gz damaged", "g.txt quarantined"}, codes); d != "" {
		t.Errorf("Skipped (-want +got):\n%s", d)
	}
	if got.Added != 1 || got.Unchanged != 3 || got.Passages != 1 {
		t.Errorf("Run = %+v, want 1 added, 3 unchanged, 1 passage", got)
	}
	if calls != 7 || last.Files != 7 || last.FilesTotal != 7 || last.Bytes != last.BytesTotal || last.ETA != 0 || last.Rate != last.Bytes/7 {
		t.Errorf("last of %d Progress = %+v, want all 7 files at a seventh of the bytes per second", calls, last)
	}
}

func TestRunReplacedByLink(t *testing.T) {
	outside := tree(t, map[string]string{"secret.txt": "secret"})
	dir := tree(t, map[string]string{"a.txt": "public"})
	files, _, err := ingest.Walk(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(dir, "a.txt")
	if err := os.Remove(p); err != nil {
		t.Fatal(err)
	}
	symlink(t, filepath.Join(outside, "secret.txt"), p)
	m := &memory{known: map[string][32]byte{}}
	got, err := ingest.Run(t.Context(), m, files, ingest.Options{})
	if err != nil || got.Added != 0 || len(got.Skipped) != 1 || got.Skipped[0].Code != ingest.CodeUnreadable {
		t.Errorf("Run = %+v, %v, want the link skipped", got, err)
	}
}

func TestRunCancelled(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "a", "b.txt": "b", "c.txt": "c", "d.txt": "d", "e.txt": "e"})
	files, _, err := ingest.Walk(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	m := &memory{known: map[string][32]byte{}}
	got, err := ingest.Run(ctx, m, files, ingest.Options{Progress: func(ingest.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) || got.Added != 1 || len(m.known) != 1 {
		t.Errorf("Run = %+v, %v, %d kept, want 1 added and kept, and context.Canceled", got, err, len(m.known))
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines after Run, %d before", after, before)
	}
}

// discard is the Sink of a benchmark.
type discard struct{}

func (discard) Known(context.Context, string, [32]byte) (bool, error) { return false, nil }

func (discard) Add(context.Context, string, []byte, *ingest.Text) error { return nil }

func (discard) Flush(context.Context) error { return nil }

// BenchmarkRun ingests real documentation: the language specification and the
// documents beside it, and the system's documentation where there is one.
func BenchmarkRun(b *testing.B) {
	root, err := exec.CommandContext(b.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		b.Skipf("no go command to ask for its documentation: %v", err)
	}
	for _, dir := range []string{filepath.Join(strings.TrimSpace(string(root)), "doc"), "/usr/share/doc"} {
		b.Run(filepath.Base(filepath.Dir(dir)), func(b *testing.B) {
			files, _, err := ingest.Walk(b.Context(), []string{dir})
			if err != nil || len(files) == 0 {
				b.Skipf("no documentation at %s", dir)
			}
			var size int64
			for _, f := range files {
				size += f.Size
			}
			b.SetBytes(size)
			var r ingest.Report
			for b.Loop() {
				if r, err = ingest.Run(b.Context(), discard{}, files, ingest.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			codes := map[ingest.Code]int{}
			for _, s := range r.Skipped {
				codes[s.Code]++
			}
			b.ReportMetric(float64(r.Added), "files")
			b.ReportMetric(float64(r.Passages), "passages")
			b.Logf("skipped: %v", codes)
		})
	}
}
