// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command codemap writes docs/CODEMAP.md from the source tree. Run it in the
// root of the module: go run ./internal/arch/cmd/codemap.
package main

import (
	"fmt"
	"os"

	"dsai.example/dsai/internal/arch"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "codemap:", err)
		os.Exit(1)
	}
}

func run() error {
	t, err := arch.Load(".")
	if err != nil {
		return err
	}
	return os.WriteFile("docs/CODEMAP.md", arch.Codemap(t, arch.Table), 0o644)
}
