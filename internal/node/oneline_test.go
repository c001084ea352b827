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
func TestOneLine(t *testing.T) {
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
		if got := node.OneLine(tt.in); got != tt.want {
			t.Errorf("oneLine(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
