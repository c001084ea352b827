// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor_test

import (
	"fmt"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/tensor"
)

var types = []gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q5_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K}

// BenchmarkMultiply reports, on one thread, the bytes of the file's weights per second, and the billions of
// products per second. The matrix is larger than caches are.
func BenchmarkMultiply(b *testing.B) {
	const columns, numbers = 2048, 96 << 20
	for _, kind := range types {
		block, size := kind.Block()
		rows := numbers / columns
		if size*32/block > 40 {
			rows /= 4
		}
		m := tensor.Random(kind, rows, columns)
		for _, k := range tensor.Kernels() {
			for _, batch := range []int{1, 4, 8, 64} {
				if k.Name == "portable" && batch > 1 && batch < 64 {
					continue
				}
				b.Run(fmt.Sprintf("%v/%s/batch=%d", kind, k.Name, batch), func(b *testing.B) {
					use(b, k.Name)
					benchmark(b, m, batch, int64(rows)*columns/int64(block)*int64(size))
				})
			}
		}
	}
}

// benchmark multiplies chunks of 64 rows, as a step does. An operation is one chunk.
func benchmark(b *testing.B, m *tensor.Matrix, batch int, bytes int64) {
	const rows = 64
	dst, a := batchOf(b, m, batch)
	b.SetBytes(bytes * rows / int64(m.Rows))
	b.ReportAllocs()
	b.ResetTimer()
	at := 0
	for b.Loop() {
		m.Multiply(dst, a, at, at+rows)
		if at += rows; at == m.Rows {
			at = 0
		}
	}
	b.ReportMetric(float64(b.N)*rows*float64(m.Columns*batch)/1e9/b.Elapsed().Seconds(), "GMAC/s")
}

func batchOf(t testing.TB, m *tensor.Matrix, n int) ([][]float32, []*tensor.Activation) {
	t.Helper()
	dst, a := make([][]float32, n), make([]*tensor.Activation, n)
	for i := range a {
		dst[i], a[i] = make([]float32, m.Rows), tensor.NewActivation(m.Columns)
		for j := range a[i].Floats {
			a[i].Floats[j] = float32((i+3)*(j+7)%101) - 50
		}
		if err := a[i].Quantize(m.Form()); err != nil {
			t.Fatal(err)
		}
	}
	return dst, a
}

// use chooses a kernel for the test.
func use(t testing.TB, name string) {
	t.Helper()
	before := tensor.InUse()
	if err := tensor.Use(name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tensor.Use(before); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkQuantize(b *testing.B) {
	a := tensor.NewActivation(2048)
	for i := range a.Floats {
		a.Floats[i] = float32(i*7%101) - 50
	}
	for _, k := range tensor.Kernels() {
		for name, form := range map[string]tensor.Form{"small": tensor.Small, "large": tensor.Large} {
			b.Run(name+"/"+k.Name, func(b *testing.B) {
				use(b, k.Name)
				b.SetBytes(int64(4 * len(a.Floats)))
				for b.Loop() {
					if err := a.Quantize(form); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCompare is what a start takes for the operations beside the products, and with them.
func BenchmarkCompare(b *testing.B) {
	for _, k := range tensor.Kernels()[1:] {
		for name, f := range map[string]func(string) error{"operations": tensor.CompareOperations, "all": tensor.Compare} {
			b.Run(k.Name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					if err := f(k.Name); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
