// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"dsai.example/dsai"
)

// Fixed values of Bitstring Status List 1.0.
const (
	StatusPurpose   = "revocation"
	StatusListType  = "BitstringStatusList"
	statusEntryType = "BitstringStatusListEntry"

	listFragment = "#list"
)

// Bits is a status list. Index 0 is the most significant bit of the first byte
// (Bitstring Status List 1.0, section 3.3).
type Bits [dsai.StatusListBits / 8]byte

// Revoked reports whether bit i is set. An index outside the list counts as set.
func (b *Bits) Revoked(i int) bool {
	return i < 0 || i >= dsai.StatusListBits || b[i/8]&(0x80>>(i%8)) != 0
}

// Revoke sets bit i. There is no way back.
func (b *Bits) Revoke(i int) error {
	if i < 0 || i >= dsai.StatusListBits {
		return fmt.Errorf("revoke index %d: %w: a list has %d", i, dsai.ErrSyntax, dsai.StatusListBits)
	}
	b[i/8] |= 0x80 >> (i % 8)
	return nil
}

// EncodeBits returns the encodedList form: "u", then base64url without padding
// of the gzipped bits.
func EncodeBits(b *Bits) (string, error) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err := w.Write(b[:])
	if err := errors.Join(err, w.Close()); err != nil {
		return "", fmt.Errorf("encode status list: %w", err)
	}
	return "u" + base64.RawURLEncoding.EncodeToString(z.Bytes()), nil
}

// DecodeBits reverses EncodeBits. It never expands more than a list holds;
// errors wrap dsai.ErrSyntax.
func DecodeBits(s string) (*Bits, error) {
	text, ok := strings.CutPrefix(s, "u")
	z, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// The decoder skips line breaks, which would spell a list in many ways.
	if !ok || err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("status list: %w: not multibase base64url", dsai.ErrSyntax)
	}
	in := bytes.NewReader(z)
	r, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("status list: %w: %v", dsai.ErrSyntax, err) //nolint:errorlint // one sentinel
	}
	r.Multistream(false)
	var b Bits
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return nil, fmt.Errorf("status list: %w: %v", dsai.ErrSyntax, err) //nolint:errorlint // one sentinel
	}
	// The checksum is only read, and compared, with the end of the stream.
	if more, err := io.ReadAll(io.LimitReader(r, 1)); len(more) != 0 || err != nil || in.Len() != 0 {
		return nil, fmt.Errorf("status list: %w: not exactly %d bits", dsai.ErrSyntax, dsai.StatusListBits)
	}
	return &b, nil
}

// ListID returns the subject id of the StatusList that status entries call list.
func ListID(list string) string { return list + listFragment }

// IsListID reports whether id is the ListID of list.
func IsListID(id, list string) bool {
	name, ok := strings.CutSuffix(id, listFragment)
	return ok && name == list
}

// NewStatusEntry points at bit index of the list called list, a URI.
func NewStatusEntry(list string, index int) *dsai.StatusEntry {
	i := strconv.Itoa(index)
	return &dsai.StatusEntry{
		ID: list + "#" + i, Type: statusEntryType, StatusPurpose: StatusPurpose,
		StatusListIndex: i, StatusListCredential: list,
	}
}

// ParseStatusEntry returns the list and index of e. It accepts only what
// NewStatusEntry writes for an index that a list has; errors wrap dsai.ErrSyntax.
func ParseStatusEntry(e dsai.StatusEntry) (list string, index int, err error) {
	list = e.StatusListCredential
	index, err = strconv.Atoi(e.StatusListIndex)
	id, isOfList := strings.CutPrefix(e.ID, list)
	id, hasIndex := strings.CutPrefix(id, "#")
	if err != nil || index < 0 || index >= dsai.StatusListBits || strconv.Itoa(index) != e.StatusListIndex ||
		!isOfList || !hasIndex || id != e.StatusListIndex || e.Type != statusEntryType || e.StatusPurpose != StatusPurpose {
		return "", 0, fmt.Errorf("credential status: %w: %.200q", dsai.ErrSyntax, e.ID)
	}
	return list, index, nil
}

// CheckWithdrawn refuses a list of withdrawn documents that is not in strictly
// ascending order, so that each set of documents has one form.
func CheckWithdrawn(list []dsai.Digest) error {
	for i := 1; i < len(list); i++ {
		if bytes.Compare(list[i-1][:], list[i][:]) >= 0 {
			return fmt.Errorf("status list: %w: withdrawn documents are not in order", dsai.ErrSyntax)
		}
	}
	return nil
}

// Withdrawn reports whether a list that CheckWithdrawn passed names a document
// as withdrawn from any of the consents and delegations.
func Withdrawn(list []dsai.Digest, d dsai.DocumentID, consents ...dsai.Digest) bool {
	if len(list) == 0 {
		return false
	}
	return slices.ContainsFunc(consents, func(c dsai.Digest) bool {
		_, found := slices.BinarySearchFunc(list, dsai.WithdrawnDocument(c, d), func(a, b dsai.Digest) int { return bytes.Compare(a[:], b[:]) })
		return found
	})
}
