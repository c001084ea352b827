// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"slices"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
)

// What a receipt says was done is what consents were asked for.
func TestOperations(t *testing.T) {
	for _, tt := range []struct {
		search  bool
		class   dsai.EngineClass
		sharing bool
		want    []dsai.Operation
	}{
		{true, dsai.EngineExtract, false, []dsai.Operation{dsai.OpRetrieve}},
		{false, dsai.EngineExtract, false, []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}},
		{true, dsai.EngineInfer, false, []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}},
		{true, dsai.EngineUpstream, true, []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer, dsai.OpShare}},
		{false, dsai.EngineUpstream, false, []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}},
	} {
		if got := operations(&pipeline.Request{Search: tt.search}, tt.class, tt.sharing); !slices.Equal(got, tt.want) {
			t.Errorf("operations(search %v, %s, sharing %v) = %q, want %q", tt.search, tt.class, tt.sharing, got, tt.want)
		}
	}
}
