// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// reference is a slow transformer in float64, written apart from the engine from the papers and from
// ggml's layouts: nothing of package tensor or infer is in it.
type reference struct {
	arch                              string
	layers, width, heads, keyHeads, d int
	inner                             int
	epsilon                           float64
	turns                             []float64 // radians a token, of each pair of a head
	magnitude                         float64   // of what turns
	w                                 map[string][]float64
	keys, values                      [][][]float64 // layer, position
	halves                            bool          // keys and values have 16 bits, as in the engine
}

func newReference(t testing.TB, f *gguf.File) *reference {
	t.Helper()
	arch, err := f.Text("general.architecture")
	if err != nil {
		t.Fatal(err)
	}
	n := func(key string, otherwise int) int {
		if !f.Has(arch + "." + key) {
			return otherwise
		}
		v, err := f.Int(arch+"."+key, 0, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	r := &reference{arch: arch, w: map[string][]float64{}}
	r.layers, r.width, r.heads = n("block_count", 0), n("embedding_length", 0), n("attention.head_count", 0)
	r.keyHeads, r.inner = n("attention.head_count_kv", r.heads), n("feed_forward_length", 0)
	r.d = n("attention.key_length", r.width/r.heads)
	r.epsilon, _ = f.Float(arch + ".attention.layer_norm_rms_epsilon")
	for i := range f.Tensors() {
		w := &f.Tensors()[i]
		raw := make([]byte, w.Size)
		if err := f.ReadTensor(w, raw, 0); err != nil {
			t.Fatal(err)
		}
		r.w[w.Name] = dequantize(t, w.Type, raw, w.Numbers())
	}
	if r.w["output.weight"] == nil {
		r.w["output.weight"] = r.w["token_embd.weight"]
	}
	r.readTurns(f, n("rope.dimension_count", r.d), n("rope.scaling.original_context_length", n("context_length", 0)))
	r.keys, r.values = make([][][]float64, r.layers), make([][][]float64, r.layers)
	return r
}

func half(b []byte) float64 {
	u := binary.LittleEndian.Uint16(b)
	sign := 1.0
	if u&0x8000 != 0 {
		sign = -1
	}
	e, m := int(u>>10&31), float64(u&1023)
	if e == 0 {
		return sign * math.Ldexp(m, -24)
	}
	return sign * math.Ldexp(1024+m, e-25)
}

// toHalves rounds to 11 significant bits, or to the step of the smallest numbers.
func toHalves(x []float64) {
	for i, v := range x {
		_, e := math.Frexp(v)
		step := math.Ldexp(1, max(e-11, -24))
		x[i] = math.RoundToEven(v/step) * step
	}
}

// dequantize follows the structs of ggml-common.h field by field.
func dequantize(t testing.TB, kind gguf.Type, raw []byte, n int) []float64 {
	out := make([]float64, 0, n)
	for len(out) < n {
		switch kind {
		case gguf.F32:
			out = append(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
			raw = raw[4:]
		case gguf.F16:
			out = append(out, half(raw))
			raw = raw[2:]
		case gguf.BF16:
			out = append(out, float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw))<<16)))
			raw = raw[2:]
		case gguf.Q8_0:
			for _, q := range raw[2:34] {
				out = append(out, half(raw)*float64(int8(q)))
			}
			raw = raw[34:]
		case gguf.Q4_0:
			for shift := 0; shift < 8; shift += 4 {
				for _, q := range raw[2:18] {
					out = append(out, half(raw)*(float64(q>>shift&15)-8))
				}
			}
			raw = raw[18:]
		case gguf.Q5_0:
			qh := binary.LittleEndian.Uint32(raw[2:])
			for j := range 16 {
				out = append(out, half(raw)*float64(int(raw[6+j]&0x0f|byte(qh>>j<<4)&0x10)-16))
			}
			for j := range 16 {
				out = append(out, half(raw)*float64(int(raw[6+j]>>4|byte(qh>>(j+12))&0x10)-16))
			}
			raw = raw[22:]
		case gguf.Q4_K:
			out = append(out, offsetBlock(raw, nil, raw[16:144])...)
			raw = raw[144:]
		case gguf.Q5_K:
			out = append(out, offsetBlock(raw, raw[16:48], raw[48:176])...)
			raw = raw[176:]
		case gguf.Q6_K:
			out = append(out, sixBits(raw)...)
			raw = raw[210:]
		default:
			t.Fatalf("no reference for %v", kind)
		}
	}
	return out
}

