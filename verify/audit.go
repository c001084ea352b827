// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/identity"
	"dsai.example/dsai/internal/verifiable/vc"
)

// checkOrder is the order in which checks are reported.
var checkOrder = []string{
	"format", "anchor", "charter", "node", "receipt", "inclusion", "witnesses", "policy", "undertaking", "members", "consents",
	"purpose", "scope", "status", "revocation", "passages", "openings", "statistics", "settlement", "time", "replay",
}

// audit is the checking of one bundle. Each check reads what the checks before
// it have established.
type audit struct {
	v *Verifier
	b parts

	receipt    *receipt
	receiptErr error

	node    *nodeInception
	members []*memberInception
	needed  map[dsai.MemberID]bool // those whose signature something rests on
	unkeyed error                  // a signature that keys do not account for

	memberKeys map[dsai.MemberID]identity.History
	nodeKeys   map[dsai.NodeID]identity.History
	charter    *founding

	ceiling      dsai.Seconds // of the policy on the age of status lists; 0: none
	undertaking  *vc.Sealed[dsai.Undertaking]
	grants       map[dsai.Digest]*grant    // by consent
	acknowledged map[dsai.Digest]dsai.Time // when the node says it had a revocation
	statistics   *vc.Sealed[dsai.Statistics]
	leaf         logged

	result Result
	done   map[string]Check
}

// errNotChecked marks a check that lacks what an earlier one should have found.
var errNotChecked = errors.New("not checked")

func needs(check string) error { return fmt.Errorf("%w: %q does not hold", errNotChecked, check) }

func (a *audit) run(members []vc.Member) *Result {
	a.result.Anchor, a.result.Assurance = AnchorUnknown, dsai.Recorded
	a.check("format", func() (string, error) { return dsai.BundleFormat, a.b.read(members) })
	if a.done["format"].OK {
		a.receipt, a.receiptErr = readReceipt(a.b.receipt)
	} else {
		a.receiptErr = needs("format")
	}
	for _, step := range []struct {
		name  string
		check func(*audit) (string, error)
	}{
		// Keys come first, because signatures are judged by them.
		{"members", (*audit).checkMembers},
		{"charter", (*audit).checkCharter},
		{"node", (*audit).checkNode},
		{"receipt", (*audit).checkReceipt},
		{"inclusion", (*audit).checkInclusion},
		{"anchor", (*audit).checkAnchor},
		{"witnesses", (*audit).checkWitnesses},
		{"time", (*audit).checkTime},
		{"policy", (*audit).checkPolicy},
		{"undertaking", (*audit).checkUndertaking},
		{"consents", (*audit).checkConsents},
		{"purpose", (*audit).checkPurpose},
		{"scope", (*audit).checkScope},
		{"status", (*audit).checkStatus},
		{"revocation", (*audit).checkRevocation},
		{"passages", (*audit).checkPassages},
		{"openings", (*audit).checkOpenings},
		{"statistics", (*audit).checkStatistics},
		{"settlement", (*audit).checkSettlement},
		{"replay", (*audit).checkReplay},
	} {
		a.check(step.name, func() (string, error) {
			if a.receipt == nil && step.name != "receipt" {
				return "", needs("receipt")
			}
			return step.check(a)
		})
	}
	return a.conclude()
}

// checkSigners completes the check of members when all that signs is known:
// the keys account for every signature, and for nothing else. The second waits
// until nothing is wrong, because what failed may have needed a member.
func (a *audit) checkSigners() {
	err := a.unkeyed
	if a.allHold() {
		for _, m := range a.members {
			if !a.needed[m.id] {
				err = fmt.Errorf("the inception of member %s is superfluous", short(m.id.Digest))
			}
		}
	}
	if err != nil && a.done["members"].OK {
		a.check("members", func() (string, error) { return "", err })
	}
}

// allHold reports whether every check holds that needs no trust.
func (a *audit) allHold() bool {
	return !slices.ContainsFunc(checkOrder, func(name string) bool {
		return !a.done[name].OK && name != "anchor" && name != "witnesses"
	})
}

// check runs one check and keeps its line.
func (a *audit) check(name string, f func() (string, error)) {
	reason, err := f()
	if err != nil {
		reason = err.Error()
	}
	a.done[name] = Check{Name: name, OK: err == nil, Reason: reason}
}

func (a *audit) conclude() *Result {
	a.checkSigners()
	r := &a.result
	r.Checks = make([]Check, 0, len(checkOrder))
	r.Consistent = a.allHold()
	r.OK = r.Consistent
	for _, name := range checkOrder {
		r.Checks = append(r.Checks, a.done[name])
		r.OK = r.OK && a.done[name].OK
	}
	if a.receipt != nil {
		r.Kind, r.Receipt = a.receipt.typ, a.receipt.digest
		if a.receipt.answer != nil {
			r.Assurance = a.receipt.answer.Assurance
			m := a.receipt.answer.Model
			r.Model = &m
		}
	}
	return r
}

// openAll opens the credentials of one list, which must stand in the order of
// their digests.
func openAll[S any](a *audit, raws [][]byte, typ string) ([]*vc.Sealed[S], error) {
	var out []*vc.Sealed[S]
	for i, raw := range raws {
		s, err := open[S](a.v, raw, typ)
		if err != nil {
			return nil, err
		}
		if i > 0 && !before(out[i-1].Digest, s.Digest) {
			return nil, errNotSorted(typ, s.Digest)
		}
		out = append(out, s)
	}
	return out, nil
}

func errNotSorted(typ string, d dsai.Digest) error {
	return fmt.Errorf("%s %s is not in its place: lists are sorted by digest without duplicates", typ, short(d))
}

func before(a, b dsai.Digest) bool { return string(a[:]) < string(b[:]) }

// short is enough of a digest for people to tell credentials apart.
func short(d dsai.Digest) string { return d.Short() }
