// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor_test

import (
	"testing"

	"dsai.example/dsai/internal/verifiable/tensor"
)

func TestKernels(t *testing.T) {
	for _, k := range tensor.Kernels() {
		t.Logf("%s: %v", k.Name, k.Err)
		if k.Err != nil {
			t.Errorf("kernel %s: %v", k.Name, k.Err)
		}
	}
}
