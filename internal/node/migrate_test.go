// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
)

// oldHome unpacks the home of format 1 and what it handed out.
func oldHome(t *testing.T) (dir string, cfg node.Config) {
	t.Helper()
	dir = unpack(t, filepath.Join(homesDir, "format-1.tar.gz"))
	return dir, node.Config{Home: node.Home(filepath.Join(dir, "home")), Now: from(homeMade.AddDate(0, 0, 1))}
}

func TestMigrationsAreGapless(t *testing.T) {
	if got := node.MigrationsFrom(); len(got) != node.Format-1 {
		t.Errorf("migrations from %v, want one from each format below %d", got, node.Format)
	} else {
		for i, from := range got {
			if from != i+1 {
				t.Errorf("migration %d is from format %d, want %d", i, from, i+1)
			}
		}
	}
}

// TestMigrate wants each step told, and the home as it was kept and usable.
func TestMigrate(t *testing.T) {
	t.Parallel()
	dir, cfg := oldHome(t)
	before := files(t, string(cfg.Home))
	var said []string
	cfg.Say = func(line string) { said = append(said, line) }
	n := reopen(t, cfg)
	if len(said) != node.Format || !strings.Contains(said[0], "is kept in") || !strings.Contains(said[1], "format 1 to 2") {
		t.Errorf("said %q, want where the backup is and each step", said)
	}
	wholeHome(t, n, dir)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	said = nil
	if err := reopen(t, cfg).Close(); err != nil || len(said) != 0 {
		t.Errorf("opening again = %v, said %q, want no migration", err, said)
	}
	kept := kept(t, cfg.Home)
	unpacked := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(unpacked, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(kept)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := node.Unpack(f, unpacked); err != nil {
		t.Fatal(err)
	}
	delete(before, "lock")
	if after := files(t, unpacked); !equal(before, after) {
		t.Errorf("kept %d files, want the %d of the home as they were", len(after), len(before))
	}
	to := node.Config{Home: node.Home(filepath.Join(t.TempDir(), "restored")), Now: cfg.Now}
	if err := node.Restore(t.Context(), kept, to); err != nil {
		t.Fatal(err)
	}
	wantKept(t, reopen(t, to), dir)
	// The kept backup of the first home holds what is to be forgotten; a restored
	// home has none.
	n = reopen(t, cfg)
	call[struct{}](t, n, "docs.forget", node.Ref{Ref: "oral.md"})
	if _, err := os.Stat(kept); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("backup before the migration after docs.forget: %v, want it gone", err)
	}
}

// TestMigrateKilled leaves the home as a kill does, at every change on disk, and
// opens it again.
func TestMigrateKilled(t *testing.T) {
	t.Parallel()
	move := func(count int) func(t *testing.T, h string) {
		return func(t *testing.T, h string) {
			must(t, os.Mkdir(filepath.Join(h, "statistics"), 0o700))
			old, err := os.ReadDir(filepath.Join(h, "index", "epochs"))
			must(t, err)
			for _, f := range old[:min(count, len(old))] {
				must(t, os.Rename(filepath.Join(h, "index", "epochs", f.Name()), filepath.Join(h, "statistics", f.Name())))
			}
			if count >= len(old) {
				must(t, os.Remove(filepath.Join(h, "index", "epochs")))
			}
		}
	}
	for name, leave := range map[string]func(t *testing.T, h string){
		"in the backup": func(t *testing.T, h string) {
			must(t, os.WriteFile(filepath.Join(h, fmt.Sprintf("before-format-%d.tgz.tmp", node.Format)), []byte("half"), 0o600))
		},
		"before the step":   move(0),
		"between two files": move(2),
		"before the format": move(99),
		"while it is set": func(t *testing.T, h string) {
			move(99)(t, h)
			must(t, os.WriteFile(filepath.Join(h, "format.tmp1"), nil, 0o600))
		},
		"after a damaged index": func(t *testing.T, h string) { // which format 1 makes again, here half way
			must(t, os.RemoveAll(filepath.Join(h, "index", "postings")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, cfg := oldHome(t)
			leave(t, string(cfg.Home))
			n := reopen(t, cfg)
			wantKept(t, n, dir)
			kept(t, cfg.Home)
		})
	}
}

// TestMigrateFails wants a failing step to leave the format that was reached,
// with the next start going on from there.
func TestMigrateFails(t *testing.T) {
	t.Parallel()
	_, cfg := oldHome(t)
	broken := errors.New("no space left")
	ran := 0
	steps := []node.Migration{
		node.NewMigration(1, func(context.Context, node.Home) error { ran++; return nil }),
		node.NewMigration(2, func(context.Context, node.Home) error { ran += 10; return broken }),
	}
	for want := 11; want <= 21; want += 10 {
		if err := node.Migrate(t.Context(), cfg.Home, steps); !errors.Is(err, broken) || ran != want {
			t.Errorf("migrate = %v after steps %d, want %v after %d", err, ran, broken, want)
		}
		if b, err := os.ReadFile(filepath.Join(string(cfg.Home), "format")); err != nil || string(b) != "2\n" {
			t.Errorf("format = %q, %v, want 2", b, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := node.Migrate(ctx, cfg.Home, steps); !errors.Is(err, context.Canceled) || ran != 21 {
		t.Errorf("migrate when interrupted = %v after steps %d, want %v and none more", err, ran, context.Canceled)
	}
}

// TestNewerHome wants a home of a later version refused, and nothing changed.
func TestNewerHome(t *testing.T) {
	t.Parallel()
	_, cfg := oldHome(t)
	must(t, os.WriteFile(filepath.Join(string(cfg.Home), "format"), fmt.Appendf(nil, "%d\n", node.Format+1), 0o600))
	before := files(t, string(cfg.Home))
	_, err := node.Open(t.Context(), cfg)
	if d := node.Describe(err); !errors.Is(err, node.ErrNewer) || d.Kind != control.Failed || d.Hint == "" {
		t.Errorf("Open = %v, %+v, want %v with a hint", err, d, node.ErrNewer)
	}
	if !equal(before, files(t, string(cfg.Home))) {
		t.Error("a home of a newer format was changed")
	}
}

// kept returns the one backup that migrating left, with nothing half made.
func kept(t *testing.T, h node.Home) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(string(h), "before-format-*"))
	if err != nil || len(found) != 1 || !strings.HasSuffix(found[0], ".tgz") {
		t.Fatalf("backups before the migration: %q, %v, want one", found, err)
	}
	if st, err := os.Stat(found[0]); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode of the backup = %v, %v, want 0600: it holds keys", st.Mode(), err)
	}
	return found[0]
}

// files reads all files below a folder.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		out[p], err = os.ReadFile(filepath.Join(dir, p))
		return err
	})
	must(t, err)
	return out
}

func equal(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || !slices.Equal(v, w) {
			return false
		}
	}
	return true
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
