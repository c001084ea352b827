// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
)

func TestHosts(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []string
	}{
		{"", nil}, {" ", nil}, {"nas", []string{"nas"}}, {"nas.local, nas ,, 192.0.2.7", []string{"nas.local", "nas", "192.0.2.7"}},
	} {
		if got := (&Config{Hosts: tc.in}).hosts(); !slices.Equal(got, tc.want) {
			t.Errorf("hosts of %q = %q, want %q", tc.in, got, tc.want)
		}
	}
}
