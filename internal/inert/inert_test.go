// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package inert_test

import (
	"testing"
	"unicode/utf8"

	"dsai.example/dsai/internal/inert"
)

func TestForms(t *testing.T) {
	tests := []struct{ in, text, line, name, escaped string }{
		{"plain", "plain", "plain", "plain", "plain"},
		{"two\r\n\tlines", "two\n\tlines", "two   lines", "two   lines", `two\r\n\tlines`},
		{"\x1b[2Jred\x07\u009b", "[2Jred", "[2Jred", "[2Jred", `\x1b[2Jred\a\u009b`},
		{"a\u202Eevil\u2066x\u2069", "aevilx", "aevilx", "aevilx", `a\u202eevil\u2066x\u2069`},
		{"می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم", "میخواهم", "می\u200cخواهم"}, // a joiner of Persian
		{"Ami\u200bna\ufeff", "Ami\u200bna\ufeff", "Ami\u200bna\ufeff", "Amina", "Ami\u200bna\ufeff"},
		{"a\xffb", "a\uFFFDb", "a\uFFFDb", "ab", "a\uFFFDb"},
		{"a\u2028b", "a\u2028b", "a b", "a b", `a\u2028b`},
	}
	for _, tt := range tests {
		if got := inert.Text(tt.in); got != tt.text {
			t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.text)
		}
		if got := inert.Line(tt.in); got != tt.line {
			t.Errorf("Line(%q) = %q, want %q", tt.in, got, tt.line)
		}
		if got := inert.Name(tt.in); got != tt.name {
			t.Errorf("Name(%q) = %q, want %q", tt.in, got, tt.name)
		}
		if got := inert.Escaped(tt.in); got != tt.escaped {
			t.Errorf("Escaped(%q) = %q, want %q", tt.in, got, tt.escaped)
		}
	}
}

func FuzzInert(f *testing.F) {
	f.Add("\x1b]0;owned\x07 \u202E\xff\n\t")
	f.Fuzz(func(t *testing.T, in string) {
		for _, show := range []func(string) string{inert.Text, inert.Line, inert.Name, inert.Escaped} {
			got := show(in)
			for _, r := range got {
				if r != '\n' && r != '\t' && inert.Acts(r) {
					t.Fatalf("%q of %q holds %U", got, in, r)
				}
			}
			if !utf8.ValidString(got) || show(got) != got {
				t.Fatalf("%q of %q is not valid, or not its own form", got, in)
			}
		}
	})
}
