// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Both ways of making a file refuse one that is there, name it, and leave it alone.
func TestCreateRefuses(t *testing.T) {
	for name, create := range map[string]func(string, []byte, fs.FileMode) error{"link": CreateFile, "no links": createWhole} {
		path := filepath.Join(t.TempDir(), "file")
		if err := create(path, []byte("first"), 0o600); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		err := create(path, []byte("second"), 0o600)
		if e, ok := errors.AsType[*fs.PathError](err); !ok || e.Path != path || !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: create again = %v, want one that names the file", name, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "first" {
			t.Errorf("%s: file = %q, %v after it was created again", name, b, err)
		}
		if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
			t.Errorf("%s: left %v, %v", name, files, err)
		}
	}
}
