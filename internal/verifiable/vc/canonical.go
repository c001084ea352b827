// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"

	"dsai.example/dsai"
)

// Limits on foreign JSON.
const (
	// MaxSize is the largest document read, in bytes.
	MaxSize = 16 << 20
	// MaxDepth is the deepest nesting of arrays and objects read.
	MaxDepth = 32
)

// Canonical returns the canonical form of v: RFC 8785 of its encoding/json
// form, within the profile of CanonicalRaw. A nil slice encodes as null and is
// refused; leave lists empty, not nil.
func Canonical(v any) ([]byte, error) {
	if canon, ok := writeCanonical(v); ok {
		return canon, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return CanonicalRaw(b)
}

// CanonicalRaw returns the RFC 8785 form of the JSON text raw, which it may
// return itself when that is the form it has. The profile is narrower than
// JSON: numbers are integers between -(2^53-1) and 2^53-1 without fraction or
// exponent, because JCS maps larger ones onto each other; null, duplicate keys,
// invalid UTF-8 and lone surrogates are refused, as are texts beyond MaxSize or
// MaxDepth. Errors wrap dsai.ErrSyntax.
func CanonicalRaw(raw []byte) ([]byte, error) {
	canon, _, err := canonicalRaw(raw)
	return canon, err
}

// CanonicalObject is CanonicalRaw for an object, with its Members.
func CanonicalObject(raw []byte) (canon []byte, members []Member, err error) {
	canon, members, err = canonicalRaw(raw)
	if err == nil && members == nil {
		members, err = Members(canon)
	}
	return canon, members, err
}

// canonicalRaw returns the members of an object as well, if it met them.
func canonicalRaw(raw []byte) (canon []byte, members []Member, err error) {
	if len(raw) > MaxSize {
		return nil, nil, fmt.Errorf("json: %w: %d bytes, at most %d", dsai.ErrSyntax, len(raw), MaxSize)
	}
	members, canonical, err := scan(raw)
	if err != nil {
		return nil, nil, err
	}
	if canonical {
		return raw, members, nil
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("json: %w: %v", dsai.ErrSyntax, err) //nolint:errorlint // its errors are text only
	}
	return out, nil, nil
}

// Decode reads raw into a T under the one rule of this package: it is accepted
// only if the canonical form of the result equals that of raw. Errors wrap
// dsai.ErrSyntax.
func Decode[T any](raw []byte) (T, error) {
	var v T
	canon, err := CanonicalRaw(raw)
	if err != nil {
		return v, err
	}
	return DecodeCanonical[T](canon)
}

// DecodeStrict is Decode for text that must be canonical itself, such as what a
// commitment opens to: a second text of the same value is refused.
func DecodeStrict[T any](text []byte) (T, error) {
	canon, err := CanonicalRaw(text)
	if err == nil && !bytes.Equal(canon, text) {
		err = fmt.Errorf("json: %w: not in canonical form", dsai.ErrSyntax)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return DecodeCanonical[T](canon)
}

// DecodeCanonical is Decode for text that is known to be canonical, such as what
// Members and Elements return.
func DecodeCanonical[T any](canon []byte) (T, error) {
	var v, zero T
	if readCanonical(canon, &v) {
		return v, nil
	}
	v = zero
	if err := json.Unmarshal(canon, &v); err != nil {
		return zero, fmt.Errorf("decode: %w: %v", dsai.ErrSyntax, err) //nolint:errorlint // one sentinel for all of encoding/json
	}
	again, err := json.Marshal(v)
	if err != nil {
		return zero, fmt.Errorf("decode: %w: %v", dsai.ErrSyntax, err) //nolint:errorlint // as above
	}
	if again, err = CanonicalRaw(again); err != nil {
		return zero, fmt.Errorf("decode: %w", err)
	}
	if bytes.Equal(canon, again) {
		return v, nil
	}
	return zero, fmt.Errorf("decode: %w: %s", dsai.ErrSyntax, difference(canon, again))
}

// difference says where the canonical text a of a document leaves the canonical
// text b of what was understood of it.
func difference(a, b []byte) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	start := max(0, i-24)
	return fmt.Sprintf("unknown, missing or misspelled field near %q", a[start:min(len(a), i+24)])
}
