// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"dsai.example/dsai/internal/durable"
)

func TestWrite(t *testing.T) {
	type writer func(string, []byte, fs.FileMode) error
	tests := []struct {
		name    string
		write   writer
		old     string // existing content; empty means no file
		want    string // content afterwards
		wantErr error
	}{
		{name: "write new", write: durable.WriteFile, want: "new"},
		{name: "write replaces", write: durable.WriteFile, old: "old", want: "new"},
		{name: "create new", write: durable.CreateFile, want: "new"},
		{name: "create refuses", write: durable.CreateFile, old: "old", want: "old", wantErr: fs.ErrExist},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if tt.old != "" {
				if err := os.WriteFile(path, []byte(tt.old), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := tt.write(path, []byte("new"), 0o640); !errors.Is(err, tt.wantErr) {
				t.Fatalf("write = %v, want %v", err, tt.wantErr)
			}
			got, err := os.ReadFile(path)
			if err != nil || string(got) != tt.want {
				t.Errorf("content = %q, %v, want %q", got, err, tt.want)
			}
			wantNames(t, filepath.Dir(path), "file")
		})
	}
}

func TestPermissionsIgnoreUmask(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no permission bits")
	}
	for _, perm := range []fs.FileMode{0o600, 0o644, 0o666} {
		path := filepath.Join(t.TempDir(), "file")
		if err := durable.WriteFile(path, nil, perm); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != perm {
			t.Errorf("WriteFile(%o) made %o", perm, got)
		}
	}
}

func TestFailedFsyncIsMarked(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := durable.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	durable.FailSync(t, syscall.EIO)
	if err := durable.WriteFile(path, []byte("new"), 0o600); !errors.Is(err, durable.ErrFsync) || !errors.Is(err, syscall.EIO) {
		t.Errorf("WriteFile = %v, want ErrFsync and EIO", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("content = %q, want %q", got, "old")
	}
	wantNames(t, dir, "file")
}

func TestRename(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(a, "from"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.Rename(filepath.Join(a, "from"), filepath.Join(b, "to")); err != nil {
		t.Fatal(err)
	}
	wantNames(t, a)
	wantNames(t, b, "to")
	if err := durable.Rename(filepath.Join(a, "from"), filepath.Join(a, "to")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Rename(missing) = %v, want ErrNotExist", err)
	}
}

// wantNames checks that dir holds exactly these names, so that no temporary file stays.
func wantNames(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if len(got) != len(want) || len(got) == 1 && got[0] != want[0] {
		t.Errorf("ReadDir = %q, want %q", got, want)
	}
}
