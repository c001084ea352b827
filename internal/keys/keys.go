// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package keys keeps private keys and secrets as files that only their owner
// can read, one file for each use, and hands out signers. Keys never leave it
// in any other way. Only node and the command line may import it.
package keys

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Sentinel errors.
var (
	ErrExists  = errors.New("key already exists")
	ErrMissing = errors.New("no such key")
	ErrLoose   = errors.New("key file can be read by others")
)

const pemType = "PRIVATE KEY" // PKCS #8

// Ring is a folder of key files. It is safe for concurrent use.
type Ring struct{ dir string }

// Create makes an empty ring in a new folder.
func Create(dir string) (*Ring, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create key ring: %w", err)
	}
	return &Ring{dir}, nil
}

// Open returns the ring in an existing folder.
func Open(dir string) (*Ring, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("open key ring: %w", err)
	}
	return &Ring{dir}, nil
}

// NewMember makes a P-256 key.
func (r *Ring) NewMember(name string) (vc.Signer, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key %s: %w", name, err)
	}
	if err := r.save(name, k); err != nil {
		return nil, err
	}
	return vc.NewMemberSigner(k)
}

// NewNode makes an Ed25519 key.
func (r *Ring) NewNode(name string) (vc.Signer, error) {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key %s: %w", name, err)
	}
	if err := r.save(name, k); err != nil {
		return nil, err
	}
	return vc.NewNodeSigner(k)
}

// Signer returns the signer of a key, of whichever kind it is.
func (r *Ring) Signer(name string) (vc.Signer, error) {
	k, err := r.load(name)
	if err != nil {
		return nil, err
	}
	switch k := k.(type) {
	case *ecdsa.PrivateKey:
		return vc.NewMemberSigner(k)
	case ed25519.PrivateKey:
		return vc.NewNodeSigner(k)
	}
	return nil, fmt.Errorf("key %s: unexpected type %T", name, k)
}

// Ed25519 returns a node key itself, for the log's note signer.
func (r *Ring) Ed25519(name string) (ed25519.PrivateKey, error) {
	k, err := r.load(name)
	if err != nil {
		return nil, err
	}
	e, ok := k.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key %s: not Ed25519", name)
	}
	return e, nil
}

// Secret returns the 32 random bytes kept under a name, made at first use.
func (r *Ring) Secret(name string) ([]byte, error) {
	path := filepath.Join(r.dir, name+".secret")
	b, err := readPrivate(path)
	if errors.Is(err, ErrMissing) {
		b = make([]byte, 32)
		rand.Read(b)
		err = durable.WriteFile(path, b, 0o600)
	}
	if err == nil && len(b) != 32 {
		err = fmt.Errorf("secret %s: %d bytes, want 32", name, len(b))
	}
	return b, err
}

// Has reports whether a key of that name is kept here.
func (r *Ring) Has(name string) bool {
	_, err := os.Stat(r.path(name))
	return err == nil
}

// Rename gives a key another name; ErrExists when that is taken.
func (r *Ring) Rename(from, to string) error {
	if r.Has(to) {
		return fmt.Errorf("rename key %s: %w", from, ErrExists)
	}
	return durable.Rename(r.path(from), r.path(to))
}

// Remove destroys a key for good; one that is not there is fine. What the disk
// keeps of a deleted file is beyond it: encrypt the disk.
func (r *Ring) Remove(name string) error {
	err := os.Remove(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = durable.SyncDir(r.dir)
	}
	if err != nil {
		return fmt.Errorf("destroy key %s: %w", name, err)
	}
	return nil
}

func (r *Ring) path(name string) string { return filepath.Join(r.dir, name+".pem") }

func (r *Ring) save(name string, key any) error {
	if r.Has(name) {
		return fmt.Errorf("make key %s: %w", name, ErrExists)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make key %s: %w", name, err)
	}
	return durable.WriteFile(r.path(name), pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), 0o600)
}

func (r *Ring) load(name string) (any, error) {
	b, err := readPrivate(r.path(name))
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != pemType || len(rest) != 0 {
		return nil, fmt.Errorf("key %s: not one PEM block of type %s", name, pemType)
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	return k, nil
}

// readPrivate reads a file and refuses one that others can read: whoever could
// read it can sign.
func readPrivate(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing
	}
	if err != nil {
		return nil, err
	}
	if loose(st) {
		return nil, fmt.Errorf("%w: %s has mode %v, want 0600", ErrLoose, path, st.Mode().Perm())
	}
	return os.ReadFile(path)
}
