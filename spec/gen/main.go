// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command gen rewrites spec/schema and spec/vectors from the Go types and
// functions, so that the documents cannot drift from the code. It takes the
// folder spec as its argument and decides nothing itself: what the files hold is
// made by the packages schema and vector below it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"dsai.example/dsai/spec/gen/schema"
	"dsai.example/dsai/spec/gen/vector"
)

//go:generate go run . ..

func main() {
	dir := "spec"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := run(dir); err != nil {
		fmt.Fprintln(os.Stderr, "gen: error:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	for name, files := range map[string]func() (map[string][]byte, error){"schema": schema.Files, "vectors": vector.Files} {
		made, err := files()
		if err != nil {
			return err
		}
		if err := write(filepath.Join(dir, name), made); err != nil {
			return err
		}
	}
	return nil
}

func write(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
