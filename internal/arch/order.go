// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"go/ast"
	"go/types"
	"strings"
)

// orderMark is the comment that vouches for a loop over a map whose order
// cannot be observed, on the line of the loop or the line above, with a reason.
const orderMark = "//arch:ordered "

func marks(t *Tree, f *File) map[int]bool {
	lines := map[int]bool{}
	for _, g := range f.AST.Comments {
		for _, c := range g.List {
			if reason, ok := strings.CutPrefix(c.Text, orderMark); ok && strings.TrimSpace(reason) != "" {
				line := t.Fset.Position(c.Pos()).Line
				lines[line], lines[line+1] = true, true
			}
		}
	}
	return lines
}

func (c *checker) marked(n ast.Node) bool { return c.marks[c.tree.Fset.Position(n.Pos()).Line] }

// ranges checks a loop over a map. Go visits maps in random order, so the loop
// may only collect what is sorted by the next statement, or carry a mark.
func (c *checker) ranges(n *ast.RangeStmt) {
	if !typed(c.info, n.X, isMap) || c.marked(n) || c.collects(n) {
		return
	}
	c.found(n, "a loop over a map has no order: use slices.Sorted(maps.Keys(m)), sort what it collects in the next statement, "+
		"or say why order cannot be observed in a comment %sREASON%s", orderMark, doubt(c.info, n.X))
}

// collects reports whether the loop only appends to one slice and the
// statement after it sorts that slice.
func (c *checker) collects(n *ast.RangeStmt) bool {
	if len(n.Body.List) != 1 {
		return false
	}
	assign, ok := n.Body.List[0].(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 {
		return false
	}
	call, ok := assign.Rhs[0].(*ast.CallExpr)
	if !ok || types.ExprString(call.Fun) != "append" {
		return false
	}
	sort, ok := c.next(n).(*ast.ExprStmt)
	if !ok {
		return false
	}
	sorting, ok := sort.X.(*ast.CallExpr)
	if !ok || len(sorting.Args) == 0 {
		return false
	}
	fn := types.ExprString(sorting.Fun)
	return (strings.HasPrefix(fn, "slices.Sort") || strings.HasPrefix(fn, "sort.")) &&
		types.ExprString(sorting.Args[0]) == types.ExprString(assign.Lhs[0])
}

// next returns the statement after n in its block, or nil.
func (c *checker) next(n ast.Stmt) ast.Stmt {
	block, ok := c.up[n].(*ast.BlockStmt)
	if !ok {
		return nil
	}
	for i, s := range block.List[:len(block.List)-1] {
		if s == n {
			return block.List[i+1]
		}
	}
	return nil
}

// mapIterator checks maps.Keys and its kin, which are fine as the argument of
// a function that sorts or of another function that has no order.
func (c *checker) mapIterator(n *ast.SelectorExpr, name string) {
	call := c.up[n] // maps.Keys(m)
	outer, ok := c.up[call].(*ast.CallExpr)
	if ok && strings.HasPrefix(types.ExprString(outer.Fun), "slices.Sorted") || c.marked(n) {
		return
	}
	c.found(n, "maps.%s has no order: sort it at once with slices.Sorted, or say why in a comment %sREASON", name, orderMark)
}
