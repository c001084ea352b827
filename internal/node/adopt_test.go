// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/verify"
)

// closed is the policy of a new co-op, but nobody may do research and answers
// need more evidence.
func closed(t testing.TB) string {
	t.Helper()
	text := strings.NewReplacer(
		`name = "Starting policy"`, `name = "Closed"`,
		"evidenceFloorBasisPoints = 0 ", "evidenceFloorBasisPoints = 9000 ",
		"[[rules]]\nid = \"members\"", "[[rules]]\nid = \"no-research\"\neffect = \"deny\"\nwhen = 'request.purpose.under(\"research\")'\n\n[[rules]]\nid = \"members\"",
		"[[tests]]\nname = \"a member asks\"", "[[tests]]\nname = \"no research\"\npurpose = \"research\"\nrole = \"coop\"\nengine = \"extract\"\neffect = \"deny\"\nrule = \"no-research\"\n\n[[tests]]\nname = \"a member asks\"",
	).Replace(policy.DefaultTOML())
	if _, err := policy.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAdoptWhileAsking changes the policy to and fro under questions that one
// policy answers and the other refuses: each receipt must verify, and replay,
// under the policy that it names.
func TestAdoptWhileAsking(t *testing.T) {
	n, cfg := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}, For: []string{"answers", "research"}})
	texts := []string{closed(t), policy.DefaultTOML()}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var receipts []dsai.Digest
	refused := 0
	for range 4 {
		wg.Go(func() {
			for range 15 {
				r, err := n.Ask(t.Context(), &pipeline.Request{Question: howMuch, Purpose: "research", Requester: n.Console()}, func(pipeline.Piece) error { return nil })
				no, ok := errors.AsType[*dsai.Refusal](err)
				if err != nil && !ok {
					t.Error(err)
					return
				}
				mu.Lock()
				if receipts = append(receipts, r.Digest); ok && no.Rule == "no-research" {
					refused++
				}
				mu.Unlock()
			}
		})
	}
	for i := range 12 {
		if _, err := n.AdoptPolicy(t.Context(), node.AdoptArgs{Text: texts[i%2]}); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	for _, d := range receipts {
		raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: d.String()})
		res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: node.Replayer{}})
		if err != nil || !res.OK {
			t.Fatalf("receipt %s: %v, %+v", d, err, res)
		}
	}
	t.Logf("%d of %d refused", refused, len(receipts))
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	if got := call[node.PolicyShown](t, n, "policy.show", nil); got.Sequence != 13 || got.Document.Name != "Starting policy" {
		t.Errorf("after a restart number %d, %q is in force, want 13, Starting policy", got.Sequence, got.Document.Name)
	}
	if rep := call[node.FsckReport](t, n, "fsck", nil); !rep.OK {
		t.Errorf("fsck = %+v", rep)
	}
}

func TestUnenforced(t *testing.T) {
	p := policy.Default().Parameters()
	if got := node.Unenforced(p); got != nil {
		t.Errorf("Unenforced(the policy of a new co-op) = %q, want none: nothing could be adopted that is made from it", got)
	}
	p.MinWitnesses, p.ReplayAuditRate, p.PowerFloor, p.Prices = 1, 1, 1, policy.Prices{Answer: 1, Prompt: 1, Completion: 1}
	if got := node.Unenforced(p); len(got) != 6 {
		t.Errorf("Unenforced = %q, want 6", got)
	}
}
