// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package gguf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
)

func small() []byte {
	return gguftest.File(
		[]gguftest.Pair{
			{Key: "general.architecture", Value: "llama"},
			{Key: "llama.block_count", Value: uint32(2)},
			{Key: "llama.rope.freq_base", Value: float32(10000)},
			{Key: "tokenizer.ggml.tokens", Value: []string{"<s>", "a"}},
			{Key: "tokenizer.ggml.scores", Value: []float32{0, -1}},
			{Key: "tokenizer.ggml.token_type", Value: []int32{3, 1}},
			{Key: "tokenizer.ggml.add_bos_token", Value: true},
		},
		[]gguftest.Tensor{
			{Name: "a", Type: gguf.F32, Shape: []int{2, 3}, Data: bytes.Repeat([]byte{1, 2, 3, 4}, 6)},
			{Name: "b", Type: gguf.Q8_0, Shape: []int{32}, Data: bytes.Repeat([]byte{5}, 34)},
		})
}

func TestOpen(t *testing.T) {
	f, err := gguf.Open(gguftest.Reader(small()))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := f.Text("general.architecture"); v != "llama" || err != nil {
		t.Errorf("Text = %q, %v", v, err)
	}
	if v, err := f.Int("llama.block_count", 1, 9); v != 2 || err != nil {
		t.Errorf("Int = %d, %v", v, err)
	}
	if v, err := f.Float("llama.rope.freq_base"); v != 10000 || err != nil {
		t.Errorf("Float = %v, %v", v, err)
	}
	if v, err := f.Texts("tokenizer.ggml.tokens"); len(v) != 2 || v[1] != "a" || err != nil {
		t.Errorf("Texts = %q, %v", v, err)
	}
	if v, err := f.Floats("tokenizer.ggml.scores"); len(v) != 2 || v[1] != -1 || err != nil {
		t.Errorf("Floats = %v, %v", v, err)
	}
	if v, err := f.Bool("tokenizer.ggml.add_bos_token"); !v || err != nil {
		t.Errorf("Bool = %v, %v", v, err)
	}
	a, ok := f.Tensor("a")
	if !ok || a.Columns() != 2 || a.Rows() != 3 || a.Size != 24 {
		t.Fatalf("Tensor(a) = %+v, %v", a, ok)
	}
	got := make([]byte, 4)
	if err := f.ReadTensor(a, got, 20); err != nil || !bytes.Equal(got, []byte{1, 2, 3, 4}) {
		t.Errorf("ReadTensor = %x, %v", got, err)
	}
	if err := f.ReadTensor(a, got, 21); err == nil {
		t.Error("ReadTensor beyond the tensor's end gave no error")
	}
}

func TestWrongKind(t *testing.T) {
	f, err := gguf.Open(gguftest.Reader(small()))
	if err != nil {
		t.Fatal(err)
	}
	_, missing := f.Text("nothing")
	_, wrong := f.Int("general.architecture", 0, 9)
	_, large := f.Int("llama.block_count", 3, 9)
	for _, tt := range []struct {
		err  error
		want string
	}{
		{missing, "nothing is missing, want a string"},
		{wrong, "is a string, want a whole number"},
		{large, "is 2, want 3 to 9"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("error %v, want one with %q", tt.err, tt.want)
		}
	}
}

// Each case is a file that lies, and what the error must name.
func TestLies(t *testing.T) {
	one := func(t gguftest.Tensor) []byte { return gguftest.File(nil, []gguftest.Tensor{t}) }
	patch := func(b []byte, at int, v uint64) []byte {
		b = bytes.Clone(b)
		binary.LittleEndian.PutUint64(b[at:], v)
		return b
	}
	ok := gguftest.Tensor{Name: "w", Type: gguf.Q8_0, Shape: []int{32, 4}, Data: make([]byte, 136)}
	with := func(change func(*gguftest.Tensor)) []byte {
		t := ok
		change(&t)
		return one(t)
	}
	twice := gguftest.File(nil, []gguftest.Tensor{ok, ok})
	pairTwice := gguftest.File([]gguftest.Pair{{Key: "k", Value: "1"}, {Key: "k", Value: "2"}}, nil)
	two := ok
	two.Name = "v"
	overlap := gguftest.File(nil, []gguftest.Tensor{ok, two})
	// The second tensor's offset is the last number of the header: the header ends there, padded.
	at := bytes.LastIndex(overlap[:128+24], binary.LittleEndian.AppendUint64(nil, 160))
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "not a GGUF file"},
		{"other magic", []byte("GGML\x03\x00\x00\x00"), "not a GGUF file"},
		{"version 1", append([]byte("GGUF\x01\x00\x00\x00"), make([]byte, 16)...), "version 1"},
		{"big endian", append([]byte("GGUF\x00\x00\x00\x03"), make([]byte, 16)...), "big endian"},
		{"cut", one(ok)[:40], "ends in the middle"},
		{"count of tensors", patch(one(ok), 8, 1<<60), "do not fit"},
		{"count of pairs", patch(one(ok), 16, 1<<60), "do not fit"},
		{"length of a name", patch(one(ok), 24, 1<<40), "do not fit"},
		{"unknown type", with(func(t *gguftest.Tensor) { t.Type = 99 }), `tensor "w": is stored as type 99`},
		{"foreign type", with(func(t *gguftest.Tensor) { t.Type = 3 }), `tensor "w": is stored as Q4_1`},
		{"half a block", with(func(t *gguftest.Tensor) { t.Shape = []int{33} }), "no whole blocks"},
		{"no dimension", with(func(t *gguftest.Tensor) { t.Shape = nil }), "0 dimensions"},
		{"nothing in it", with(func(t *gguftest.Tensor) { t.Shape = []int{32, 0} }), "the shape [32 0]"},
		{"overflow", with(func(t *gguftest.Tensor) { t.Shape = []int{1 << 40, 1 << 40} }), "the shape"},
		{"larger than the file", with(func(t *gguftest.Tensor) { t.Shape = []int{32, 400} }), "beyond the end"},
		{"tensor twice", twice, "stands twice"},
		{"pair twice", pairTwice, `"k" stands twice`},
		{"overlap", patch(overlap, at, 32), "overlap"},
		{"unaligned", patch(overlap, at, 33), "not aligned"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := gguf.Open(gguftest.Reader(tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open = %v, want an error with %q", err, tt.want)
			}
		})
	}
	if _, err := gguf.Open(gguftest.Reader([]byte("PK\x03\x04"))); !errors.Is(err, gguf.ErrNotGGUF) {
		t.Errorf("Open of something else = %v, want ErrNotGGUF", err)
	}
}

