// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package purpose is the pinned vocabulary of purposes, DPV 2.3, and the rule
// that decides whether a grant over it permits a use.
//
// The vocabulary is a polyhierarchy: 11 of its purposes have two broader ones,
// so that "is the purpose below something granted" would let a grant for
// ResearchAndDevelopment admit CommercialResearch. The rule therefore asks for
// every path to the top. It is compiled in, so that upgrading it is a release
// with another Digest, and never widens a consent that was signed before.
//
// The package holds facts and set arithmetic only: it never looks at a consent,
// reads no file and keeps no state. Anybody may import it. See spec/purpose.md.
package purpose

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"dsai.example/dsai"
)

//go:generate sh gen.sh ../../../../shared/vectors/dpv/purposes-2.3.csv

const (
	// Vocabulary is the name that consents carry in Purposes.Vocabulary.
	Vocabulary = "DPV 2.3"
	// Namespace comes before a term's name in its IRI.
	Namespace = "https://w3id.org/dpv#"
	// Top is the broadest concept. It may be neither granted nor asked for.
	Top = Namespace + "Purpose"
)

// ErrTop reports that the top concept was named: it stands for any use at all,
// so that nobody can mean it.
var ErrTop = errors.New("the top concept permits everything and cannot be named")

// entry is a term and its broader terms, by name.
type entry struct {
	name    string
	broader []string
}

// shorts are names for people. They stand for narrow terms, because the broad
// ones permit horrors: ServiceProvision admits SellDataToThirdParties.
var shorts = [...]struct{ short, name string }{
	{"answers", "SearchFunctionalities"},
	{"care", "ImproveHealthcare"},
	{"marketing", "Marketing"},
	{"public", "ImprovePublicServices"},
	{"research", "NonCommercialResearch"},
}

// node is an entry with its edges resolved. up includes the term itself.
type node struct {
	broader []int
	up      Set
}

var (
	index  = indexTable()
	nodes  = resolveTable()
	digest = digestTable()
)

func indexTable() map[string]int {
	m := make(map[string]int, len(table))
	for i, e := range table {
		m[Namespace+e.name] = i
	}
	return m
}

func resolveTable() []node {
	out := make([]node, len(table))
	for i, e := range table {
		out[i].up = Set{}.with(i)
		for _, name := range e.broader {
			b, ok := index[Namespace+name]
			if !ok || b >= i {
				panic("purpose: table is not ordered: " + e.name)
			}
			out[i].broader = append(out[i].broader, b)
			out[i].up = out[i].up.or(out[b].up)
		}
	}
	return out
}

// digestTable hashes the vocabulary's canonical text: its name, then one line
// for each term in order of name, with its broader terms in order of name,
// separated by single spaces, each line ended by a newline.
func digestTable() dsai.Digest {
	lines := make([]string, 0, len(table))
	for _, e := range table {
		lines = append(lines, strings.Join(append([]string{e.name}, e.broader...), " ")+"\n")
	}
	slices.Sort(lines)
	return dsai.Hash("vocabulary", []byte(Vocabulary+"\n"+strings.Join(lines, "")))
}

// Digest names the vocabulary: consents are decided only under the vocabulary
// that they were signed with.
func Digest() dsai.Digest { return digest }

// Known reports whether iri is a purpose that may be named: in the vocabulary
// and not the top concept.
func Known(iri string) bool { return index[iri] > 0 } // the top concept is entry 0

// Check returns nil for a purpose that may be named, ErrTop for the top
// concept, and an *UnknownError otherwise.
func Check(iri string) error {
	if iri == Top {
		return ErrTop
	}
	if !Known(iri) {
		return unknown(iri)
	}
	return nil
}

// Parse returns the IRI of a purpose given as a short name ("answers"), a name
// ("SearchFunctionalities"), a compact IRI ("dpv:…") or an IRI. Its errors are
// those of Check.
func Parse(s string) (string, error) {
	for _, e := range shorts {
		if e.short == s {
			return Namespace + e.name, nil
		}
	}
	iri := s
	if !strings.Contains(s, "/") {
		iri = Namespace + strings.TrimPrefix(s, "dpv:")
	}
	switch {
	case iri == Top:
		return "", ErrTop
	case !Known(iri):
		return "", unknown(s)
	}
	return iri, nil
}

// MustParse is Parse for names in source code: it panics on an error.
func MustParse(s string) string {
	iri, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return iri
}

// ShortIRIs returns the IRIs of the purposes that have a short name, in order
// of short name.
func ShortIRIs() []string {
	var out []string
	for _, e := range shorts {
		out = append(out, Namespace+e.name)
	}
	return out
}

