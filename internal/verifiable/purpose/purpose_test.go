// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package purpose_test

import (
	"encoding/csv"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/purpose"
	"github.com/google/go-cmp/cmp"
)

const ns = purpose.Namespace

// published is the vocabulary's own file, which is not part of this project.
const published = "../../../../shared/vectors/dpv/purposes-2.3.csv"

// readPublished returns the edges of the published file, or skips.
func readPublished(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open(published)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("SKIP: the DPV 2.3 file is not here; the table is checked against itself only")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	iri, kind, broader := slices.Index(rows[0], "iri"), slices.Index(rows[0], "dpvtype"), slices.Index(rows[0], "hasbroader")
	edges := map[string][]string{purpose.Top: {}}
	for _, r := range rows[1:] {
		if r[kind] == purpose.Top {
			edges[r[iri]] = strings.Split(r[broader], ";")
		}
	}
	return edges
}

func TestTableIsThePublishedVocabulary(t *testing.T) {
	want := readPublished(t)
	for iri, up := range want {
		// The one edge that leaves the vocabulary leads to a legal basis.
		want[iri] = slices.DeleteFunc(up, func(b string) bool { return b == ns+"LegalObligation" })
		slices.Sort(want[iri])
	}
	if d := cmp.Diff(want, purpose.Edges()); d != "" {
		t.Errorf("table differs from the published file (-published +table):\n%s", d)
	}
}

// paths enumerates every path from iri upwards to a term without broader ones.
func paths(edges map[string][]string, iri string) [][]string {
	if len(edges[iri]) == 0 {
		return [][]string{{iri}}
	}
	var out [][]string
	for _, b := range edges[iri] {
		for _, p := range paths(edges, b) {
			out = append(out, append([]string{iri}, p...))
		}
	}
	return out
}

// brute decides by the words of the rule.
func brute(edges map[string][]string, iri string, allow, deny []string) bool {
	if _, known := edges[iri]; !known || iri == purpose.Top {
		return false
	}
	for _, p := range paths(edges, iri) {
		if slices.ContainsFunc(p, func(s string) bool { return slices.Contains(deny, s) }) {
			return false
		}
		if !slices.ContainsFunc(p, func(s string) bool { return slices.Contains(allow, s) }) {
			return false
		}
	}
	return true
}

func testAgainst(t *testing.T, edges map[string][]string) {
	terms := slices.DeleteFunc(slices.Sorted(maps.Keys(edges)), func(s string) bool { return s == purpose.Top })
	if len(terms) != 121 {
		t.Fatalf("vocabulary has %d purposes, want 121", len(terms))
	}
	check := func(p string, allow, deny []string) {
		t.Helper()
		if got, want := purpose.Permits(p, allow, deny), brute(edges, p, allow, deny); got != want {
			t.Errorf("Permits(%s, %v, %v) = %v, want %v", p, allow, deny, got, want)
		}
	}
	laundered := 0
	for _, p := range terms {
		for _, a := range terms {
			check(p, []string{a}, nil)
			if purpose.Under(p, a) && !purpose.Permits(p, []string{a}, nil) {
				laundered++
			}
			for _, b := range edges[p] {
				if b != purpose.Top {
					check(p, []string{a, b}, nil)
				}
			}
			check(p, []string{p}, []string{a})
			check(p, terms, []string{a})
		}
	}
	if laundered == 0 {
		t.Error("no pair tells the rule from any-ancestor: the test cannot fail")
	}
	t.Logf("%d pairs that any-ancestor would admit and every-path does not", laundered)
}

func TestPermitsAgainstPathEnumeration(t *testing.T) {
	t.Run("table", func(t *testing.T) { testAgainst(t, purpose.Edges()) })
	t.Run("published", func(t *testing.T) {
		edges := readPublished(t)
		// Where a path leaves the vocabulary it also ends; nothing can allow it.
		for iri, up := range edges {
			edges[iri] = slices.DeleteFunc(up, func(b string) bool { return b == ns+"LegalObligation" })
		}
		testAgainst(t, edges)
	})
}

