// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// useKernel chooses the code that multiplies, if the variable DSAI_KERNEL names it: for whoever compares.
// All give the same bits, and without it the fastest is used. Those that do not are not used, which the
// log hears once.
func (e *Engine) useKernel() error {
	e.kernels.Do(func() { warn(e.cfg.Log, tensor.Kernels()) })
	name := os.Getenv("DSAI_KERNEL")
	if name == "" {
		return nil
	}
	if err := tensor.Use(name); err != nil {
		return fmt.Errorf("DSAI_KERNEL: %w", err)
	}
	return nil
}

func warn(log *slog.Logger, kernels []tensor.Kernel) {
	for _, k := range kernels {
		if k.Err != nil {
			log.Warn("kernel of this CPU is not used", "kernel", k.Name, "reason", k.Err, "instead", tensor.InUse())
		}
	}
}

// Kernel returns the name of the code that multiplies on this machine.
func Kernel() string { return tensor.InUse() }

// freeMemory gives the memory of weights back to the system.
func freeMemory() { debug.FreeOSMemory() }
