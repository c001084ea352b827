// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"errors"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/verify"
)

// TestReplayNothing makes nothing again of a quoted answer that ended before anything of it was made:
// there is no trace, and the receipt is an honest one.
func TestReplayNothing(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "wells.md", "The upper well gives water all year.\n")}})
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: "What gives the upper well?"}); a.Refusal != nil {
		t.Fatalf("ask = %+v, want an answer", a.Refusal)
	}
	k := &keeper{}
	res, err := verify.Bundle(call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"}), verify.Options{Trust: n.Trust(), Replayer: k})
	if err != nil || !res.OK || !res.Replayed {
		t.Fatalf("verify = %+v, %v, want ok and replayed", res, err)
	}
	for _, ended := range []dsai.Ended{dsai.EndedCancelled, dsai.EndedRevoked, dsai.EndedCrashed} {
		r := k.in
		r.Receipt.Ended = ended
		r.Openings.Response, r.Openings.Quotes, r.Openings.Trace = &dsai.Opening{}, &dsai.Opening{Text: "[]"}, &dsai.Opening{}
		if err := k.Replayer.Replay(r); !errors.Is(err, verify.ErrWithheld) {
			t.Errorf("replay what ended %s before it began = %v, want %v", ended, err, verify.ErrWithheld)
		}
	}
}
