// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
)

// mateo admits a member who keeps the keys on a device.
func mateo(t testing.TB, n *node.Node) (*device, *node.Chain) {
	t.Helper()
	d := newDevice(t)
	call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: "Mateo", Inception: d.file.Inception})
	c, err := d.file.Open()
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

// TestOtherInception hands in key events over a second inception of the same
// member, signed with the member's own key: the node goes on without them.
func TestOtherInception(t *testing.T) {
	n, cfg := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	d, c := mateo(t, n)
	genuine := d.file
	other, err := vc.Issue(vc.New(dsai.TypeMemberInception, d.now.DID(), c.Inception.Subject, c.Inception.ValidFrom-1, 0), c.Inception.ValidFrom, d.now)
	if err != nil {
		t.Fatal(err)
	}
	d.file.Inception = other.Raw
	f, _ := d.rotate("other", nil)
	if err := n.Methods().Call(t.Context(), "member.keys", f, nil, nil); err == nil || !strings.Contains(err.Error(), "another inception") {
		t.Errorf("keys over another inception = %v, want them refused", err)
	}
	if !asked(t, n, "") {
		t.Error("no answer afterwards")
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	fsck(t, n)
	d.file = genuine
	f, _ = d.rotate("genuine", nil)
	if err := n.Methods().Call(t.Context(), "member.keys", f, nil, nil); err != nil {
		t.Errorf("keys over the recorded inception = %v", err)
	}
}