// offsetBlock is block_q4_K and block_q5_K: eight groups of 32, get_scale_min_k4 for the factors.
func offsetBlock(b, fifth, nibbles []byte) []float64 {
	var out []float64
	scales := b[4:16]
	for group := range 8 {
		var factor, offset byte
		if group < 4 {
			factor, offset = scales[group]&63, scales[group+4]&63
		} else {
			factor = scales[group+4]&0xf | (scales[group-4]>>6)<<4
			offset = scales[group+4]>>4 | (scales[group]>>6)<<4
		}
		for i := range 32 {
			q := nibbles[group/2*32+i] >> (group % 2 * 4) & 15
			if fifth != nil && fifth[i]>>group&1 == 1 {
				q += 16
			}
			out = append(out, half(b)*float64(factor)*float64(q)-half(b[2:])*float64(offset))
		}
	}
	return out
}

// sixBits is block_q6_K: weight i has its low four bits in ql and the upper two in qh.
func sixBits(b []byte) []float64 {
	out := make([]float64, 256)
	for i := range out {
		part, j := i/128, i%128
		low := b[64*part+j%64]
		if j >= 64 {
			low >>= 4
		}
		high := b[128+32*part+j%32] >> (j / 32 * 2) & 3
		q := int(low&15|high<<4) - 32
		out[i] = half(b[208:]) * float64(int8(b[192+i/16])) * float64(q)
	}
	return out
}

func (r *reference) multiply(name string, x []float64) []float64 {
	w := r.w[name]
	out := make([]float64, len(w)/len(x))
	for i := range out {
		for j, v := range x {
			out[i] += w[i*len(x)+j] * v
		}
	}
	return out
}

func (r *reference) norm(x, weight []float64) []float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / math.Sqrt(sum/float64(len(x))+r.epsilon) * weight[i]
	}
	return out
}

func (r *reference) step(token, position int) []float64 {
	x := append([]float64(nil), r.w["token_embd.weight"][token*r.width:][:r.width]...)
	for l := range r.layers {
		w := func(name string) string { return fmt.Sprintf("blk.%d.%s", l, name) }
		h := r.norm(x, r.w[w("attn_norm.weight")])
		q, k, v := r.multiply(w("attn_q.weight"), h), r.multiply(w("attn_k.weight"), h), r.multiply(w("attn_v.weight"), h)
		for name, y := range map[string][]float64{"attn_q.bias": q, "attn_k.bias": k, "attn_v.bias": v} {
			for i, bias := range r.w[w(name)] {
				y[i] += bias
			}
		}
		for name, y := range map[string][]float64{"attn_q_norm.weight": q, "attn_k_norm.weight": k} {
			if weight := r.w[w(name)]; weight != nil {
				for i := 0; i < len(y); i += r.d {
					copy(y[i:], r.norm(y[i:i+r.d], weight))
				}
			}
		}
		r.rotate(q, position)
		r.rotate(k, position)
		if r.halves {
			toHalves(k)
			toHalves(v)
		}
		r.keys[l], r.values[l] = append(r.keys[l], k), append(r.values[l], v)
		add(x, r.multiply(w("attn_output.weight"), r.attention(l, q)))
		h = r.norm(x, r.w[w("ffn_norm.weight")])
		gate, up := r.multiply(w("ffn_gate.weight"), h), r.multiply(w("ffn_up.weight"), h)
		for i, g := range gate {
			up[i] *= g / (1 + math.Exp(-g))
		}
		add(x, r.multiply(w("ffn_down.weight"), up))
	}
	return r.multiply("output.weight", r.norm(x, r.w["output_norm.weight"]))
}

func (r *reference) attention(l int, q []float64) []float64 {
	out := make([]float64, len(q))
	for h := range r.heads {
		from := h * r.keyHeads / r.heads * r.d
		scores := make([]float64, len(r.keys[l]))
		for t, k := range r.keys[l] {
			for i := range r.d {
				scores[t] += q[h*r.d+i] * k[from+i]
			}
			scores[t] /= math.Sqrt(float64(r.d))
		}
		for t, p := range softmax(scores) {
			for i := range r.d {
				out[h*r.d+i] += p * r.values[l][t][from+i]
			}
		}
	}
	return out
}

func add(a, b []float64) {
	for i, v := range b {
		a[i] += v
	}
}

func softmax(x []float64) []float64 {
	most, sum := math.Inf(-1), 0.0
	for _, v := range x {
		most = math.Max(most, v)
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = math.Exp(v - most)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// divergence is the Kullback-Leibler divergence of two distributions given by logits, in nats.
func divergence(want []float64, got []float32) float64 {
	wide := make([]float64, len(got))
	for i, v := range got {
		wide[i] = float64(v)
	}
	p, q := softmax(want), softmax(wide)
	sum := 0.0
	for i := range p {
		if p[i] > 0 {
			sum += p[i] * math.Log(p[i]/q[i])
		}
	}
	return sum
}