// Short returns the name that people use for a purpose: its short name when it
// has one, else its name. An IRI outside the vocabulary is returned unchanged.
func Short(iri string) string {
	i, ok := index[iri]
	if !ok {
		return iri
	}
	for _, e := range shorts {
		if e.name == table[i].name {
			return e.short
		}
	}
	return table[i].name
}

// Label returns a purpose's name as words ("search functionalities").
func Label(iri string) string {
	var b strings.Builder
	for i, r := range strings.TrimPrefix(iri, Namespace) {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte(' ')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// All returns the IRIs of every purpose that may be named, in order of name.
func All() []string { return Set{}.not().IRIs() }

// Under reports whether iri is broad or has it somewhere above, by any path. It
// is the question for a denial; a permission asks Permits.
func Under(iri, broad string) bool {
	i, ok := index[iri]
	b, known := index[broad]
	return ok && known && nodes[i].up.has(b)
}

// Permits reports whether a grant permits a purpose: the purpose is known and
// not the top concept; neither it nor a broader term is denied; and every path
// from it to the top passes through an allowed term. A term that is not in the
// vocabulary permits nothing when allowed, and everything is refused when a
// denied term is not: its meaning cannot be honoured.
func Permits(iri string, allow, deny []string) bool {
	s, err := Permitted(allow, deny)
	return err == nil && s.Has(iri)
}

// Permitted returns every purpose that a grant permits. It returns the error of
// Check for the first term that may not be named, denied terms first.
func Permitted(allow, deny []string) (Set, error) {
	for _, list := range [...][]string{deny, allow} {
		for _, iri := range list {
			if err := Check(iri); err != nil {
				return Set{}, err
			}
		}
	}
	denied, covered := setOf(deny), setOf(allow)
	var permitted Set
	// Broader terms come first in the table, so one pass decides.
	for i := 1; i < len(nodes); i++ {
		above := len(nodes[i].broader) > 0
		for _, b := range nodes[i].broader {
			above = above && covered.has(b)
		}
		if above {
			covered = covered.with(i)
		}
		if covered.has(i) && nodes[i].up.and(denied).empty() {
			permitted = permitted.with(i)
		}
	}
	return permitted, nil
}

// CheckGrant returns nil when allow and deny may be signed: at least one
// purpose remains permitted and every term may be named.
func CheckGrant(allow, deny []string) error {
	s, err := Permitted(allow, deny)
	if err == nil && s.empty() {
		err = errors.New("grant of purposes permits nothing")
	}
	return err
}

// AlsoPermits returns what a grant permits beyond the purposes that it names,
// in order of name: what a person has to know before signing.
func AlsoPermits(allow, deny []string) []string {
	s, err := Permitted(allow, deny)
	if err != nil {
		return nil
	}
	return s.and(setOf(allow).not()).IRIs()
}

// Set is a set of purposes. The zero value is empty. Sets are comparable.
type Set [2]uint64

func setOf(iris []string) Set {
	var s Set
	for _, iri := range iris {
		if i, ok := index[iri]; ok {
			s = s.with(i)
		}
	}
	return s
}

// Has reports whether the purpose iri is in s.
func (s Set) Has(iri string) bool {
	i, ok := index[iri]
	return ok && s.has(i)
}

// Within reports whether every purpose of s is in t.
func (s Set) Within(t Set) bool { return s.and(t.not()).empty() }

// Len returns the number of purposes in s.
func (s Set) Len() int { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }

// IRIs returns the purposes of s in order of name, without the top concept.
func (s Set) IRIs() []string { return s.iris(1) }

func (s Set) iris(from int) []string {
	var out []string
	for i := from; i < len(table); i++ {
		if s.has(i) {
			out = append(out, Namespace+table[i].name)
		}
	}
	slices.Sort(out)
	return out
}

func (s Set) has(i int) bool { return s[i>>6]>>(i&63)&1 == 1 }
func (s Set) with(i int) Set { s[i>>6] |= 1 << (i & 63); return s }
func (s Set) and(t Set) Set  { return Set{s[0] & t[0], s[1] & t[1]} }
func (s Set) or(t Set) Set   { return Set{s[0] | t[0], s[1] | t[1]} }
func (s Set) not() Set       { return Set{^s[0], ^s[1]} }
func (s Set) empty() bool    { return s == Set{} }

// UnknownError reports a name that is not in the vocabulary.
type UnknownError struct {
	Name string
	Near []string // short names and names that resemble it, best first
}

func (e *UnknownError) Error() string {
	s := fmt.Sprintf("purpose %.60q is not in %s", e.Name, Vocabulary)
	if len(e.Near) > 0 {
		s += "; near it: " + strings.Join(e.Near, ", ")
	}
	return s
}
