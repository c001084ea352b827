// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/tensor"
)

// Every Half, by the definition of IEEE 754.
func TestHalf(t *testing.T) {
	for u := range 1 << 16 {
		h := tensor.Half(u)
		exponent, fraction := u>>10&31, float64(u&1023)
		if exponent == 31 {
			if h.Finite() {
				t.Errorf("Half(%04x).Finite() = true", u)
			}
			continue
		}
		want := math.Ldexp(1024+fraction, exponent-25)
		if exponent == 0 {
			want = math.Ldexp(fraction, -24)
		}
		if u&0x8000 != 0 {
			want = -want
		}
		got := h.Float()
		if float64(got) != want || !h.Finite() {
			t.Fatalf("Half(%04x) = %v, %v, want %v, true", u, got, h.Finite(), want)
		}
		if back := tensor.ToHalf(got); back != h {
			t.Fatalf("ToHalf(%v) = %04x, want %04x", got, back, u)
		}
	}
}

// Between two Halfs: the nearer one, in the middle the even one.
func TestToHalfRounds(t *testing.T) {
	for u := range 0x7bff {
		low, high := tensor.Half(u).Float(), tensor.Half(u+1).Float()
		middle := float32((float64(low) + float64(high)) / 2)
		even := tensor.Half(u + u&1)
		for _, tt := range []struct {
			in   float32
			want tensor.Half
		}{
			{math.Nextafter32(middle, low), tensor.Half(u)}, {middle, even}, {math.Nextafter32(middle, high), tensor.Half(u + 1)},
		} {
			if got := tensor.ToHalf(tt.in); got != tt.want {
				t.Fatalf("ToHalf(%v) = %04x, want %04x", tt.in, got, tt.want)
			}
			if got := tensor.ToHalf(-tt.in); got != tt.want|0x8000 {
				t.Fatalf("ToHalf(%v) = %04x, want %04x", -tt.in, got, tt.want|0x8000)
			}
		}
	}
	for _, large := range []float32{65504, 65505, 65520, 1e30, float32(math.Inf(1))} {
		if got := tensor.ToHalf(large); got != 0x7bff {
			t.Errorf("ToHalf(%v) = %04x, want 7bff", large, got)
		}
	}
}

// relative is the distance in units of the last place of float32, about.
func relative(got, want float64) float64 {
	if want == 0 {
		return math.Abs(got)
	}
	return math.Abs(got-want) / math.Abs(want)
}

func TestFunctions(t *testing.T) {
	for x := float32(-103); x < 88.7; x += 0.0137 {
		if got, want := tensor.Exp(x), math.Exp(float64(x)); relative(float64(got), want) > 6.5e-8 && want > 1.2e-38 {
			t.Errorf("Exp(%v) = %v, want %v", x, got, want)
		}
	}
	if tensor.Exp(-105) != 0 || !math.IsInf(float64(tensor.Exp(89)), 1) || tensor.Exp(0) != 1 {
		t.Errorf("Exp(-105), Exp(89), Exp(0) = %v, %v, %v", tensor.Exp(-105), tensor.Exp(89), tensor.Exp(0))
	}
	for x := 1e-6; x < 1e7; x *= 1.037 {
		if got, want := tensor.Log(x), math.Log(x); math.Abs(got-want) > 4e-15*math.Max(1, math.Abs(want)) {
			t.Errorf("Log(%v) = %v, want %v", x, got, want)
		}
		if got, want := tensor.Pow(x, -0.4375), math.Pow(x, -0.4375); relative(got, want) > 1e-13 {
			t.Errorf("Pow(%v, -0.4375) = %v, want %v", x, got, want)
		}
	}
	for x := 0.0; x <= 1<<30; x = x*1.01 + 0.013 {
		s, c := tensor.SinCos(x)
		limit := 1e-11
		if x > 1<<20 {
			limit = 1e-6
		}
		if math.Abs(s-math.Sin(x)) > limit || math.Abs(c-math.Cos(x)) > limit {
			t.Errorf("SinCos(%v) = %v, %v, want %v, %v", x, s, c, math.Sin(x), math.Cos(x))
		}
	}
}

