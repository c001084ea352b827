// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command seed writes a tiny model file whose weights come from a seed, for tests and to try what
// model files are like without downloading one: go run ./internal/verifiable/infer/infertest/seed FILE.
package main

import (
	"fmt"
	"os"

	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: seed FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], infertest.Speaker(1).File(), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}
