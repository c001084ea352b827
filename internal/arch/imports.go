// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"slices"
	"strings"
)

// Row says what one package may import besides the standard library and the
// root package, which everybody may import.
type Row struct {
	Path string   // package relative to the root; "bench/..." also covers all below
	D    bool     // deterministic: a pure function of its inputs
	May  []string // packages of ours ("internal/obs", "internal/..."), or import path prefixes of modules
	Why  string   // what the row is for, or why an exception stands in it
}

// Layers never import each other: they meet as values of the root package and
// as interfaces of the pipeline, joined in node.
var Layers = []string{"internal/resilience", "internal/verifiable", "internal/agency"}

// Home names the one package that may import a heavy module, so that its
// types stay out of everybody else's signatures and it can be replaced.
type Home struct{ Module, Path, Why string }

// Find returns the row that covers a package.
func Find(table []Row, pkg string) (Row, bool) {
	for _, r := range table {
		if covers(r.Path, pkg) {
			return r, true
		}
	}
	return Row{}, false
}

// covers reports whether pattern, which may end in "/...", stands for pkg.
func covers(pattern, pkg string) bool {
	if base, all := strings.CutSuffix(pattern, "/..."); all {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

func layer(pkg string) string {
	for _, l := range Layers {
		if covers(l+"/...", pkg) {
			return l
		}
	}
	return ""
}

// CheckTable finds rows that would permit what the architecture forbids.
func CheckTable(table []Row, homes []Home) []Finding {
	var out []Finding
	bad := func(r Row, format string, args ...any) {
		out = append(out, whole("internal/arch/table.go", "row "+r.Path+" "+format, args...))
	}
	for i, r := range table {
		if slices.ContainsFunc(table[:i], func(o Row) bool { return covers(o.Path, r.Path) }) {
			bad(r, "is never reached: a row above covers it")
		}
		if r.Why == "" {
			bad(r, "gives no reason")
		}
		for _, m := range r.May {
			if a, b := layer(r.Path), layer(m); a != "" && b != "" && a != b {
				bad(r, "lets one layer import another (%s)", m)
			}
			if to, ok := Find(table, m); r.D && ours(m) && (!ok || !to.D) {
				bad(r, "is deterministic and may import only deterministic packages, which %s is not", m)
			}
			for _, h := range homes {
				if (under(m, h.Module) || under(h.Module, m)) && r.Path != h.Path && r.Path != measured {
					bad(r, "may not have %s, whose home is %s: %s", m, h.Path, h.Why)
				}
			}
		}
	}
	return out
}

// measured is the one tree that may import heavy modules beside their homes:
// its benchmarks compare dsai with them.
const measured = "bench/..."

// ours reports whether an entry of Row.May names a package of this module.
func ours(may string) bool { return standard(may) }

func under(importPath, prefix string) bool {
	return importPath == prefix || strings.HasPrefix(importPath, prefix+"/")
}

// CheckImports compares the imports of every package with its row. Tests and
// generators are free to import what they need, except across layers.
func CheckImports(t *Tree, table []Row) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		row, ok := Find(table, p.Path)
		if !ok {
			out = append(out, whole(p.Path, "package is not in the import table: add a row for it to internal/arch/table.go, "+
				"with D if it is a pure function of its inputs, what it may import, and why"))
			continue
		}
		for _, f := range p.Files {
			for _, s := range f.AST.Imports {
				imp := importPath(s)
				rel, _ := t.Rel(imp)
				switch a, b := layer(p.Path), layer(rel); {
				case a != "" && b != "" && a != b:
					out = append(out, t.at(s.Pos(), "%s may not import %s, not even in tests: layers meet only in internal/node", a, rel))
				case f.own() && !allowed(t, row, imp):
					out = append(out, t.at(s.Pos(), "%s may not import %s. Its row says: %s. "+
						"If that has changed, extend the row in internal/arch/table.go and say why", p.Path, imp, row.Why))
				}
			}
		}
	}
	return out
}

func allowed(t *Tree, row Row, imp string) bool {
	rel, own := t.Rel(imp)
	switch {
	case own && (rel == "." || covers(row.Path, rel)):
		return true
	case own:
		return slices.ContainsFunc(row.May, func(m string) bool { return ours(m) && covers(m, rel) })
	case standard(imp):
		return true // what D packages may not use of it is checked in determinism.go
	}
	return slices.ContainsFunc(row.May, func(m string) bool { return !ours(m) && under(imp, m) })
}
