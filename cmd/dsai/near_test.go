// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"testing"
)

func TestSlips(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"ask", "", 3}, {"", "ask", 3}, {"ask", "ask", 0},
		{"aks", "ask", 1}, {"aks", "add", 2}, {"verfiy", "verify", 1}, {"sk", "ask", 1}, {"askk", "ask", 1}, {"ca", "abc", 3},
	} {
		if got := slips(tc.a, tc.b); got != tc.want {
			t.Errorf("slips(%q, %q) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}

func TestNearest(t *testing.T) {
	root := newRoot(&app{out: io.Discard, err: io.Discard})
	for _, tc := range []struct {
		group, typed, want string
	}{
		{"", "aks", "ask"}, {"", "ad", "add"}, {"", "consnt", "consent"}, {"", "ASK", "ask"}, {"", "mdel", "model"},
		{"", "verfy", "verify"}, {"", "rec", "receipts"}, {"", "hlep", "help"}, {"", "frob", ""}, {"", "x", ""}, {"", "", ""},
		{"", "withdraw", "consent revoke"}, {"", "revok", "consent revoke"}, {"", "forget", "docs forget"}, {"", "serve", "up"}, {"", "list", ""}, {"", "rm", ""},
		{"consent", "withdraw", "revoke"}, {"docs", "ls", "list"}, {"model", "ls", "list"},
		{"model", "lst", "list"}, {"model", "remove", "rm"}, {"key", "rm", "revoke"}, {"trust", "remove", "rm"}, {"docs", "delete", "forget"},
	} {
		c := root
		if tc.group != "" {
			c = verb(root, tc.group)
		}
		if got := nearest(c, tc.typed); got != tc.want {
			t.Errorf("nearest verb of %q to %q = %q, want %q", tc.group, tc.typed, got, tc.want)
		}
	}
}
