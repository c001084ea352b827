// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"testing"

	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

// TestKeyLimits has each key bound by what it was given, also after a restart.
func TestKeyLimits(t *testing.T) {
	n, cfg := home(t)
	free := call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: "free"})
	slow := call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: "slow", RequestsPerMinute: 6, TokensPerMinute: 500})
	if err := n.Methods().Call(t.Context(), "key.new", node.NewKeyArgs{Name: "none", RequestsPerMinute: -1}, nil, nil); err == nil {
		t.Error("a key with a limit below zero is made")
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	for _, tc := range []struct {
		key  node.NewKeyResult
		want api.Limits
	}{{free, api.Limits{}}, {slow, api.Limits{RequestsPerMinute: 6, TokensPerMinute: 500}}} {
		if _, got, err := n.Authenticate(t.Context(), tc.key.Secret); err != nil || got != tc.want {
			t.Errorf("limits of key %s = %+v, %v, want %+v", tc.key.Name, got, err, tc.want)
		}
	}
	for _, k := range call[[]view.Key](t, n, "key.list", nil) {
		if k.Name == "slow" && (k.RequestsPerMinute != 6 || k.TokensPerMinute != 500) {
			t.Errorf("key.list shows %+v", k)
		}
	}
}
