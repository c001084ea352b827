// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch_test

import (
	"testing"

	"dsai.example/dsai/internal/arch"
)

// root is the module root as seen from this package.
const root = "../.."

func load(t *testing.T, root string) *arch.Tree {
	t.Helper()
	tree, err := arch.Load(root)
	if err != nil {
		t.Fatalf("Load(%q): %v", root, err)
	}
	return tree
}

func report(t *testing.T, findings []arch.Finding) {
	t.Helper()
	for _, f := range findings {
		t.Error(f)
	}
}

func TestTable(t *testing.T) { report(t, arch.CheckTable(arch.Table, arch.Homes)) }

func TestImports(t *testing.T) { report(t, arch.CheckImports(load(t, root), arch.Table)) }

func TestHeaders(t *testing.T) { report(t, arch.CheckHeaders(load(t, root))) }

func TestDeterminism(t *testing.T) {
	findings, err := arch.CheckDeterminism(load(t, root), arch.Table)
	if err != nil {
		t.Fatal(err)
	}
	report(t, findings)
}

func TestDependencies(t *testing.T) {
	findings, err := arch.CheckDependencies(load(t, root))
	if err != nil {
		t.Fatal(err)
	}
	report(t, findings)
}

func TestLinks(t *testing.T) {
	findings, err := arch.CheckLinks(root)
	if err != nil {
		t.Fatal(err)
	}
	report(t, findings)
}

func TestRace(t *testing.T) {
	findings, err := arch.CheckRace(load(t, root))
	if err != nil {
		t.Fatal(err)
	}
	report(t, findings)
}
