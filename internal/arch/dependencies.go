// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// reason is a row of the tables in docs/DEPENDENCIES.md: | `module` | why |.
var reason = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| *(\\S.*?) *\\|")

// CheckDependencies compares what the tree and tools/go.mod need directly with
// the reasons in docs/DEPENDENCIES.md, in both directions.
func CheckDependencies(t *Tree) ([]Finding, error) {
	const document = "docs/DEPENDENCIES.md"
	text, err := os.ReadFile(filepath.Join(t.Root, filepath.FromSlash(document)))
	if err != nil {
		return nil, err
	}
	explained := map[string]bool{}
	for _, m := range reason.FindAllStringSubmatch(string(text), -1) {
		explained[m[1]] = true
	}
	required, err := t.direct()
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, r := range required {
		if !explained[r.path] {
			out = append(out, whole(r.file, "%s is a direct dependency without a line in %s: give its reason, or drop it", r.path, document))
		}
		delete(explained, r.path)
	}
	for path := range explained {
		out = append(out, whole(document, "%s is explained but is no direct dependency any more", path))
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
	return out, nil
}

type requirement struct{ path, file string }

// direct lists the direct requirements of go.mod and the programs of
// tools/go.mod. A module that the tree imports is direct whatever go.mod says:
// the mark "indirect" is true only after go mod tidy.
func (t *Tree) direct() ([]requirement, error) {
	imports := t.imports()
	var out []requirement
	for _, name := range []string{"go.mod", "tools/go.mod"} {
		mod, err := readMod(t.Root, name)
		if err != nil {
			return nil, err
		}
		for _, r := range mod.Require {
			imported := name == "go.mod" && slices.ContainsFunc(imports, func(imp string) bool { return under(imp, r.Mod.Path) })
			if !r.Indirect || imported {
				out = append(out, requirement{r.Mod.Path, name})
			}
		}
		for _, tool := range mod.Tool {
			out = append(out, requirement{tool.Path, name})
		}
	}
	return out, nil
}

// imports lists what the files of the tree import, tests included.
func (t *Tree) imports() []string {
	var out []string
	for _, p := range t.Packages {
		for _, f := range p.Files {
			for _, s := range f.AST.Imports {
				out = append(out, importPath(s))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
