// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// What rounding costs, ours and llama.cpp's, on the same files: against the reference on the weights of the
// file, which is what the engine adds, and on the weights before they were quantized, which is what the
// reader of an answer gets. K-quants need rows of 256, which no trained model has that is small enough for
// the reference, so the weights are random. Their output matrix has three times the usual deviation, so that
// the next token has three nats of entropy, as a text's has, and not nearly log 512; queries and keys have a
// gain of one, so that a small error does not choose what a token looks at, as it does not in trained models:
// the loss of Q8_0 is then near that of the trained model below. Each file is of one type as a whole, and
// one of the mixture of real files. llama.cpp's own program quantizes them.
func TestQualityBesideLlamaCpp(t *testing.T) {
	llamaCpp(t, "")
	shape := infertest.Shape{Architecture: "llama", Type: gguf.F32, Seed: 5, Layers: 2, Width: 256, Inner: 512, Heads: 4, KeyHeads: 2,
		Gain: 1, Vocabulary: 512, Context: 256, Extra: infertest.Words(512)}
	whole := shape.File()
	var sequences [][]int32
	for i := range 32 {
		sequences = append(sequences, infertest.Tokens(uint64(100+i), 32, shape.Vocabulary))
	}
	t.Logf("entropy of the next token: %.2f nats", entropy(newReference(t, open(t, whole)), sequences[0]))
	t.Log(heading)
	// As Qwen2.5 0.5B, whose width is 7 times 128: no block of 256 fits, and its Q4_K_M file holds Q5_0.
	narrow := shape
	narrow.Width = 224
	for _, kind := range [][]string{{"--pure", "Q8_0"}, {"--pure", "Q4_0"}, {"--pure", "Q5_0"}, {"--pure", "Q4_K_S"}, {"--pure", "Q5_K_S"}, {"--pure", "Q6_K"}, {"Q4_K_M"}, {"narrow", "Q4_K_M"}} {
		t.Run(strings.Join(kind, " "), func(t *testing.T) { // and its server ends with it
			name, whole := fmt.Sprint("seeded ", kind), whole
			if kind[0] == "narrow" {
				kind, whole = kind[1:], narrow.File()
			}
			d := quality(t, name, whole, quantize(t, whole, kind...), sequences)
			for i := range d.ours {
				if !(d.ours[i] <= 1.2*d.theirs[i]) {
					t.Errorf("mean divergence = %.3g, want at most 1.2 times the %.3g of llama.cpp", d.ours[i], d.theirs[i])
				}
			}
		})
	}
}

// A small trained model by others.
func TestTrainedBesideLlamaCpp(t *testing.T) {
	llamaCpp(t, "")
	sequences := trained(t)
	whole := speaking(t, open(t, sharedModel(t, "tiny1m-f32.gguf")))
	t.Logf("entropy of the next token: %.2f nats", entropy(newReference(t, open(t, whole)), sequences[0]))
	t.Log(heading)
	for _, kind := range []string{"q8_0", "q4_0"} {
		t.Run(kind, func(t *testing.T) {
			d := quality(t, "tiny1m "+kind, whole, speaking(t, open(t, sharedModel(t, "tiny1m-"+kind+".gguf"))), sequences)
			if !(d.ours[1] <= 1.2*d.theirs[1]) || kind == "q8_0" && !(d.ours[1] <= 1.1e-3) {
				t.Errorf("mean divergence = %.3g, want at most 1.2 times the %.3g of llama.cpp, and for q8_0 1.1e-3", d.ours[1], d.theirs[1])
			}
		})
	}
}

const heading = "| model | positions | file's weights: ours | llama.cpp | ratio | weights before: ours | llama.cpp | ratio | between the two |"

// quality measures a file, and prints a row.
func quality(t *testing.T, name string, whole, quantized []byte, sequences [][]int32) distances {
	t.Helper()
	f := open(t, quantized)
	m := load(t, f)
	d := measure(t, newReferences(t, f, open(t, whole)), m, startLlama(t, quantized, m.Vocabulary, "-c", "256"), sequences)
	t.Logf("| %s | %d | %.2e | %.2e | %.2f | %.2e | %.2e | %.2f | %.2e |", name, d.positions,
		d.ours[0], d.theirs[0], d.ours[0]/d.theirs[0], d.ours[1], d.theirs[1], d.ours[1]/d.theirs[1], d.between)
	return d
}

// quantize has llama.cpp quantize a model of floats.
func quantize(t *testing.T, whole []byte, kind ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.gguf"), filepath.Join(dir, "out.gguf")
	if err := os.WriteFile(in, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	last := len(kind) - 1
	arguments := append(append([]string{}, kind[:last]...), in, out, kind[last], "1")
	if said, err := exec.CommandContext(t.Context(), llamaCpp(t, "llama-quantize"), arguments...).CombinedOutput(); err != nil {
		t.Fatalf("llama-quantize: %v\n%s", err, said)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// entropy is that of the reference's next token, on average, in nats.
func entropy(r *reference, tokens []int32) float64 {
	sum := 0.0
	for i, token := range tokens {
		for _, v := range logSoftmax(r.step(int(token), i)) {
			sum -= math.Exp(v) * v
		}
	}
	return sum / float64(len(tokens))
}

const shared = "../../../../shared/models/tiny1m/"

func sharedModel(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(shared + name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// trained returns texts that tiny1m wrote, without their last tokens, which nothing follows.
func trained(t *testing.T) [][]int32 {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash(shared + "tiny1m.seqs"))
	if err != nil {
		t.Skip("SKIPPED: no ../shared/models beside this checkout")
	}
	out := make([][]int32, len(raw)/800)
	for i := range out {
		for j := range 199 {
			out[i] = append(out[i], int32(binary.LittleEndian.Uint32(raw[4*(200*i+j):])))
		}
	}
	return out
}

// speaking is a llama model with words, without which llama.cpp does not serve it.
func speaking(t *testing.T, f *gguf.File) []byte {
	t.Helper()
	meta := infertest.Words(512)
	for _, key := range f.Keys() {
		if text, err := f.Text(key); err == nil && key != "tokenizer.ggml.model" {
			meta = append(meta, gguftest.Pair{Key: key, Value: text})
		} else if n, err := f.Int(key, 0, math.MaxInt32); err == nil {
			meta = append(meta, gguftest.Pair{Key: key, Value: uint32(n)})
		} else if v, err := f.Float(key); err == nil {
			meta = append(meta, gguftest.Pair{Key: key, Value: float32(v)})
		}
	}
	var tensors []gguftest.Tensor
	for i := range f.Tensors() {
		w := &f.Tensors()[i]
		data := make([]byte, w.Size)
		if err := f.ReadTensor(w, data, 0); err != nil {
			t.Fatal(err)
		}
		tensors = append(tensors, gguftest.Tensor{Name: w.Name, Type: w.Type, Shape: w.Shape, Data: data})
	}
	return gguftest.File(meta, tensors)
}
