// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// Tree is a parsed module: every package of it, without testdata, nested
// modules and hidden directories.
type Tree struct {
	Root     string           // directory that holds go.mod
	Module   string           // module path
	Requires []module.Version // what go.mod requires, indirectly too
	Fset     *token.FileSet
	Packages []*Package // sorted by Path
	byPath   map[string]*Package
}

// Package is one directory with Go files.
type Package struct {
	Path  string // relative to the module root with slashes, "." for the root package
	Name  string // package clause of the files that are not tests; empty if there are only tests
	Files []*File
	Asm   []string // assembly and what it includes, relative to the root
}

// File is one Go file.
type File struct {
	Path      string // relative to the module root
	Test      bool   // named _test.go
	Generated bool   // carries the "Code generated ... DO NOT EDIT." line
	Src       []byte
	AST       *ast.File
}

// own reports whether a file is part of its package's build: neither a test
// nor a generator that is run by itself.
func (f *File) own() bool { return !f.Test && !ignored(f.AST) }

// skipped are directories that are not part of the product's source.
var skipped = []string{
	"internal/zz", // holds modules in go.mod while packages are being written
}

// Load parses the module at root. A file that does not parse is an error.
func Load(root string) (*Tree, error) {
	mod, err := readMod(root, "go.mod")
	if err != nil {
		return nil, err
	}
	t := &Tree{
		Root: root, Module: mod.Module.Mod.Path,
		Fset: token.NewFileSet(), byPath: map[string]*Package{},
	}
	for _, r := range mod.Require {
		t.Requires = append(t.Requires, r.Mod)
	}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			return t.enter(name, rel)
		}
		return t.add(name, rel)
	})
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", root, err)
	}
	slices.SortFunc(t.Packages, func(a, b *Package) int { return strings.Compare(a.Path, b.Path) })
	return t, nil
}

func readMod(root, name string) (*modfile.File, error) {
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	return modfile.Parse(name, data, nil)
}

// enter decides whether the walk goes into a directory.
func (t *Tree) enter(name, rel string) error {
	if rel == "." {
		return nil
	}
	base := path.Base(rel)
	if base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules" || slices.Contains(skipped, rel) {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir // another module
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (t *Tree) add(name, rel string) error {
	ext := path.Ext(rel)
	asm := ext == ".s" || ext == ".h"
	if base := path.Base(rel); ext != ".go" && !asm || base[0] == '.' || base[0] == '_' {
		return nil
	}
	p := t.Package(path.Dir(rel))
	if p == nil {
		p = &Package{Path: path.Dir(rel)}
		t.byPath[p.Path] = p
		t.Packages = append(t.Packages, p)
	}
	if asm {
		p.Asm = append(p.Asm, rel)
		return nil
	}
	src, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	f := &File{Path: rel, Test: strings.HasSuffix(rel, "_test.go"), Src: src}
	f.AST, err = parser.ParseFile(t.Fset, rel, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f.Generated = ast.IsGenerated(f.AST)
	if f.own() {
		p.Name = f.AST.Name.Name
	}
	p.Files = append(p.Files, f)
	return nil
}

// ignored reports whether a file carries the constraint "ignore", which by
// convention no build satisfies: a generator run by go run FILE.
func ignored(f *ast.File) bool {
	for _, g := range f.Comments {
		for _, c := range g.List {
			if c.Pos() > f.Package || !constraint.IsGoBuild(c.Text) {
				continue
			}
			if e, err := constraint.Parse(c.Text); err == nil && !e.Eval(func(tag string) bool { return tag != "ignore" }) {
				return true
			}
		}
	}
	return false
}

// Package returns the package at a path relative to the root, or nil.
func (t *Tree) Package(rel string) *Package { return t.byPath[rel] }

// Rel turns an import path into a path relative to the module root; ok is
// false when the import is not part of the module.
func (t *Tree) Rel(importPath string) (rel string, ok bool) {
	if importPath == t.Module {
		return ".", true
	}
	return strings.CutPrefix(importPath, t.Module+"/")
}

// Imports returns the sorted import paths of a package's own files, without
// tests and generators.
func (p *Package) Imports() []string {
	var all []string
	for _, f := range p.Files {
		if !f.own() {
			continue
		}
		for _, s := range f.AST.Imports {
			all = append(all, importPath(s))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// moduleOf returns the required module that an import path belongs to.
func (t *Tree) moduleOf(imp string) (best module.Version, ok bool) {
	for _, m := range t.Requires {
		if under(imp, m.Path) && len(m.Path) > len(best.Path) {
			best, ok = m, true
		}
	}
	return best, ok
}

func importPath(s *ast.ImportSpec) string {
	v, err := strconv.Unquote(s.Path.Value)
	if err != nil { // the parser accepts only string literals here
		return s.Path.Value
	}
	return v
}

// standard reports whether an import path belongs to the standard library:
// by convention its first element has no dot.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func (t *Tree) at(pos token.Pos, format string, args ...any) Finding {
	return Finding{Pos: t.Fset.Position(pos), Text: fmt.Sprintf(format, args...)}
}

func whole(name, format string, args ...any) Finding {
	return Finding{Pos: token.Position{Filename: name}, Text: fmt.Sprintf(format, args...)}
}
