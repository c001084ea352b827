// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package arch keeps the shape of the source tree true: who may import whom,
// what a deterministic package may not do, what every file must carry, and
// the code map generated from all of it.
//
// It reads the files itself with go/parser and go/types and runs no other
// program, so a result of the test cache can never hide a new violation. It is
// no linter: general mistakes belong to go vet and staticcheck, and sizes are
// reported in docs/CODEMAP.md, not enforced. Nothing but its own tests and
// commands may import it.
package arch

import (
	"fmt"
	"go/token"
)

// Finding is one broken rule at one place in the tree.
type Finding struct {
	Pos  token.Position // the file name is relative to the root of the tree; the line is 0 for a whole file or package
	Text string         // what is wrong and what to do about it
}

// String writes the finding as editors expect it: file:line: text.
func (f Finding) String() string {
	if f.Pos.Line == 0 {
		return fmt.Sprintf("%s: %s", f.Pos.Filename, f.Text)
	}
	return fmt.Sprintf("%s:%d: %s", f.Pos.Filename, f.Pos.Line, f.Text)
}
