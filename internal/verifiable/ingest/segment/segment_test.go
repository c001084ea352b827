// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// check reports every promise of Cut that the passages break.
func check(t *testing.T, text []byte, ps []segment.Passage) {
	t.Helper()
	at := 0
	for i, p := range ps {
		switch {
		case p.Start < at || p.End <= p.Start || p.End > len(text):
			t.Fatalf("passage %d = [%d,%d), want it after %d and within %d", i, p.Start, p.End, at, len(text))
		case p.End-p.Start > 1500:
			t.Errorf("passage %d has %d bytes, want at most 1500", i, p.End-p.Start)
		case utf8.Valid(text) && !utf8.Valid(text[p.Start:p.End]):
			t.Errorf("passage %d = %q, cuts a rune", i, text[p.Start:p.End])
		case len(bytes.TrimSpace(text[p.Start:p.End])) != p.End-p.Start:
			t.Errorf("passage %d = %q, has white space at an end", i, text[p.Start:p.End])
		}
		blank(t, text[at:p.Start])
		at = p.End
	}
	blank(t, text[at:])
}

func blank(t *testing.T, gap []byte) {
	t.Helper()
	if s := strings.TrimFunc(string(gap), func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }); s != "" {
		t.Errorf("no passage holds %q", s)
	}
}

// at marks the first occurrence of sub.
func at(text, sub string, m segment.Mark) segment.Mark {
	m.At = strings.Index(text, sub)
	return m
}

func TestCutHeadings(t *testing.T) {
	text := "Intro.\n\n# A\n\n## B\nbody b\n\n## C\n\n# D\nbody d\n"
	h := func(s string, level int) segment.Mark {
		return at(text, s, segment.Mark{Kind: segment.Heading, Level: level, Title: strings.TrimLeft(s, "# ")})
	}
	got := segment.Cut([]byte(text), []segment.Mark{
		{}, h("# A", 1), h("## B", 2), at(text, "body b", segment.Mark{}),
		h("## C", 2), h("# D", 1), at(text, "body d", segment.Mark{}),
	}, "en")
	type row struct {
		Text, Path string
	}
	var rows []row
	for _, p := range got {
		rows = append(rows, row{text[p.Start:p.End], strings.Join(p.Heading, "/")})
	}
	want := []row{
		{"Intro.", ""},
		{"# A\n\n## B\nbody b", "A/B"},
		{"## C", "A/C"},
		{"# D\nbody d", "D"},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("Cut headings (-want +got):\n%s", d)
	}
	if got[0].Language != "en" {
		t.Errorf("Language = %q, want the document's", got[0].Language)
	}
	check(t, []byte(text), got)
}

// TestCutGolden pins the cuts of long text: a change of any size here changes
// ID, because signed derivations would no longer be reproducible.
func TestCutGolden(t *testing.T) {
	sentence := func(n int) string { return "Begin" + strings.Repeat(" word", n) + " end. " }
	for _, c := range []struct {
		name  string
		text  string
		marks []segment.Mark
		want  []int // sizes of the passages
	}{
		{"short", "One. Two.", nil, []int{9}},
		{"sentences", strings.Repeat(sentence(18), 30), nil, []int{807, 807, 807, 605}},
		{"wrapped lines are one sentence", strings.Repeat("word and word\n", 90), nil, []int{895, 363}},
		{"one long word", strings.Repeat("x", 4000), nil, []int{1500, 1500, 1000}},
		{"long word of two-byte runes", strings.Repeat("é", 1600), nil, []int{1500, 1500, 200}},
		{"spaces only", " \n\t ", nil, nil},
		{"empty", "", nil, nil},
		{"paragraph end preferred", strings.Repeat("p", 640) + "\n\n" + strings.Repeat(sentence(18), 12),
			[]segment.Mark{{}, {At: 642}}, []int{640, 807, 403}},
		{"rows stay whole", strings.Repeat(strings.Repeat("r", 399)+"\n", 5),
			[]segment.Mark{{Kind: segment.Row}, {At: 400, Kind: segment.Row}, {At: 800, Kind: segment.Row},
				{At: 1200, Kind: segment.Row}, {At: 1600, Kind: segment.Row}}, []int{799, 799, 399}},
		{"small row before a large one", "small\n" + strings.Repeat("r", 1499),
			[]segment.Mark{{Kind: segment.Row}, {At: 6, Kind: segment.Row}}, []int{5, 1499}},
		{"pages", "one\ntwo", []segment.Mark{{Page: 1}, {At: 4, Page: 2}}, []int{3, 3}},
		{"byte order mark", "\ufeffone", nil, []int{3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ps := segment.Cut([]byte(c.text), c.marks, "")
			var got []int
			for _, p := range ps {
				got = append(got, p.End-p.Start)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("Cut sizes (-want +got):\n%s", d)
			}
			check(t, []byte(c.text), ps)
		})
	}
}

func TestSentences(t *testing.T) {
	text := "Boil the water\nfor ten minutes. Let it cool! Is it 3.5 litres? Yes."
	var got []string
	for _, s := range segment.Sentences([]byte(text)) {
		got = append(got, text[s.Start:s.End])
	}
	want := []string{"Boil the water\nfor ten minutes.", "Let it cool!", "Is it 3.5 litres?", "Yes."}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Sentences (-want +got):\n%s", d)
	}
}

// FuzzCut takes marks from bytes: each triple is a distance, a kind and a level.
func FuzzCut(f *testing.F) {
	f.Add([]byte("One. Two.\n\nThree"), []byte{3, 0, 1, 4, 3, 2})
	f.Add([]byte(strings.Repeat("Wörter über Wörter. ", 200)), []byte{200, 1, 0, 90, 2, 0})
	f.Add(bytes.Repeat([]byte("\xf0\x9f\x91\xa9\xe2\x80\x8d"), 500), []byte{})
	f.Add([]byte("\xff\xfe \x80"), []byte{1, 3, 9})
	f.Fuzz(func(t *testing.T, text, spec []byte) {
		var marks []segment.Mark
		for pos := 0; len(spec) >= 3; spec = spec[3:] {
			pos += int(spec[0])
			marks = append(marks, segment.Mark{At: pos, Kind: segment.Kind(spec[1] % 4),
				Level: int(spec[2] % 8), Title: string(spec[:2]), Page: int(spec[2] >> 4)})
		}
		ps := segment.Cut(text, marks, "")
		check(t, text, ps)
		if d := cmp.Diff(ps, segment.Cut(text, marks, "")); d != "" {
			t.Errorf("Cut differs between runs:\n%s", d)
		}
		for _, p := range ps {
			last := 0
			for _, s := range segment.Sentences(text[p.Start:p.End]) {
				if s.Start < last || s.End <= s.Start {
					t.Errorf("Sentences = %v, want ordered spans", s)
				}
				last = s.End
			}
		}
	})
}

func BenchmarkCut(b *testing.B) {
	text := []byte(strings.Repeat("Wash your hands before you touch the wound,\nand keep the dressing dry. ", 2000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		segment.Cut(text, nil, "")
	}
}
