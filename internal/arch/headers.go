// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"go/doc"
	"strings"
)

// header opens every file, so that a copied file keeps its licence.
const header = "// SPDX-FileCopyrightText: 2026 The dsai authors\n// SPDX-License-Identifier: Apache-2.0\n"

// CheckHeaders finds files without the licence header and packages without a
// comment. Generated files start with their generator's line instead.
func CheckHeaders(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		for _, f := range p.Files {
			if !f.Generated && !strings.HasPrefix(string(f.Src), header) {
				out = append(out, whole(f.Path, "file does not start with the two-line SPDX header: copy it from internal/arch/arch.go"))
			}
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		if p.Name != "" && !strings.HasPrefix(p.Doc(), want) {
			out = append(out, whole(p.Path, "package comment does not start with %q: say what it is for, what it never does, and who may import it", want))
		}
	}
	return out
}

// Doc returns the package comment, or the empty string.
func (p *Package) Doc() string {
	for _, f := range p.Files {
		if f.Test || f.AST.Doc == nil || f.AST.Name.Name != p.Name {
			continue
		}
		if text := f.AST.Doc.Text(); text != "" {
			return text
		}
	}
	return ""
}

// Synopsis returns the first sentence of the package comment.
func (p *Package) Synopsis() string { return new(doc.Package).Synopsis(p.Doc()) }
