// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/tensor"
)

// Every kernel that this CPU has passes the comparison that each start makes.
func TestKernels(t *testing.T) {
	if names := tensor.Kernels(); names[0].Name != "portable" {
		t.Errorf("Kernels() = %v, want portable first", names)
	}
	for _, k := range tensor.Kernels() {
		t.Logf("this CPU has %s", k.Name)
		if k.Err != nil {
			t.Errorf("kernel %s: %v", k.Name, k.Err)
		}
	}
	if err := tensor.Use("no such"); err == nil || !strings.Contains(err.Error(), "portable") {
		t.Errorf("Use(no such) = %v, want an error that lists the kernels", err)
	}
}

// The comparison finds a single bit, in each type.
func TestCompareFinds(t *testing.T) {
	for _, k := range tensor.Kernels()[1:] {
		for _, kind := range types {
			err := tensor.CompareWrong(k.Name, kind)
			if err == nil || !strings.Contains(err.Error(), kind.String()) {
				t.Errorf("%s beside %v with a wrong bit: %v, want an error that names the type", k.Name, kind, err)
			}
		}
		if err := tensor.Compare(k.Name); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

// The comparison finds a single bit in each other operation, and the operations are all that there are:
// those that the tests of vector kernels know too.
func TestCompareFindsOperations(t *testing.T) {
	names := tensor.Operations()
	for name := range operations {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not compared at start", name)
		}
	}
	for _, k := range tensor.Kernels()[1:] {
		for _, name := range names {
			if err := tensor.CompareWrongOperation(k.Name, name); err == nil || !strings.HasPrefix(err.Error(), name+":") {
				t.Errorf("%s beside %s with a wrong bit: %v, want an error that names the operation", k.Name, name, err)
			}
		}
		if err := tensor.CompareOperations(k.Name); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

// file makes rows as a file holds them, with any weights and factors of all sizes. kind says how.
func file(r *rand.Rand, kind gguf.Type, columns, rows int, how string) []byte {
	numbers, size := kind.Block()
	b := make([]byte, rows*columns/numbers*size)
	for i := range b {
		b[i] = byte(r.Uint32())
		switch how {
		case "lowest":
			b[i] = 0x80
		case "highest":
			b[i] = 0x7f
		case "ones":
			b[i] = 0xff
		case "zeros":
			b[i] = 0
		}
	}
	for at := 0; at < len(b); at += size {
		for _, h := range halves(kind) {
			f := uint16(r.Uint32())
			if f&0x7c00 == 0x7c00 {
				f &= 0x83ff // a subnormal number
			}
			binary.LittleEndian.PutUint16(b[at+h:], f)
		}
		if kind == gguf.F32 || kind == gguf.BF16 {
			b[at+size-1] &= 0xbf
		}
	}
	return b
}

// activations are of all sizes, some with blocks of zeros.
func activations(r *rand.Rand, n, columns int) []*tensor.Activation {
	sizes := []float64{1, 1e-38, 1e30, 1, 1e-44, 300, 1e-3}
	out := make([]*tensor.Activation, n)
	for i := range out {
		out[i] = tensor.NewActivation(columns)
		for j := range out[i].Floats {
			x := float32((r.Float64()*2 - 1) * sizes[i%len(sizes)])
			if i%4 == 3 {
				x = float32(math.Copysign(2.5, float64(x)))
			}
			if i%3 == 2 && j%512 < 288 {
				x = 0
			}
			out[i].Floats[j] = x
		}
	}
	return out
}

// Every kernel, type, count of rows and of activations gives the bits that the definition has, which
// reference_test.go computes from the bytes of the file.
func TestProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range types {
		for i, how := range []string{"random", "lowest", "highest", "ones", "zeros", "random", "one block", "three blocks"} {
			block, _ := kind.Block()
			rows, columns := []int{40, 16, 17, 1, 5, 33, 19, 51}[i], []int{256, 512, 768, 256, 512, 768, block, 3 * block}[i]
			b := file(r, kind, columns, rows, how)
			m, err := matrix(t, kind, columns, rows, b)
			if err != nil {
				t.Fatal(err)
			}
			a := activations(r, 13, columns)
			want := make([][]float32, len(a))
			for i := range a {
				want[i] = reference(kind, b, columns, a[i].Floats)
			}
			for _, k := range tensor.Kernels() {
				t.Run(fmt.Sprintf("%v/%s/%s", kind, how, k.Name), func(t *testing.T) {
					use(t, k.Name)
					testProducts(t, m, a, want)
				})
			}
		}
	}
}

func testProducts(t *testing.T, m *tensor.Matrix, a []*tensor.Activation, want [][]float32) {
	for n := 1; n <= len(a); n++ {
		if testing.Short() && n > 5 && n < len(a) {
			continue // all ways to make tiles are among the others
		}
		got := make([][]float32, n)
		for i := range got {
			got[i] = make([]float32, m.Rows)
			if err := a[i].Quantize(m.Form(), m.Form()); err != nil {
				t.Fatal(err)
			}
		}
		for from := 0; from < m.Rows; from += tensor.RowGroup {
			m.Multiply(got, a[:n], from, min(from+tensor.RowGroup, m.Rows))
		}
		for i := range got {
			if !slices.EqualFunc(got[i], want[i], same) {
				t.Fatalf("of %d: products with %d = %v, want %v", n, i, got[i], want[i])
			}
		}
	}
	whole := [][]float32{make([]float32, m.Rows)}
	m.Multiply(whole, a[:1], 0, m.Rows)
	if !slices.EqualFunc(whole[0], want[0], same) {
		t.Fatalf("products in one call = %v, want %v", whole[0], want[0])
	}
}

// same takes any NaN for any other.
func same(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b }

// Every kernel rounds activations to the same bytes, sums and scales: ties, amax about where 127/amax
// overflows, the largest and the smallest numbers, one number among zeros.
func TestQuantizeKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, size := range []float32{1, 127, 3.7e-37, 3.73e-37, 3.8e-37, 1e-38, 1e-45, 1e30, math.MaxFloat32} {
		for how, draw := range map[string]func(i int) float32{
			"random": func(int) float32 { return r.Float32()*2 - 1 },
			"ties":   func(i int) float32 { return float32(i%255-127)/127 + 0.5/127 },
			"ends":   func(int) float32 { return float32(r.IntN(3) - 1) },
			"single": func(i int) float32 { return float32(1 - min(1, i%97)) },
			"below":  func(int) float32 { return math.Nextafter32(1, 0) * float32(r.IntN(2)*2-1) },
		} {
			x := make([]float32, 768)
			for i := range x {
				x[i] = max(-math.MaxFloat32, min(math.MaxFloat32, float32(draw(i)*size)))
			}
			for _, form := range []tensor.Form{tensor.Small, tensor.Large} {
				want := tensor.Quantized("portable", x, form)
				for _, k := range tensor.Kernels()[1:] {
					if got := tensor.Quantized(k.Name, x, form); got != want {
						t.Fatalf("%s: %s numbers of size %v in form %v = %s, want %s", k.Name, how, size, form, got, want)
					}
				}
			}
		}
	}
}

// A row comes out of its place among others as it went in.
func TestRow(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, kind := range types {
		const rows, columns = 35, 512
		b := file(r, kind, columns, rows, "random")
		m, err := matrix(t, kind, columns, rows, b)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, columns)
		for i := range rows {
			m.Row(got, i)
			if want := widened(kind, b[i*len(b)/rows:][:len(b)/rows]); !slices.EqualFunc(got, want, same) {
				t.Fatalf("%v: row %d = %v, want %v", kind, i, got, want)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	for _, kind := range types {
		m := tensor.Random(kind, 40, 512)
		for _, k := range tensor.Kernels() {
			use(t, k.Name)
			dst, a := batchOf(t, m, 6)
			row := make([]float32, m.Columns)
			n := testing.AllocsPerRun(3, func() {
				for i := range a {
					if err := a[i].Quantize(m.Form()); err != nil {
						t.Fatal(err)
					}
				}
				m.Multiply(dst, a, 0, m.Rows)
				m.Multiply(dst[:1], a[:1], 0, m.Rows)
				m.Row(row, 17)
			})
			if n != 0 {
				t.Errorf("%v, %s: %v allocations, want none", kind, k.Name, n)
			}
		}
	}
}

// A file of many chunks is read as one of a single chunk is.
func TestManyChunks(t *testing.T) {
	const rows, columns = 2000, 1024
	b := file(rand.New(rand.NewPCG(5, 6)), gguf.Q8_0, columns, rows, "random")
	m, err := matrix(t, gguf.Q8_0, columns, rows, b)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, columns)
	for i := range rows {
		m.Row(got, i)
		if want := widened(gguf.Q8_0, b[i*len(b)/rows:][:len(b)/rows]); !slices.EqualFunc(got, want, same) {
			t.Fatalf("row %d = %v, want %v", i, got, want)
		}
	}
}

// A row that no model has is refused before 16 of it are made room for.
func TestTooWide(t *testing.T) {
	const columns = 1<<20 + 1
	_, err := matrix(t, gguf.F16, columns, 1, make([]byte, 2*columns))
	if err == nil || !strings.Contains(err.Error(), `tensor "w"`) {
		t.Errorf("a row of %d numbers: %v, want an error that names the tensor", columns, err)
	}
}
