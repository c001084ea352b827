// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package inert_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"dsai.example/dsai/internal/inert"
)

func TestUnmarked(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"a mark", "Boil it. [1]", "Boil it. [ 1 ]"},
		{"lists", "[1][2] and [1, 23]", "[ 1 ][ 2 ] and [ 1, 23 ]"},
		{"a range", "[1\u20133]", "[ 1\u20133 ]"},
		{"nested", "[[7]]", "[[ 7 ]]"},
		{"one space", "[1 ] [ 1]", "[ 1 ] [ 1 ]"},
		{"code", "x[1]", "x[ 1 ]"},
		{"none", "a[i], [x], [ 1 ], [], [1, [a1], [1a], [^1], {1}, (1), 1], 「1」, [ ]", "a[i], [x], [ 1 ], [], [1, [a1], [1a], [^1], {1}, (1), 1], 「1」, [ ]"},
		{"Markdown", "[*2*] [`2`] \\[2\\]", "[ *2* ] [ `2` ] \\[ 2\\ ]"},
		{"references", "[&sup1;] &lsqb;2&rsqb; [&zwj;1] &#91;1&#93; [1&comma;2] &LeftFloor;2&RightFloor; AT&T [&amp;] &x;", "[ &sup1; ] &lsqb; 2 &rsqb; [ &zwj;1 ] &#91; 1 &#93; [ 1&comma;2 ] &LeftFloor; 2 &RightFloor; AT&T [&amp;] &x;"},
		{"zero width", "[1\u200b] [\u20601] [1\ufeff2]", "[ 1\u200b ] [ \u20601 ] [ 1\ufeff2 ]"},
		{"full width", "［１］ and ［1］", "［ １ ］ and ［ 1 ］"},
		{"CJK brackets", "【1】〔２〕〖3〗", "【 1 】〔 ２ 〕〖 3 〗"},
		{"two kinds", "[1］", "[ 1 ］"},
		{"other digits", "[١] [१] [𝟏]", "[ ١ ] [ १ ] [ 𝟏 ]"},
		{"superscript, circled", "[¹] [②] [₃]", "[ ¹ ] [ ② ] [ ₃ ]"},
		{"combining", "[1\u0332] [1\ufe0f\u20e3]", "[ 1\u0332 ] [ 1\ufe0f\u20e3 ]"},
		{"thin spaces", "[\u200a1\u202f]", "[ \u200a1\u202f ]"},
		{"fillers", "[\u31641] [1\u2800]", "[ \u31641 ] [ 1\u2800 ]"},
		{"what is taken out later", "[\x071] [\u202e1] [\xff1]", "[ \x071 ] [ \u202e1 ] [ \xff1 ]"},
		{"another comma", "[1،2] [1、2]", "[ 1،2 ] [ 1、2 ]"},
		{"other scripts", "[अ] [ا] [一]", "[अ] [ا] [一]"},
	} {
		if got := inert.Unmarked(tt.in); got != tt.want {
			t.Errorf("%s: Unmarked(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestUnmarker(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pieces []string
		want   string
	}{
		{"whole", []string{"a [1] b"}, "a [ 1 ] b"},
		{"in two", []string{"a [", "1] b"}, "a [ 1 ] b"},
		{"in three", []string{"a [1", "", "2", "] b"}, "a [ 12 ] b"},
		{"a space before the end", []string{"[1 ", "]"}, "[ 1 ]"},
		{"unseen between", []string{"［\u200b", "１", "\u200b］"}, "［\u200b １\u200b ］"},
		{"none", []string{"an array[", "i] and [", "x1]"}, "an array[i] and [x1]"},
		{"no mark after all", []string{"[1", "2 cups] and [", "see 1]"}, "[ 12 cups] and [see 1]"},
	} {
		var u inert.Unmarker
		var got strings.Builder
		for _, p := range tt.pieces {
			got.WriteString(u.Piece(p))
		}
		if got.String() != tt.want {
			t.Errorf("%s: Piece(%q) = %q, want %q", tt.name, tt.pieces, &got, tt.want)
		}
	}
}

// mark is how a mark looks once everything is written the plain way.
var mark = regexp.MustCompile(`\[[\p{Nd}\p{No}]+(?:[ ,]+[\p{Nd}\p{No}]+)*\]`)

// look returns text in the plain form of its characters, without those that format.
func look(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s))
}

// FuzzUnmarked requires that nothing that Unmarked returns looks like a mark, also
// when somebody takes out what acts; that only spaces are new; and that pieces do
// no worse than the whole.
func FuzzUnmarked(f *testing.F) {
	for _, s := range []string{"[1]", "［１］", "[1\u200b, 2]", "【١】", "[\x071]", "[1\u0332][", "a[12", "\xff[\xff1]"} {
		f.Add(s, 2)
	}
	f.Fuzz(func(t *testing.T, in string, cut int) {
		var u inert.Unmarker
		for cut = max(0, min(cut, len(in))); cut > 0 && cut < len(in) && !utf8.RuneStart(in[cut]); cut-- {
		} // engines hand out whole characters
		pieces := u.Piece(in[:cut]) + u.Piece(in[cut:])
		got := inert.Unmarked(in)
		if inert.Unmarked(got) != got {
			t.Fatalf("Unmarked(%q) = %q is not its own form", in, got)
		}
		for _, got := range []string{got, pieces} {
			for _, shown := range []string{got, inert.Text(got), inert.Line(got), inert.Name(got)} {
				if m := mark.FindString(look(shown)); m != "" {
					t.Fatalf("%q of %q is shown as %q and looks like the mark %q", got, in, shown, m)
				}
			}
			if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(in, " ", "") {
				t.Fatalf("%q of %q has more than spaces that are new", got, in)
			}
		}
	})
}