func TestPermits(t *testing.T) {
	for _, tc := range []struct {
		name        string
		purpose     string
		allow, deny []string
		want        bool
	}{
		{"itself", ns + "Marketing", []string{ns + "Marketing"}, nil, true},
		{"narrower", ns + "Advertising", []string{ns + "Marketing"}, nil, true},
		{"broader", ns + "Marketing", []string{ns + "Advertising"}, nil, false},
		{"one of two parents", ns + "CommercialResearch", []string{ns + "ResearchAndDevelopment"}, nil, false},
		{"both parents", ns + "CommercialResearch", []string{ns + "ResearchAndDevelopment", ns + "CommercialPurpose"}, nil, true},
		{"denied", ns + "Advertising", []string{ns + "Marketing"}, []string{ns + "Advertising"}, false},
		{"broader denied", ns + "Advertising", []string{ns + "Advertising"}, []string{ns + "Marketing"}, false},
		{"one of two parents denied", ns + "TargetedAdvertising", []string{ns + "TargetedAdvertising"}, []string{ns + "Personalisation"}, false},
		{"nothing allowed", ns + "Marketing", nil, nil, false},
		{"root outside the top", ns + "RightsFulfilment", []string{ns + "PublicBenefit"}, nil, false},
		{"root outside the top, named", ns + "RightsFulfilment", []string{ns + "RightsFulfilment"}, nil, true},
		{"top asked for", purpose.Top, []string{ns + "Marketing"}, nil, false},
		{"top allowed", ns + "Marketing", []string{purpose.Top}, nil, false},
		{"unknown asked for", ns + "World", []string{ns + "Marketing"}, nil, false},
		{"unknown allowed", ns + "Marketing", []string{ns + "Marketing", ns + "World"}, nil, false},
		{"unknown denied", ns + "Marketing", []string{ns + "Marketing"}, []string{ns + "World"}, false},
		{"empty", "", []string{""}, nil, false},
	} {
		if got := purpose.Permits(tc.purpose, tc.allow, tc.deny); got != tc.want {
			t.Errorf("%s: Permits(%s, %v, %v) = %v, want %v", tc.name, tc.purpose, tc.allow, tc.deny, got, tc.want)
		}
	}
}

func TestShortNamesAreNarrow(t *testing.T) {
	for _, tc := range []struct{ short, name string }{
		{"answers", "SearchFunctionalities"},
		{"research", "NonCommercialResearch"},
		{"care", "ImproveHealthcare"},
		{"public", "ImprovePublicServices"},
		{"marketing", "Marketing"},
	} {
		for _, in := range []string{tc.short, tc.name, "dpv:" + tc.name, ns + tc.name} {
			got, err := purpose.Parse(in)
			if err != nil || got != ns+tc.name {
				t.Errorf("Parse(%q) = %q, %v, want %q", in, got, err, ns+tc.name)
			}
		}
		if got := purpose.Short(ns + tc.name); got != tc.short {
			t.Errorf("Short(%q) = %q, want %q", ns+tc.name, got, tc.short)
		}
		also := purpose.AlsoPermits([]string{ns + tc.name}, nil)
		if tc.short != "marketing" && len(also) != 0 {
			t.Errorf("AlsoPermits(%s) = %v, want nothing", tc.short, also)
		}
	}
	also := purpose.AlsoPermits([]string{ns + "Marketing"}, []string{ns + "Advertising"})
	if want := []string{ns + "DirectMarketing", ns + "PublicRelations", ns + "SocialMediaMarketing"}; !slices.Equal(also, want) {
		t.Errorf("AlsoPermits(Marketing but not Advertising) = %v, want %v", also, want)
	}
}

