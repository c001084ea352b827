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

// TestKeyNameAgain gives the name of a revoked key to another, each time with a
// secret that opens, while those before stay shut.
func TestKeyNameAgain(t *testing.T) {
	n, _ := home(t)
	var shut []string
	for range 3 {
		k := call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: "web"})
		if err := n.Methods().Call(t.Context(), "key.new", node.NewKeyArgs{Name: "web"}, nil, nil); err == nil {
			t.Fatal("two keys in force have one name")
		}
		if _, _, err := n.Authenticate(t.Context(), k.Secret); err != nil {
			t.Fatalf("Authenticate = %v", err)
		}
		for _, old := range shut {
			if _, _, err := n.Authenticate(t.Context(), old); err == nil {
				t.Fatal("a revoked key opens again")
			}
		}
		if out := call[node.RevokedKey](t, n, "key.revoke", node.Ref{Ref: "web"}); out.Before || out.At == 0 {
			t.Fatalf("key.revoke = %+v", out)
		}
		if out := call[node.RevokedKey](t, n, "key.revoke", node.Ref{Ref: "web"}); !out.Before {
			t.Fatalf("key.revoke again = %+v", out)
		}
		shut = append(shut, k.Secret)
	}
	if all := call[[]view.Key](t, n, "key.list", nil); len(all) != 3 {
		t.Errorf("key.list has %d keys, want 3", len(all))
	}
}
