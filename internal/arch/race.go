// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// raceVariable is the list of packages in the Makefile that the race detector
// looks at.
var raceVariable = regexp.MustCompile(`(?m)^(?:export )?RACE_PKGS\s*\??=((?:.*\\\n)*.*)$`)

// CheckRace compares RACE_PKGS in the Makefile with the packages of the product
// that start goroutines or share state, so that a new one is not forgotten.
func CheckRace(t *Tree) ([]Finding, error) {
	text, err := os.ReadFile(filepath.Join(t.Root, "Makefile"))
	if err != nil {
		return nil, err
	}
	var listed []string
	if m := raceVariable.FindSubmatch(text); m != nil {
		listed = strings.Fields(strings.ReplaceAll(string(m[1]), `\`, " "))
	}
	var out []Finding
	for _, name := range listed {
		if t.Package(strings.TrimPrefix(name, "./")) == nil {
			out = append(out, whole("Makefile", "RACE_PKGS names %s, which does not exist", name))
		}
	}
	for _, p := range t.Packages {
		if covers("internal/...", p.Path) && p.concurrent() && !slices.Contains(listed, "./"+p.Path) {
			out = append(out, whole(p.Path, "package starts goroutines or shares state but is not in RACE_PKGS of the Makefile"))
		}
	}
	return out, nil
}

// concurrent reports whether a package's own files start goroutines or import
// what guards shared state.
func (p *Package) concurrent() bool {
	for _, imp := range p.Imports() {
		if imp == "sync" || imp == "sync/atomic" || imp == "golang.org/x/sync/errgroup" {
			return true
		}
	}
	starts := false
	for _, f := range p.Files {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			_, ok := n.(*ast.GoStmt)
			starts = starts || ok && f.own()
			return !starts
		})
	}
	return starts
}
