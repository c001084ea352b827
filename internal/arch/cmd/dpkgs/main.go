// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command dpkgs prints the import paths of the deterministic packages that
// exist, one per line, so that scripts test exactly those on other machines.
// Run it in the root of the module: go run ./internal/arch/cmd/dpkgs.
package main

import (
	"fmt"
	"os"
	"path"

	"dsai.example/dsai/internal/arch"
)

func main() {
	t, err := arch.Load(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "dpkgs:", err)
		os.Exit(1)
	}
	for _, p := range t.Packages {
		if row, ok := arch.Find(arch.Table, p.Path); ok && row.D {
			fmt.Println(path.Join(t.Module, p.Path))
		}
	}
}
