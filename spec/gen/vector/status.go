// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Lists are written out because another compressor may find other bytes for the
// same bits, which are as valid.
const (
	encodedList  = "uH4sIAAAAAAAC_-zAQREAAAgCMM9kRjM6Mfhs9wMAAAAAAAAAAAAAAAAAAAB0bQIAAP__r4GtOABAAAA" // bits 1, 8 and 131070
	encodedShort = "uH4sIAAAAAAAC_-zAMQEAAADCIPunNsYeGAAAAAAAAAAAAAAAAAAAAFB7AAAA__8Jr4WK_z8AAA"      // one byte less
	encodedLong  = "uH4sIAAAAAAAC_-zAMQEAAADCIPunNsYeGAAAAAAAAAAAAAAAAAAAANB7AAAA__9KnXLWAUAAAA"      // one byte more
)

type statusVectors struct {
	Bits    int           `json:"bits"`
	Encoded string        `json:"encodedList"`
	Set     []int         `json:"set"`
	Entry   any           `json:"entry"` // of the last bit
	Refused []refusedList `json:"refused"`
	// One document that was withdrawn from one consent.
	Withdrawn withdrawnVector `json:"withdrawn"`
	Bounds    []boundVector   `json:"bounds"`
}

// withdrawnVector is what a list calls a document withdrawn from a consent.
type withdrawnVector struct {
	Consent  dsai.Digest     `json:"consent"`
	Document dsai.DocumentID `json:"document"`
	Listed   dsai.Digest     `json:"listed"`
}

type refusedList struct {
	Name    string `json:"name"`
	Encoded string `json:"encodedList"`
}

// boundVector is the bound B on use after withdrawal, in seconds.
type boundVector struct {
	MaxStatusAge dsai.Seconds `json:"maxStatusAgeSeconds"`
	ListLife     dsai.Seconds `json:"listLifeSeconds"`
	Work         dsai.Seconds `json:"workSeconds"`
	Bound        dsai.Seconds `json:"boundSeconds"`
}

func statuses() statusVectors {
	out := statusVectors{Bits: dsai.StatusListBits, Encoded: encodedList, Set: []int{1, 8, 131070}, Entry: vc.NewStatusEntry(listURI, 131071)}
	bits := must1(vc.DecodeBits(encodedList))
	for i := range dsai.StatusListBits {
		if bits.Revoked(i) != slices.Contains(out.Set, i) {
			panic("encodedList holds other bits")
		}
	}
	for _, r := range []refusedList{
		{"no multibase letter", encodedList[1:]},
		{"padded", encodedList + "="},
		{"one byte short", encodedShort},
		{"one byte long", encodedLong},
		{"not gzip", "uAAAA"},
	} {
		if _, err := vc.DecodeBits(r.Encoded); err == nil {
			panic("status list is read: " + r.Name)
		}
		out.Refused = append(out.Refused, r)
	}
	w := withdrawnVector{Consent: dsai.Hash("vector", []byte("a consent")), Document: dsai.DocumentID{Digest: dsai.Hash("vector", []byte("a document"))}}
	w.Listed = dsai.WithdrawnDocument(w.Consent, w.Document)
	out.Withdrawn = w
	for _, age := range []dsai.Seconds{1, 30, 31, 300, 3600, consent.MaxStatusAge} {
		p := consent.ProfileFor(age)
		out.Bounds = append(out.Bounds, boundVector{age, p.ListLife, p.Work, p.Bound()})
	}
	return out
}
