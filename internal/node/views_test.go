// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"testing"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

// TestDocumentsLinear lists documents of one consent: if each were shown with all
// that it covers, thousands would take gigabytes.
func TestDocumentsLinear(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{many(t, 3, 2)}})
	for _, d := range call[[]view.Document](t, n, "docs.list", nil) {
		if d.Consent == nil || d.Consent.State != "in force" || d.Consent.Documents != nil {
			t.Errorf("%s is shown with %+v, want a consent without its documents", d.Path, d.Consent)
		}
	}
	if c := call[[]view.Consent](t, n, "consent.list", nil); len(c) != 1 || len(c[0].Documents) != 3 {
		t.Errorf("consents = %+v, want one with three documents", c)
	}
}