// The lanes of a sum: written out with 19 numbers whose order shows.
func TestSumOrder(t *testing.T) {
	x := make([]float32, 19)
	for i := range x {
		x[i] = 1 + float32(i)*1e-6
	}
	x[3], x[11] = 1<<24, -(1 << 24)
	lane := make([]float32, 16)
	copy(lane, x[:16])
	lane[0], lane[1], lane[2] = lane[0]+x[16], lane[1]+x[17], lane[2]+x[18]
	for _, width := range []int{8, 4, 2, 1} {
		for j := range width {
			lane[j] = lane[j] + lane[j+width]
		}
	}
	if got := tensor.Sum(x); got != lane[0] {
		t.Errorf("Sum = %v, want %v", got, lane[0])
	}
	ones := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	if got := tensor.Dot(x, ones); got != lane[0] {
		t.Errorf("Dot with ones = %v, want %v", got, lane[0])
	}
}

func matrix(t *testing.T, kind gguf.Type, columns, rows int, data []byte) (*tensor.Matrix, error) {
	t.Helper()
	b := gguftest.File(nil, []gguftest.Tensor{{Name: "w", Type: kind, Shape: []int{columns, rows}, Data: data}})
	f, err := gguf.Open(gguftest.Reader(b))
	if err != nil {
		t.Fatal(err)
	}
	w, _ := f.Tensor("w")
	return tensor.Load(f, w, new([]byte))
}

// A factor that is no number is refused, wherever the type keeps it.
func TestNotANumber(t *testing.T) {
	for _, tt := range []struct {
		kind gguf.Type
		at   int // a byte of the block whose setting makes a factor infinite
	}{
		{gguf.F32, 3}, {gguf.F16, 1}, {gguf.BF16, 1}, {gguf.Q8_0, 1}, {gguf.Q4_0, 1}, {gguf.Q5_0, 1}, {gguf.Q4_K, 1}, {gguf.Q4_K, 3}, {gguf.Q5_K, 1}, {gguf.Q5_K, 3}, {gguf.Q6_K, 209},
	} {
		numbers, size := tt.kind.Block()
		data := make([]byte, 2*size)
		if _, err := matrix(t, tt.kind, numbers, 2, data); err != nil {
			t.Errorf("%v of zeros: %v", tt.kind, err)
		}
		data[size+tt.at] = 0x7f
		if tt.at > 0 {
			data[size+tt.at-1] = 0x80
		}
		_, err := matrix(t, tt.kind, numbers, 2, data)
		if err == nil || !strings.Contains(err.Error(), `tensor "w": row 1`) {
			t.Errorf("%v with byte %d of row 1 set: error %v", tt.kind, tt.at, err)
		}
	}
}

// Small whole weights and activations multiply exactly.
func TestExactProduct(t *testing.T) {
	row := make([]byte, 34)
	row[1] = 0x3c // 1.0
	row[2], row[3], row[33] = 127, 0x80, 5
	m, err := matrix(t, gguf.Q8_0, 32, 1, row)
	if err != nil {
		t.Fatal(err)
	}
	a := tensor.NewActivation(32)
	a.Floats[0], a.Floats[1], a.Floats[31] = 127, -1, 64 // scale 1: the bytes are the numbers
	if err := a.Quantize(m.Form()); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 1)
	m.Multiply([][]float32{got}, []*tensor.Activation{a}, 0, 1)
	if want := float32(127*127 + 128 + 5*64); got[0] != want {
		t.Errorf("Multiply = %v, want %v", got[0], want)
	}
}

func TestQuantizeRefusesNoNumber(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		a := tensor.NewActivation(32)
		a.Floats[7] = float32(v)
		if err := a.Quantize(tensor.Small); !errors.Is(err, tensor.ErrNotFinite) {
			t.Errorf("Quantize with %v = %v, want ErrNotFinite", v, err)
		}
	}
	a := tensor.NewActivation(32)
	a.Floats[0] = math.SmallestNonzeroFloat32 // 127/amax overflows
	if err := a.Quantize(tensor.Small, tensor.Large, tensor.Whole); err != nil {
		t.Errorf("Quantize of the smallest number = %v", err)
	}
}
