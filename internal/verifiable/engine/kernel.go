// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"os"
	"runtime/debug"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// useKernel chooses the code that multiplies, if the variable DSAI_KERNEL names it: for whoever compares.
// All give the same bits, and without it the fastest is used.
func useKernel() error {
	name := os.Getenv("DSAI_KERNEL")
	if name == "" {
		return nil
	}
	if err := tensor.Use(name); err != nil {
		return fmt.Errorf("DSAI_KERNEL: %w", err)
	}
	return nil
}

// freeMemory gives the memory of weights back to the system.
func freeMemory() { debug.FreeOSMemory() }
