// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// bannedImports are packages that a deterministic package has no use for.
var bannedImports = map[string]string{
	"crypto/rand":   "entropy is handed in as a value",
	"hash/maphash":  "its seed differs in every process",
	"io/ioutil":     "data is handed in as bytes or readers",
	"log":           "values are returned, not logged",
	"math/rand/...": "entropy is handed in as a value",
	"net/...":       "data is handed in as bytes or readers",
	"os/...":        "data is handed in as bytes or readers",
	"path/filepath": "its results depend on the operating system; use path",
	"plugin":        "what runs is decided when it is built",
	"runtime":       "results may not depend on the machine",
	"syscall":       "results may not depend on the machine",
}

// bannedNames are single functions and types of packages that are otherwise
// fine. They are banned as references, so handing one over counts too.
var bannedNames = map[string][]string{
	"context":  {"WithDeadline", "WithDeadlineCause", "WithTimeout", "WithTimeoutCause"},
	"log/slog": {"Debug", "DebugContext", "Default", "Error", "ErrorContext", "Info", "InfoContext", "Log", "LogAttrs", "SetDefault", "Warn", "WarnContext"},
	"maps":     {"All", "Keys", "Values"}, // only inside slices.Sorted and its kin, see order.go
	"sync":     {"Pool"},
	"time":     {"After", "AfterFunc", "LoadLocation", "Local", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"},
}

// exactMath are the functions of package math whose result is the same on
// every machine. The others may be assembly on one architecture and Go on
// another, and differ in the last bit.
var exactMath = []string{
	"Abs", "Ceil", "Copysign", "Dim", "FMA", "Float32bits", "Float32frombits", "Float64bits", "Float64frombits", "Floor", "Frexp",
	"Inf", "IsInf", "IsNaN", "Ldexp", "Max", "Min", "Mod", "Modf", "NaN", "Nextafter", "Nextafter32", "Remainder", "Round", "RoundToEven",
	"Signbit", "Sqrt", "Trunc",
}

// CheckDeterminism finds in the packages that the table marks D what could
// make two machines, or two runs, disagree. Tests of such a package are free.
func CheckDeterminism(t *Tree, table []Row) ([]Finding, error) {
	var out []Finding
	y := newTyper(t)
	for _, p := range t.Packages {
		if row, ok := Find(table, p.Path); !ok || !row.D {
			continue
		}
		info := y.Info(p)
		for _, f := range p.Files {
			if !f.own() {
				continue
			}
			c := &checker{tree: t, file: f, info: info, up: parents(f.AST), marks: marks(t, f)}
			c.imports()
			ast.Inspect(f.AST, func(n ast.Node) bool { c.visit(n); return true })
			out = append(out, c.out...)
		}
		for _, name := range p.Asm {
			found, err := checkAssembly(t.Root, name)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

// checker looks at one file of a deterministic package.
type checker struct {
	tree  *Tree
	file  *File
	info  *types.Info
	up    map[ast.Node]ast.Node
	marks map[int]bool // lines that an //arch:ordered comment speaks for
	out   []Finding
}

func (c *checker) found(n ast.Node, format string, args ...any) {
	c.out = append(c.out, c.tree.at(n.Pos(), "deterministic package: "+format, args...))
}

func (c *checker) imports() {
	for _, s := range c.file.AST.Imports {
		imp := importPath(s)
		for banned, why := range bannedImports {
			if covers(banned, imp) {
				c.found(s, "imports %s: %s", imp, why)
			}
		}
		if s.Name != nil && s.Name.Name == "." {
			c.found(s, "dot import hides where names come from")
		}
	}
}

func (c *checker) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.found(n, "starts a goroutine: take a Parallel(n, f) from the caller instead")
	case *ast.SelectStmt:
		c.found(n, "select picks a ready case at random")
	case *ast.ChanType:
		c.found(n, "channels order values by timing: hand over slices or iterators")
	case *ast.SelectorExpr:
		c.name(n)
	case *ast.RangeStmt:
		c.ranges(n)
	case *ast.BinaryExpr:
		c.product(n, n.Op, n.X)
	case *ast.AssignStmt:
		if n.Tok == token.MUL_ASSIGN {
			c.product(n, token.MUL_ASSIGN, n.Lhs[0])
		}
	}
}

// name checks a qualified name such as time.Now.
func (c *checker) name(n *ast.SelectorExpr) {
	id, ok := n.X.(*ast.Ident)
	if !ok {
		c.method(n)
		return
	}
	pkg, ok := c.info.Uses[id].(*types.PkgName)
	if !ok {
		c.method(n)
		return
	}
	imp, name := pkg.Imported().Path(), n.Sel.Name
	switch {
	case imp == "math" && isFunc(c.info.Uses[n.Sel]) && !slices.Contains(exactMath, name):
		c.found(n, "math.%s may differ in the last bit between architectures", name)
	case imp == "maps" && slices.Contains(bannedNames[imp], name):
		c.mapIterator(n, name)
	case slices.Contains(bannedNames[imp], name):
		c.found(n, "%s.%s is not a function of the inputs: the caller passes what it needs", pkg.Name(), name)
	}
}

// method checks methods that reach the machine or the order of a map.
func (c *checker) method(n *ast.SelectorExpr) {
	fn, ok := c.info.Uses[n.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil {
		return
	}
	switch fn.FullName() {
	case "(time.Time).Local":
		c.found(n, "Time.Local depends on the machine's time zone: use UTC")
	case "(reflect.Value).MapKeys", "(reflect.Value).MapRange", "(reflect.Value).Seq", "(reflect.Value).Seq2":
		c.found(n, "%s visits a map in random order", fn.Name())
	}
}

func isFunc(o types.Object) bool { _, ok := o.(*types.Func); return ok }

// fused matches multiply-add instructions of amd64, arm64, arm, riscv64,
// ppc64 and s390x, and raw encodings, in which they could hide. It leaves out
// MULSD, which subtracts on 32-bit arm but is a plain product on amd64; FMULS is
// one on arm64.
var fused = regexp.MustCompile(`(?i)^\s*(?:[A-Za-z0-9_]+:\s*)?(` +
	`V?FN?M(?:ADD|SUB)[A-Z0-9]*|V?FML[AS][A-Z0-9]*|FN?MUL[AS][FD]|MULA[FD]|XS?V?N?M(?:ADD|SUB)[A-Z0-9]*|` +
	`W?V?FM[AS](?:E|D|S)?B|VFN?M[AS]|BYTE|WORD|LONG|DWORD)\b`)

// raw are the encodings that may stand in a WORD all the same: vector instructions of arm64 that Go's
// assembler does not know and that fuse nothing. Registers are or-ed to them.
var raw = map[string]string{
	"0x4f80e000": "SDOT by element", "0x4ea09400": "MLA of int32", "0x0e608000": "SMLAL", "0x4e608000": "SMLAL2", "0x0f08a400": "SXTL 8H",
	"0x4f08a400": "SXTL2 8H", "0x0f10a400": "SXTL 4S", "0x4f10a400": "SXTL2 4S", "0x0f15a400": "SSHLL 5", "0x4e20d400": "FADD 4S",
	"0x4ea0d400": "FSUB 4S", "0x6e20dc00": "FMUL 4S", "0x6e20fc00": "FDIV 4S", "0x4e20f400": "FMAX 4S", "0x4ea0f400": "FMIN 4S",
	"0x6ea0e400": "FCMGT 4S", "0x4e21d800": "SCVTF 4S", "0x4e21a800": "FCVTNS 4S", "0x0e217800": "FCVTL 4S", "0x4e217800": "FCVTL2 4S",
	"0x0e216800": "FCVTN 4H", "0x4e216800": "FCVTN2 8H", "0x4e60d400": "FADD 2D", "0x4ee0d400": "FSUB 2D", "0x6e60dc00": "FMUL 2D",
	"0x4e619800": "FRINTM 2D", "0x4ee1b800": "FCVTZS 2D", "0x0e617800": "FCVTL 2D", "0x4e617800": "FCVTL2 2D", "0x0e616800": "FCVTN 2S",
	"0x4e616800": "FCVTN2 4S",
}

var (
	macro   = regexp.MustCompile(`^\s*#define\s+\w+(?:\([^)]*\))?\s*`)
	encoded = regexp.MustCompile(`^WORD \$\((0x[0-9a-f]{8})(?: \| (?:\(d\)|\(n\)<<5|\(m\)<<16|\(\(i\)&1\)<<21|\(\(i\)>>1\)<<11))+\)$`)
)

func checkAssembly(root, name string) ([]Finding, error) {
	src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	var out []Finding
	for i, line := range strings.Split(string(src), "\n") {
		code, _, _ := strings.Cut(line, "//")
		for _, s := range strings.Split(macro.ReplaceAllString(code, ""), ";") {
			m := fused.FindStringSubmatch(s)
			if m == nil || permitted(s) {
				continue
			}
			f := whole(name, "deterministic package: %s is, or may hide, a fused multiply-add: multiply, then add", strings.ToUpper(m[1]))
			f.Pos.Line = i + 1
			out = append(out, f)
		}
	}
	return out, nil
}

// permitted reports whether a statement is one of the raw encodings with registers.
func permitted(s string) bool {
	m := encoded.FindStringSubmatch(strings.TrimSpace(s))
	return m != nil && raw[m[1]] != ""
}
