// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"testing"
)

func TestHere(t *testing.T) {
	for _, tc := range []struct {
		home, in, want string
	}{
		{"", "see dsai model list", "see DSAI model list"},
		{"h", "see dsai model list", "see DSAI --home h model list"},
		{"a b%d", "dsai verify, dsai open last#1", "DSAI --home 'a b%d' verify, DSAI --home 'a b%d' open last#1"},
		{"h", "dsai reads text; the newer dsai, or dsai alone", "dsai reads text; the newer dsai, or dsai alone"},
		{"h", "see dsai ask --help", "see dsai ask --help"},
		{"h", "the member makes it with: dsai member rotate", "the member makes it with: dsai member rotate"},
		{"h", "there: dsai member rotate; then here: dsai member rotate --file FILE", "there: dsai member rotate; then here: DSAI --home h member rotate --file FILE"},
		{"h", "there: dsai consent revoke --sign c-1", "there: dsai consent revoke --sign c-1"},
		{"h", "dsai consent sign F, on the machine of A; then here: dsai add --consent F", "dsai consent sign F, on the machine of A; then here: DSAI --home h add --consent F"},
		{"h", "which its operator makes with: dsai trust export FILE", "which its operator makes with: dsai trust export FILE"},
		{"h", "try it: dsai restore F /tmp/restored", "try it: dsai restore F /tmp/restored"},
	} {
		a := &app{out: io.Discard, err: io.Discard, typedHome: tc.home}
		newRoot(a)
		if got := a.called(tc.in, fmt.Sprint("DSAI", a.homeFlag())); got != tc.want {
			t.Errorf("home %q: here(%q) = %q, want %q", tc.home, tc.in, got, tc.want)
		}
	}
}
