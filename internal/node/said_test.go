// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"errors"
	"fmt"
	"testing"

	"dsai.example/dsai/internal/node"
)

// Errors that were joined are one line, and wrapped ones say what they said.
func TestSaid(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	for _, tt := range []struct {
		in   error
		want string
	}{
		{a, "a"},
		{errors.Join(a, nil), "a"},
		{errors.Join(a, errors.Join(b, a)), "a; b; a"},
		{fmt.Errorf("%w (%w)", a, b), "a (b)"},
	} {
		if got := node.Said(tt.in); got != tt.want {
			t.Errorf("said(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