// After a wrong length anything is read as a name: the error shows where, and not all of it.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("\xff", 60000)
	wrong := gguftest.File([]gguftest.Pair{{Key: "k", Value: long}, {Key: "l", Value: "v"}}, nil)
	binary.LittleEndian.PutUint64(wrong[24:], 50000) // the length of the first key
	name := long[:128]
	twice := gguftest.Tensor{Name: name, Type: gguf.F32, Shape: []int{1}, Data: make([]byte, 4)}
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"length of a key", wrong, `metadata "k\b\x00`},
		{"key twice", gguftest.File([]gguftest.Pair{{Key: long, Value: "1"}, {Key: long, Value: "2"}}, nil), "(60000 bytes) stands twice"},
		{"tensor twice", gguftest.File(nil, []gguftest.Tensor{twice, twice}), "(128 bytes): stands twice"},
	} {
		_, err := gguf.Open(gguftest.Reader(tt.file))
		if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 500 {
			t.Errorf("%s: Open = %v, want a short error with %q", tt.name, err, tt.want)
		}
	}
}

// The files that others wrote.
func TestOthersFiles(t *testing.T) {
	files, _ := filepath.Glob("../../../../shared/models/*/*.gguf")
	if len(files) == 0 {
		t.Skip("SKIPPED: no ../shared/models beside this checkout")
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		f, err := gguf.Open(file, info.Size())
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		_, err = f.Texts("tokenizer.ggml.tokens") // the vocabularies have no weights, tiny1m no vocabulary
		if err != nil && len(f.Tensors()) == 0 {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(small())
	f.Add(small()[:100])
	f.Add([]byte("GGUF\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Open(gguftest.Reader(data))
		if err != nil {
			return
		}
		for i := range file.Tensors() {
			w := &file.Tensors()[i]
			if err := file.ReadTensor(w, make([]byte, w.Size), 0); err != nil {
				t.Errorf("tensor %q of a file that opened: %v", w.Name, err)
			}
		}
	})
}

// holed is a file that begins with bytes and goes on with zeros.
type holed []byte

func (h holed) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	if at < int64(len(h)) {
		copy(b, h[at:])
	}
	return len(b), nil
}

// A file with a hole has any size for nothing: what its arrays promise is not taken at their word.
func TestHoles(t *testing.T) {
	const size = 1 << 40
	for _, tt := range []struct {
		name  string
		kind  uint32
		count uint64
	}{
		{"bytes", 0, 1 << 30}, {"numbers", 10, 1 << 26}, {"fractions", 6, 1 << 26}, {"truths", 7, 1 << 30},
		{"texts", 8, 1 << 30}, {"arrays", 9, 1 << 30},
	} {
		b := binary.LittleEndian.AppendUint32([]byte("GGUF"), 3)
		b = binary.LittleEndian.AppendUint64(b, 0)
		b = binary.LittleEndian.AppendUint64(b, 1)
		b = binary.LittleEndian.AppendUint64(b, uint64(len("the.key")))
		b = append(b, "the.key"...)
		b = binary.LittleEndian.AppendUint32(b, 9)
		b = binary.LittleEndian.AppendUint32(b, tt.kind)
		b = binary.LittleEndian.AppendUint64(b, tt.count)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := gguf.Open(holed(b), size)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), `"the.key": the header takes more than 256 MiB`) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", tt.name, took)
		}
	}
}
