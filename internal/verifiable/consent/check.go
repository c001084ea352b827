// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

// ErrConsent reports a consent that nobody can act on.
var ErrConsent = errors.New("consent cannot be honoured")

// AnyRegion in ConsentBundle.Regions stands for every region, also one that a
// node does not state.
const AnyRegion = "any"

// Values of ConsentBundle fields that the vocabulary leaves as text.
var (
	rightsBases   = []string{"asserted:own", "asserted:licensed", "asserted:public"}
	revenueShares = []string{"policy", "none"}
	captures      = []string{"cli", "page", "request-file"}

	operations = []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer, dsai.OpReplicate, dsai.OpEmbed, dsai.OpFineTune, dsai.OpEvaluate, dsai.OpShare}
	engines    = []dsai.EngineClass{dsai.EngineExtract, dsai.EngineInfer, dsai.EngineUpstream}
)

// check returns nil when every part of a consent says something that this
// version knows. An unknown value would have to be read as a denial, and a
// member would believe to have granted it.
func check(c vc.Sealed[dsai.ConsentBundle]) error {
	b := &c.Subject
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrConsent}, args...)...)
	}
	switch {
	case len(b.Delegation) == 0 && c.Issuer != b.ID:
		return refuse("issued by %.80q for %.80q without a delegation", c.Issuer, b.ID)
	case c.ValidUntil == 0:
		return refuse("it has no end")
	case len(b.RevocationPoints) == 0:
		return refuse("it names no revocation point")
	case b.MaxStatusAge < 1 || b.MaxStatusAge > MaxStatusAge:
		return refuse("status may be %d seconds old, want 1 to %d", b.MaxStatusAge, MaxStatusAge)
	case b.Retention < 0 || b.Output.QuoteMax < 0:
		return refuse("a limit is negative")
	case !slices.Contains(rightsBases, b.RightsBasis):
		return refuse("unknown rights basis %.40q", b.RightsBasis)
	case !slices.Contains(revenueShares, b.Revenue.Share):
		return refuse("unknown revenue share %.40q", b.Revenue.Share)
	case !slices.Contains(captures, b.Capture.Method):
		return refuse("unknown way of capture %.40q", b.Capture.Method)
	case b.Capture.Custody != dsai.CustodyDevice && b.Capture.Custody != dsai.CustodyNode:
		return refuse("unknown custody %.40q", b.Capture.Custody)
	case b.Notice.Digest.IsZero():
		return refuse("it does not say which words the member was shown")
	case !distinct(operations, b.Operations):
		return refuse("operations %.200q: want some of %q, each once", b.Operations, operations)
	case !distinct(engines, b.Engines):
		return refuse("engines %.200q: want some of %q, each once", b.Engines, engines)
	case b.Models != nil && len(b.Models) == 0:
		return refuse("it permits no model")
	}
	for _, r := range b.Recipients {
		if r != dsai.RecipientCoop && r != dsai.RecipientPublic && r != dsai.RecipientShared && !strings.HasPrefix(r, "did:key:") {
			return refuse("unknown recipient %.80q", r)
		}
	}
	for _, r := range b.Regions {
		if r != AnyRegion && !isRegion(r) {
			return refuse("unknown region %.40q", r)
		}
	}
	if len(b.Recipients) == 0 || len(b.Regions) == 0 {
		return refuse("it permits no recipient or no region")
	}
	if err := checkPurposes(b.Purposes); err != nil {
		return refuse("%w", err)
	}
	if err := checkData(b.Data); err != nil {
		return refuse("%w", err)
	}
	return nil
}

func checkPurposes(p dsai.Purposes) error {
	if p.Vocabulary != purpose.Vocabulary || p.Digest != purpose.Digest() {
		return fmt.Errorf("purposes are of vocabulary %.40q %v, want %q %v", p.Vocabulary, p.Digest, purpose.Vocabulary, purpose.Digest())
	}
	return purpose.CheckGrant(p.Allow, p.Deny)
}

func checkData(s dsai.DataScope) error {
	if len(s.Documents) == 0 && s.Collection == nil {
		return errors.New("it covers no data")
	}
	named := make(map[dsai.DocumentID]bool, len(s.Documents))
	for _, d := range s.Documents {
		if err := checkDocument(d); err != nil {
			return err
		}
		if named[d.Document] {
			return fmt.Errorf("document %v is named twice", d.Document)
		}
		named[d.Document] = true
	}
	return nil
}

func checkDocument(d dsai.DocumentGrant) error {
	switch {
	case d.Mode != dsai.ModeFrozen && d.Mode != dsai.ModeFollowing:
		return fmt.Errorf("document %v: unknown mode %.40q", d.Document, d.Mode)
	case d.Mode == dsai.ModeFrozen && d.Version == nil:
		return fmt.Errorf("document %v is frozen at no version", d.Document)
	}
	return nil
}

// isRegion reports whether s has the form of an ISO 3166 code: a country (-1
// alpha-2), or a country and its subdivision (-2).
func isRegion(s string) bool {
	country, sub, cut := strings.Cut(s, "-")
	code := func(s string, low, high int, digits string) bool {
		return len(s) >= low && len(s) <= high && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"+digits) == ""
	}
	return code(country, 2, 2, "") && (!cut || code(sub, 1, 3, "0123456789"))
}

// mask is a set of members of a short closed list, by index.
type mask uint8

func maskOf[T comparable](all, some []T) mask {
	var m mask
	for i, v := range all {
		if slices.Contains(some, v) {
			m |= 1 << i
		}
	}
	return m
}

// within reports whether m has nothing that n lacks.
func (m mask) within(n mask) bool { return m&^n == 0 }

func has[T comparable](m mask, all []T, v T) bool {
	i := slices.Index(all, v)
	return i >= 0 && m>>i&1 == 1
}

// distinct reports whether some is a non-empty selection of all without repeats.
func distinct[T comparable](all, some []T) bool {
	n := 0
	for _, v := range all {
		if slices.Contains(some, v) {
			n++
		}
	}
	return n > 0 && n == len(some)
}
