// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"go/ast"
	"go/token"
)

// product checks one multiplication of floating-point values.
//
// The Go specification lets a compiler fuse x*y and a later addition into one
// instruction that rounds once, also across statements and inlined calls, and
// says that an explicit conversion prevents it. The compiler does so on arm64,
// riscv64, s390x, ppc64 and on amd64 from GOAMD64=v3 on, not on plain amd64, so
// the same source gives different bits. The rule is therefore that every
// product is converted at once, as in float32(x*y) + z, unless all it does is
// enter another product, a quotient or a comparison, which nothing fuses with.
//
// Products of complex numbers contain additions and cannot be written safely.
func (c *checker) product(n ast.Node, op token.Token, operand ast.Expr) {
	if op != token.MUL && op != token.MUL_ASSIGN || !typed(c.info, operand, isFloat) {
		return
	}
	if e, ok := n.(ast.Expr); ok {
		if c.info.Types[e].Value != nil {
			return // a constant is computed exactly by the compiler
		}
		if c.rounded(around(c.up, n)) {
			return
		}
	}
	if op == token.MUL_ASSIGN {
		c.found(n, "x *= y may be fused with a later addition: write x = float32(x * y)%s", doubt(c.info, operand))
		return
	}
	c.found(n, "this product may be fused with an addition: write float32(x*y) or float64(x*y)%s", doubt(c.info, operand))
}

// rounded reports whether the node around a product keeps it from being fused.
func (c *checker) rounded(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr: // a conversion to any type rounds; only T(x) with one operand is one
		return c.info.Types[n.Fun].IsType()
	case *ast.BinaryExpr:
		return n.Op == token.MUL || n.Op == token.QUO || comparisons[n.Op]
	}
	return false
}
