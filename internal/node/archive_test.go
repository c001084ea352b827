// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// FuzzUnpack reads the inside of archives that somebody may have tampered with:
// files are written below the folder, or nothing is.
func FuzzUnpack(f *testing.F) {
	for _, h := range []tar.Header{
		{Name: "format", Size: 2}, {Name: "log/tile/0/000", Size: 2}, {Name: "../outside", Size: 2}, {Name: "/etc/outside", Size: 2},
		{Name: "link", Linkname: "../outside", Typeflag: tar.TypeSymlink}, {Name: "log/../../outside", Size: 2},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&h); err != nil {
			f.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte("2\n")); err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, files []byte) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(files) // to memory: cannot fail
		z.Close()
		parent := t.TempDir()
		home := filepath.Join(parent, "home")
		if err := os.Mkdir(home, 0o700); err != nil {
			t.Fatal(err)
		}
		_ = unpack(&b, home)
		beside, err := os.ReadDir(parent)
		if err != nil || len(beside) != 1 {
			t.Fatalf("%d entries beside the home, %v", len(beside)-1, err)
		}
		err = filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !d.Type().IsRegular() {
				t.Errorf("%s is no file: %v", path, d.Type())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
