// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestOpenTo(t *testing.T) {
	for _, tt := range []struct {
		listen    string
		open, bad bool
	}{
		{"127.0.0.1:7777", false, false},
		{"127.9.9.9:0", false, false},
		{"[::1]:7777", false, false},
		{"localhost:7777", false, false},
		{"0.0.0.0:7777", true, false},
		{"[::]:7777", true, false},
		{":7777", true, false},
		{"192.0.2.1:7777", true, false},
		{"clinic.example:7777", true, false},
		{"nonsense", false, true},
		{"127.0.0.1", false, true},
		{"127.0.0.1:77777", false, true},
		{"127.0.0.1:nonsense", false, true},
	} {
		open, err := openTo(tt.listen)
		if open != tt.open || (err != nil) != tt.bad {
			t.Errorf("openTo(%q) = %t, %v, want %t, error %t", tt.listen, open, err, tt.open, tt.bad)
		}
	}
}
