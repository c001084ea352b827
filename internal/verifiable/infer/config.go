// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// An architecture is what a family of models does that others do not. The next one is a row.
type architecture struct {
	// split says which numbers of a head turn together: i and i+half (NeoX) or 2i and 2i+1.
	split bool
	// bias says that query, key and value have a bias.
	bias bool
	// headNorm says that the heads of query and key are normalized.
	headNorm bool
}

var architectures = map[string]architecture{
	"llama": {},
	"qwen2": {split: true, bias: true},
	"qwen3": {split: true, headNorm: true},
}

// without are keys, below the architecture's name, of what no row above knows: a model that needs it
// would run and be wrong.
var without = []string{"expert_count", "attention.sliding_window", "attention.clamp_kqv", "attention.max_alibi_bias", "logit_scale"}

// Config is the shape of a model.
type Config struct {
	Architecture string
	Layers       int
	Width        int // numbers of a hidden state
	Inner        int // numbers between the two halves of a feed-forward step
	Heads        int // of the query
	KeyHeads     int // of key and value: Heads is a multiple
	Head         int // numbers of a head
	Vocabulary   int
	Context      int // positions that the model was trained for
	Epsilon      float64
	Rotary       Rotary

	arch architecture
}

const (
	maxLayers  = 1 << 10
	maxWidth   = 1 << 17
	maxContext = 1 << 20 // pairs turn by a radian a token at most: beyond it SinCos is less exact
)

// ReadConfig reads the shape from the file's metadata.
func ReadConfig(f *gguf.File) (Config, error) {
	name, err := f.Text("general.architecture")
	if err != nil {
		return Config{}, err
	}
	arch, ok := architectures[name]
	if !ok {
		return Config{}, fmt.Errorf("model architecture %.40q is not one that dsai runs: %s", name,
			strings.Join(slices.Sorted(maps.Keys(architectures)), ", "))
	}
	r := reader{f: f, prefix: name + "."}
	for _, key := range without {
		if v, err := f.Float(r.prefix + key); err == nil && v != 0 {
			return Config{}, fmt.Errorf("model needs %s, which dsai does not have", r.prefix+key)
		}
	}
	c := Config{Architecture: name, arch: arch}
	c.Layers = r.int("block_count", 1, maxLayers)
	c.Width = r.int("embedding_length", 1, maxWidth)
	c.Inner = r.int("feed_forward_length", 1, 1<<20)
	c.Heads = r.int("attention.head_count", 1, maxWidth)
	c.KeyHeads = r.intOr(c.Heads, "attention.head_count_kv", 1, maxWidth)
	c.Head = r.intOr(c.Width/max(c.Heads, 1), "attention.key_length", 2, maxWidth)
	values := r.intOr(c.Head, "attention.value_length", 2, maxWidth)
	c.Context = r.int("context_length", 1, maxContext)
	c.Epsilon = r.float("attention.layer_norm_rms_epsilon")
	if r.err == nil {
		c.Rotary, r.err = r.rotary(c)
	}
	if r.err != nil {
		return Config{}, r.err
	}
	return c, c.check(values)
}

func (c *Config) check(values int) error {
	switch {
	case c.Heads%c.KeyHeads != 0:
		return fmt.Errorf("%d heads do not share %d heads of keys evenly", c.Heads, c.KeyHeads)
	case values != c.Head:
		return fmt.Errorf("heads of values have %d numbers and those of keys %d", values, c.Head)
	case c.Head%2 != 0:
		return fmt.Errorf("heads of %d numbers cannot turn in pairs", c.Head)
	case !(c.Epsilon > 0 && c.Epsilon < 1):
		return fmt.Errorf("epsilon of %v", c.Epsilon)
	}
	return nil
}

// reader reads keys below a prefix. Its first error sticks.
type reader struct {
	f      *gguf.File
	prefix string
	err    error
}

func (r *reader) has(key string) bool { return r.f.Has(r.prefix + key) }

func (r *reader) int(key string, least, most int) int {
	v, err := r.f.Int(r.prefix+key, least, most)
	r.keep(err)
	return v
}

func (r *reader) intOr(otherwise int, key string, least, most int) int {
	if !r.has(key) {
		return otherwise
	}
	return r.int(key, least, most)
}

func (r *reader) float(key string) float64 {
	v, err := r.f.Float(r.prefix + key)
	r.keep(err)
	return v
}

func (r *reader) floatOr(otherwise float64, key string) float64 {
	if !r.has(key) {
		return otherwise
	}
	return r.float(key)
}

func (r *reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}
