// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
)

// typer works out the types of expressions in deterministic packages from
// source: the tree, the standard library, and other modules in Go's cache.
// What cannot be found has no known type, which the checks treat as the worst
// case.
type typer struct {
	tree    *Tree
	std     types.Importer
	modules string                    // directory of Go's module cache
	cache   map[string]*types.Package // dependencies, by import path
}

func newTyper(t *Tree) *typer {
	return &typer{
		tree: t, std: importer.ForCompiler(t.Fset, "source", nil),
		modules: moduleCache(), cache: map[string]*types.Package{},
	}
}

// moduleCache returns where the go command keeps modules, by its own rules.
func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	first, _, _ := strings.Cut(build.Default.GOPATH, string(filepath.ListSeparator))
	return filepath.Join(first, "pkg", "mod")
}

// Info returns the types of all expressions of a package's own files.
func (y *typer) Info(p *Package) *types.Info {
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Uses:  map[*ast.Ident]types.Object{},
	}
	y.check(p, info)
	return info
}

func (y *typer) check(p *Package, info *types.Info) *types.Package {
	var files []*ast.File
	for _, f := range p.Files {
		if f.own() {
			files = append(files, f.AST)
		}
	}
	return y.checkFiles(p.Path, files, info)
}

// checkFiles type-checks a package; of a dependency, for which info is nil,
// only the declarations.
func (y *typer) checkFiles(path string, files []*ast.File, info *types.Info) *types.Package {
	conf := types.Config{
		Importer:         y,
		IgnoreFuncBodies: info == nil,
		FakeImportC:      true,
		Error:            func(error) {}, // the compiler reports errors; here they only leave a type unknown
	}
	// An error here means unknown types, which is what the checks expect.
	pkg, _ := conf.Check(path, y.tree.Fset, files, info)
	return pkg
}

// Import implements types.Importer. It never fails: an unknown package is
// empty, so that one missing module does not hide the rest.
func (y *typer) Import(importPath string) (*types.Package, error) {
	if pkg, ok := y.cache[importPath]; ok {
		return pkg, nil
	}
	empty := types.NewPackage(importPath, path.Base(importPath))
	empty.MarkComplete()
	y.cache[importPath] = empty // also ends an import cycle, which the compiler reports
	if rel, ok := y.tree.Rel(importPath); ok {
		if p := y.tree.Package(rel); p != nil {
			y.cache[importPath] = y.check(p, nil)
		}
	} else if standard(importPath) {
		if pkg, err := y.std.Import(importPath); err == nil {
			y.cache[importPath] = pkg
		}
	} else if files := y.moduleFiles(importPath); len(files) > 0 {
		y.cache[importPath] = y.checkFiles(importPath, files, nil)
	}
	return y.cache[importPath], nil
}

// moduleFiles parses a package of another module, or returns nothing.
func (y *typer) moduleFiles(importPath string) []*ast.File {
	m, ok := y.tree.moduleOf(importPath)
	if !ok {
		return nil
	}
	dir, err := module.EscapePath(m.Path)
	if err != nil {
		return nil
	}
	dir = filepath.Join(y.modules, dir+"@"+m.Version, strings.TrimPrefix(importPath, m.Path))
	pkg, err := build.Default.ImportDir(dir, 0)
	if err != nil {
		return nil
	}
	var files []*ast.File
	for _, name := range pkg.GoFiles {
		f, err := parser.ParseFile(y.tree.Fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil
		}
		files = append(files, f)
	}
	return files
}

// typed reports whether a type in the type set of e matches. A type that is
// not known matches.
func typed(info *types.Info, e ast.Expr, match func(types.Type) bool) bool {
	return !known(info, e) || matches(info.Types[e].Type, match)
}

func known(info *types.Info, e ast.Expr) bool {
	t := info.Types[e].Type
	return t != nil && t != types.Typ[types.Invalid]
}

// doubt ends a finding about a type that is not known.
func doubt(info *types.Info, e ast.Expr) string {
	if known(info, e) {
		return ""
	}
	return " (the type of " + types.ExprString(e) + " is not known: it comes from another module, or the package does not compile)"
}

func matches(t types.Type, match func(types.Type) bool) bool {
	u := t.Underlying()
	iface, ok := u.(*types.Interface)
	if _, param := types.Unalias(t).(*types.TypeParam); !param || !ok {
		return match(u)
	}
	for e := range iface.NumEmbeddeds() {
		union, ok := iface.EmbeddedType(e).(*types.Union)
		if !ok {
			if matches(iface.EmbeddedType(e), match) {
				return true
			}
			continue
		}
		for term := range union.Len() {
			if matches(union.Term(term).Type(), match) {
				return true
			}
		}
	}
	return iface.NumEmbeddeds() == 0 // any: nothing is known
}

func isFloat(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

func isMap(t types.Type) bool { _, ok := t.(*types.Map); return ok }

// parents maps every node of a file to the node around it.
func parents(f *ast.File) map[ast.Node]ast.Node {
	up := map[ast.Node]ast.Node{}
	var stack []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if len(stack) > 0 {
			up[n] = stack[len(stack)-1]
		}
		stack = append(stack, n)
		return true
	})
	return up
}

// around returns the node around n, looking through parentheses.
func around(up map[ast.Node]ast.Node, n ast.Node) ast.Node {
	for {
		n = up[n]
		if _, ok := n.(*ast.ParenExpr); !ok {
			return n
		}
	}
}

var comparisons = map[token.Token]bool{
	token.EQL: true, token.NEQ: true, token.LSS: true, token.LEQ: true, token.GTR: true, token.GEQ: true,
}
