// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"encoding/json"
	"testing"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/verify"
)

const bees = "# Tanks\n\nThe water tanks hold one litre of sugar water for the bees, and no salt. Clean water comes first.\n"

// TestStatisticsChangeBeforeTheAnswer pins other statistics between ranking and
// answer, as an add does at that moment: the receipt names those that ranked, and
// the answer can be made again.
func TestStatisticsChangeBeforeTheAnswer(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	n.SetEngine(func(ctx context.Context, e *pipeline.Evidence, emit emitter) (*pipeline.Output, error) {
		lend(t, n, node.Contribution{}, bees)
		if err := n.Pin(ctx); err != nil {
			return nil, err
		}
		return n.Quoting().Answer(ctx, e, emit)
	})
	rec, err := askWith(t, n, howMuch, ignore)
	if err != nil {
		t.Fatal(err)
	}
	wantReplayed(t, n, rec)
	fsck(t, n)
}

func wantReplayed(t testing.TB, n *node.Node, rec *pipeline.Receipt) {
	t.Helper()
	if res := replayOf(t, n, rec); !res.OK || !res.Replayed {
		t.Errorf("verify = %+v, want ok and replayed", res)
	}
}

func replayOf(t testing.TB, n *node.Node, rec *pipeline.Receipt) *verify.Result {
	t.Helper()
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: rec.Digest.String()})
	res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: node.Replayer{}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}