func TestParseErrors(t *testing.T) {
	for _, tc := range []struct{ in, near string }{
		{"anwsers", "answers"},
		{"Answers", "answers"},
		{"Searchfunctionalities", "SearchFunctionalities"},
		{"healthcare", "ImproveHealthcare"},
		{"dpv:marketing", "marketing"},
		{ns + "Advertizing", "Advertising"},
	} {
		_, err := purpose.Parse(tc.in)
		u, ok := errors.AsType[*purpose.UnknownError](err)
		if !ok || !slices.Contains(u.Near, tc.near) || !strings.Contains(err.Error(), tc.near) {
			t.Errorf("Parse(%q) = %v, want a hint at %q", tc.in, err, tc.near)
		}
	}
	for _, in := range []string{"", "xyzzy", strings.Repeat("a", 1000), "https://example.org/#Marketing"} {
		if got, err := purpose.Parse(in); err == nil || got != "" {
			t.Errorf("Parse(%.20q) = %q, %v, want an error", in, got, err)
		}
	}
	for _, in := range []string{"Purpose", "dpv:Purpose", purpose.Top} {
		if _, err := purpose.Parse(in); !errors.Is(err, purpose.ErrTop) {
			t.Errorf("Parse(%q) = %v, want ErrTop", in, err)
		}
	}
}

func TestCheckGrant(t *testing.T) {
	for _, tc := range []struct {
		name        string
		allow, deny []string
		ok          bool
	}{
		{"one", []string{ns + "Marketing"}, nil, true},
		{"top", []string{purpose.Top}, nil, false},
		{"top denied", []string{ns + "Marketing"}, []string{purpose.Top}, false},
		{"nothing", nil, nil, false},
		{"all denied", []string{ns + "Marketing"}, []string{ns + "Marketing"}, false},
		{"unknown", []string{ns + "World"}, nil, false},
	} {
		if err := purpose.CheckGrant(tc.allow, tc.deny); (err == nil) != tc.ok {
			t.Errorf("%s: CheckGrant(%v, %v) = %v, want ok %v", tc.name, tc.allow, tc.deny, err, tc.ok)
		}
	}
}

// TestWithin compares sets with what Permits says of each purpose.
func TestWithin(t *testing.T) {
	for _, a := range purpose.All() {
		for _, b := range purpose.All() {
			s, _ := purpose.Permitted([]string{a}, nil)
			u, _ := purpose.Permitted([]string{b, ns + "Marketing"}, []string{ns + "Advertising"})
			want := !slices.ContainsFunc(s.IRIs(), func(p string) bool {
				return !purpose.Permits(p, []string{b, ns + "Marketing"}, []string{ns + "Advertising"})
			})
			if got := s.Within(u); got != want {
				t.Errorf("Within(%s, %s) = %v, want %v", a, b, got, want)
			}
		}
	}
}

// TestDigest pins the vocabulary: consents name this digest.
func TestDigest(t *testing.T) {
	const want = "9024b22bfdb9067ab95d6128678114b3eaae051037886b40297c34d91151e40a"
	if got := purpose.Digest().String(); got != want {
		t.Errorf("Digest() = %s, want %s", got, want)
	}
	if n := len(purpose.All()); n != 121 {
		t.Errorf("len(All()) = %d, want 121", n)
	}
}

func TestLabel(t *testing.T) {
	if got, want := purpose.Label(ns+"ImprovePublicServices"), "improve public services"; got != want {
		t.Errorf("Label = %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"answers", "dpv:Marketing", purpose.Top, "Anwsers", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		iri, err := purpose.Parse(s)
		if (err == nil) != purpose.Known(iri) {
			t.Fatalf("Parse(%q) = %q, %v", s, iri, err)
		}
		if err == nil {
			if again, err := purpose.Parse(purpose.Short(iri)); err != nil || again != iri {
				t.Fatalf("Parse(Short(%q)) = %q, %v", iri, again, err)
			}
		}
	})
}

func BenchmarkPermits(b *testing.B) {
	allow := []string{ns + "SearchFunctionalities"}
	b.ReportAllocs()
	for b.Loop() {
		purpose.Permits(ns+"SearchFunctionalities", allow, nil)
	}
}

func BenchmarkSetHas(b *testing.B) {
	s, _ := purpose.Permitted([]string{ns + "SearchFunctionalities"}, nil)
	b.ReportAllocs()
	for b.Loop() {
		s.Has(ns + "SearchFunctionalities")
	}
}
