// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dsai.example/dsai/internal/node"
)

// secret is what must not be found on the disk, in its parts.
var secret = []string{"six level teaspoons", "half a level teaspoon"}

// holders lists the files of a home that hold any of the secret, the index left
// out, whose files go as they are merged.
func holders(t testing.TB, dir string) (found []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(p, "index/") {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, p))
		for _, s := range secret {
			if n := bytes.Count(b, []byte(s)); n > 0 {
				found = append(found, fmt.Sprintf("%s: %d times %q", p, n, s))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// much lends documents between answers that quote one of them, so that pages split.
func much(t testing.TB, n *node.Node) node.ContributedDoc {
	t.Helper()
	doc, _ := lend(t, n, node.Contribution{}, rehydration)
	for i := range 6 {
		var paths []string
		for k := range 12 {
			paths = append(paths, write(t, fmt.Sprintf("other-%d-%d.md", i, k), fmt.Sprintf("# Shelf %d of room %d\n\nTin %d of room %d holds %s.\n", k, i, k, i, strings.Repeat("beans and rice ", 8*k))))
		}
		call[node.Contributed](t, n, "add", node.Contribution{Paths: paths})
		for range 12 {
			if !asked(t, n, "") {
				t.Fatal("the document does not answer")
			}
		}
	}
	return doc
}

// TestForgottenBytes looks for a sentence that many answers quoted, after its
// document was forgotten.
func TestForgottenBytes(t *testing.T) {
	n, cfg := home(t)
	doc := much(t, n)
	if len(holders(t, string(cfg.Home))) == 0 {
		t.Fatal("nothing holds the sentence: the test looks for nothing")
	}
	call[json.RawMessage](t, n, "docs.forget", node.Ref{Ref: doc.ID.String()})
	if found := holders(t, string(cfg.Home)); len(found) > 0 {
		t.Errorf("after docs.forget: %q", found)
	}
	fsck(t, n)
}

// TestForgetInterrupted ends the process, and has no room on the disk, after the
// document was forgotten and before the database was written anew.
func TestForgetInterrupted(t *testing.T) {
	n, cfg := home(t)
	var said []string
	cfg.Say = func(s string) { said = append(said, s) }
	doc := much(t, n)
	copied := node.Home(filepath.Join(t.TempDir(), "killed"))
	n.OnRewrite(func(context.Context) error {
		// As it is on the disk now, and as a kill would leave it.
		if err := os.CopyFS(string(copied), os.DirFS(string(cfg.Home))); err != nil {
			t.Error(err)
		}
		return syscall.ENOSPC
	})
	err := n.Methods().Call(t.Context(), "docs.forget", node.Ref{Ref: doc.ID.String()}, nil, nil)
	if e := node.Describe(err); err == nil || !strings.Contains(e.Message, "out of use") || !strings.Contains(e.Hint, "twice the size") || !strings.Contains(e.Hint, "next start") {
		t.Errorf("docs.forget on a full disk = %v, %q, want that it says so", err, e.Hint)
	}
	if asked(t, n, "") {
		t.Error("a forgotten document answers")
	}
	if rep := call[node.FsckReport](t, n, "fsck", nil); rep.OK {
		t.Error("fsck is ok while text is left")
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	killed := cfg
	killed.Home = copied
	if err := os.Chmod(string(copied), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"keys", "opened", "dsai.db"} { // CopyFS makes them readable for others
		err := filepath.WalkDir(filepath.Join(string(copied), p), func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				return os.Chmod(p, 0o700)
			}
			return os.Chmod(p, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []node.Config{cfg, killed} {
		n = reopen(t, c)
		if found := holders(t, string(c.Home)); len(found) > 0 {
			t.Errorf("after the next start: %q", found)
		}
		fsck(t, n)
		if asked(t, n, "") {
			t.Error("a forgotten document answers")
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) != 2 || !strings.Contains(said[0], "written anew") && !strings.Contains(said[0], "writing the database anew") {
		t.Errorf("starts said %q, want that the database is written anew, once each", said)
	}
	said = nil
	reopen(t, cfg)
	if len(said) > 0 {
		t.Errorf("a start with nothing to do said %q", said)
	}
}
