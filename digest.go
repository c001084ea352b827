// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrSyntax reports text that is not the canonical form of a value.
var ErrSyntax = errors.New("not in canonical form")

// Digest is a SHA-256 digest. Its text form is 64 lower-case hexadecimal digits.
type Digest [32]byte

// Identifiers outlive keys: each is the digest of a founding record, except
// DocumentID, which is random. They are distinct types, so that one cannot be
// passed for another, and share Digest's text form. See spec/identity.md.
type (
	// CoopID names a co-op: Hash("charter", JCS(charter subject)).
	CoopID struct{ Digest }
	// MemberID names a member: Hash("member", JCS(inception subject)).
	MemberID struct{ Digest }
	// NodeID names a node: Hash("node", JCS(inception subject)).
	NodeID struct{ Digest }
	// DocumentID names a document across its versions. It is random and says
	// nothing about the content.
	DocumentID struct{ Digest }
)

// Hash returns SHA-256 over a domain tag and length-prefixed parts, so that no
// two uses and no two splits of the same bytes collide (spec/encoding.md#hash).
// The preimage is "dsai/1/" domain 0x00 then, for each part, its length in
// bytes as a big-endian uint64 followed by the part.
func Hash(domain string, parts ...[]byte) Digest {
	h := sha256.New()
	h.Write([]byte("dsai/1/" + domain + "\x00"))
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	var d Digest
	h.Sum(d[:0])
	return d
}

// Commit hides content behind a 32-byte random salt: Hash(domain, salt, content).
// Without the salt the commitment says nothing about content, however short.
func Commit(domain string, salt Salt, content []byte) Digest {
	return Hash(domain, salt[:], content)
}

// Salt blinds a commitment. It must be random, or derived from a secret, and
// used once. Its text form is 64 lower-case hexadecimal digits.
type Salt [32]byte

// IsZero reports whether d is the zero digest, which names nothing.
func (d Digest) IsZero() bool { return d == Digest{} }

// Short returns the digits by which people tell apart the few things that one
// of them deals with. Where a digest is asked for, any unique prefix will do.
func (d Digest) Short() string { return hex.EncodeToString(d[:4]) }

func (d Digest) String() string { return hex.EncodeToString(d[:]) }
func (s Salt) String() string   { return hex.EncodeToString(s[:]) }

// MarshalText returns the canonical text form.
func (d Digest) MarshalText() ([]byte, error) { return hexText(d[:]), nil }

// MarshalText returns the canonical text form.
func (s Salt) MarshalText() ([]byte, error) { return hexText(s[:]), nil }

// UnmarshalText accepts the canonical text form only; see ErrSyntax.
func (d *Digest) UnmarshalText(b []byte) error { return unhexText(d[:], b) }

// UnmarshalText accepts the canonical text form only; see ErrSyntax.
func (s *Salt) UnmarshalText(b []byte) error { return unhexText(s[:], b) }

// ParseDigest parses the canonical text form.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	return d, d.UnmarshalText([]byte(s))
}

func hexText(b []byte) []byte { return hex.AppendEncode(nil, b) }

func unhexText(dst, src []byte) error {
	if len(src) != 2*len(dst) {
		return fmt.Errorf("digest %.80q: %w: want %d lower-case hex digits", src, ErrSyntax, 2*len(dst))
	}
	for i := range dst {
		high, low := digits[src[2*i]], digits[src[2*i+1]]
		if high|low > 15 {
			return fmt.Errorf("digest %.80q: %w: want lower-case hex", src, ErrSyntax)
		}
		dst[i] = high<<4 | low
	}
	return nil
}

// digits is what each lower-case hexadecimal digit stands for, and 255 for any
// other byte. Package encoding/hex accepts upper case; one value must have one text.
var digits = func() (d [256]byte) {
	for i := range d {
		d[i] = 255
	}
	for i, c := range []byte("0123456789abcdef") {
		d[c] = byte(i)
	}
	return d
}()
