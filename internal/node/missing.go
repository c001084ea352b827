// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"strings"

	"dsai.example/dsai/internal/store"
)

// missingError reports that nothing is called what somebody typed, and where to
// look what there is.
type missingError struct {
	what, ref string
	hint      string
}

func (e *missingError) Error() string { return fmt.Sprintf("%s %q: not found", e.what, e.ref) }
func (e *missingError) Unwrap() error { return store.ErrNotFound }

// noMember is the error for a name that no member has. It names the members while
// they fit on a line.
func (n *Node) noMember(name string) error {
	const most = 8
	hint := "see dsai member list"
	if all := n.lib.allMembers(); len(all) <= most {
		var names []string
		for _, m := range all {
			names = append(names, m.Name)
		}
		hint = "the members are: " + strings.Join(names, ", ")
	}
	return &missingError{"member", name, hint}
}
