// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/verifiable/vc"
)

func ring(t testing.TB) (*keys.Ring, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	r, err := keys.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func TestRoundTrip(t *testing.T) {
	r, dir := ring(t)
	for name, make := range map[string]func(string) (vc.Signer, error){"member": r.NewMember, "node": r.NewNode} {
		made, err := make(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := make(name); !errors.Is(err, keys.ErrExists) {
			t.Errorf("making %s again = %v, want %v", name, err, keys.ErrExists)
		}
		again, err := keys.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err := again.Signer(name)
		if err != nil || s.DID() != made.DID() {
			t.Errorf("Signer(%s) = %v, want %s", name, err, made.DID())
		}
	}
	if _, err := r.Ed25519("member"); err == nil {
		t.Error("Ed25519 of a P-256 key = nil, want an error")
	}
	if _, err := r.Signer("nobody"); !errors.Is(err, keys.ErrMissing) {
		t.Errorf("Signer(nobody) = %v, want %v", err, keys.ErrMissing)
	}
	first, err := r.Secret("mac")
	if err != nil || len(first) != 32 {
		t.Fatalf("Secret = %d bytes, %v, want 32", len(first), err)
	}
	if second, err := r.Secret("mac"); err != nil || !bytes.Equal(first, second) {
		t.Errorf("Secret again = %v, want the same bytes", err)
	}
	if err := r.Rename("member", "node"); !errors.Is(err, keys.ErrExists) {
		t.Errorf("Rename over a key = %v, want %v", err, keys.ErrExists)
	}
	if err := r.Rename("member", "m"); err != nil || !r.Has("m") || r.Has("member") {
		t.Errorf("Rename = %v", err)
	}
}

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: file modes say nothing here")
	}
	r, dir := ring(t)
	if _, err := r.NewNode("node"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Secret("mac"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "node.pem"): 0o600, filepath.Join(dir, "mac.secret"): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("mode of %s = %v, %v, want %v", filepath.Base(path), st.Mode().Perm(), err, want)
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644} {
		for _, f := range []string{"node.pem", "mac.secret"} {
			if err := os.Chmod(filepath.Join(dir, f), mode); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Signer("node"); !errors.Is(err, keys.ErrLoose) {
			t.Errorf("Signer of a file with mode %v = %v, want %v", mode, err, keys.ErrLoose)
		}
		if _, err := r.Secret("mac"); !errors.Is(err, keys.ErrLoose) {
			t.Errorf("Secret of a file with mode %v = %v, want %v", mode, err, keys.ErrLoose)
		}
	}
}

func FuzzLoad(f *testing.F) {
	r, dir := ring(f)
	for name, make := range map[string]func(string) (vc.Signer, error){"member": r.NewMember, "node": r.NewNode} {
		if _, err := make(name); err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, name+".pem"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(append(b, b...))
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, dir := ring(t)
		if err := os.WriteFile(filepath.Join(dir, "k.pem"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := r.Signer("k")
		if err != nil {
			return
		}
		if _, err := vc.ParseDID(s.DID()); err != nil {
			t.Errorf("a key was taken whose DID is %q: %v", s.DID(), err)
		}
	})
}
