// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"fmt"
	"strings"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// ID is a token: an index into the vocabulary.
type ID int32

// None is the absence of a token.
const None ID = -1

// kind says what a token is for (enum llama_token_type).
type kind int64

const (
	normal  kind = 1
	unknown kind = 2
	control kind = 3
	user    kind = 4 // found in text before anything else
	unused  kind = 5
	single  kind = 6 // a byte, written <0xXX>
)

// Vocabulary is the tokens of a model and the rule that cuts text into them. It is immutable and safe
// for concurrent use.
type Vocabulary struct {
	// Begin, End and Turn are the tokens before a text, after it, and after a turn of a chat; None
	// where the model has none.
	Begin, End, Turn ID
	// AddBegin says that every text starts with Begin.
	AddBegin bool

	texts []string
	kinds []kind
	plain map[string]ID // what text may become

	// The special tokens that are found in a template, in a text, and in what a stranger wrote.
	anywhere, inText, inData finder

	unknown ID
	bytes   [256]ID // None where the vocabulary has no token for the byte
	model   model
}

// model is a rule that cuts text.
type model interface {
	// encode appends the tokens of text, which holds no special ones. first says that nothing, or a
	// special token, stands before it.
	encode(v *Vocabulary, dst []ID, text string, first bool) []ID
	// decode returns the bytes of a normal token.
	decode(text string) []byte
}

const maxTokens = 1 << 20

// Load reads the vocabulary from a model file's metadata.
func Load(f *gguf.File) (*Vocabulary, error) {
	v, err := load(f)
	if err != nil {
		return nil, fmt.Errorf("load vocabulary: %w", err)
	}
	return v, nil
}

func load(f *gguf.File) (*Vocabulary, error) {
	name, err := f.Text("tokenizer.ggml.model")
	if err != nil {
		return nil, err
	}
	v := &Vocabulary{}
	if err := v.readTokens(f); err != nil {
		return nil, err
	}
	switch name {
	case "llama":
		v.model, err = loadPieces(f, v)
		v.AddBegin = true
	case "gpt2":
		v.model, err = loadPairs(f, v)
	default:
		return nil, fmt.Errorf("tokenizer %.40q is not one that dsai has: llama (SentencePiece), gpt2 (byte pairs)", name)
	}
	if err != nil {
		return nil, err
	}
	return v, v.readSpecial(f)
}

func (v *Vocabulary) readTokens(f *gguf.File) error {
	texts, err := f.Texts("tokenizer.ggml.tokens")
	if err != nil {
		return err
	}
	if len(texts) == 0 || len(texts) > maxTokens {
		return fmt.Errorf("%d tokens, want 1 to %d", len(texts), maxTokens)
	}
	kinds := make([]int64, len(texts))
	if f.Has("tokenizer.ggml.token_type") {
		if kinds, err = f.Ints("tokenizer.ggml.token_type"); err != nil {
			return err
		}
	}
	if len(kinds) != len(texts) {
		return fmt.Errorf("%d tokens but %d types of tokens", len(texts), len(kinds))
	}
	v.texts, v.kinds = texts, make([]kind, len(texts))
	v.plain = make(map[string]ID, len(texts))
	for i := range v.bytes {
		v.bytes[i] = None
	}
	for i, text := range texts {
		if err := v.readToken(ID(i), text, kind(kinds[i])); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vocabulary) readToken(id ID, text string, k kind) error {
	if k < normal || k > single {
		k = normal
	}
	v.kinds[id] = k
	switch k {
	case normal:
		if _, twice := v.plain[text]; !twice {
			v.plain[text] = id
		}
	case single:
		var b byte
		if n, err := fmt.Sscanf(text, "<0x%02X>", &b); n == 1 && err == nil && len(text) == 6 {
			v.bytes[b] = id
		}
	case control, unknown, user:
		return v.addSpecial(special{text: text, id: id, control: k != user})
	}
	return nil
}

func (v *Vocabulary) addSpecial(s special) error {
	if s.text == "" {
		return nil
	}
	if len(s.text) > maxSpecial {
		return fmt.Errorf("token %d is special and has %d bytes, at most %d are found", s.id, len(s.text), maxSpecial)
	}
	v.anywhere.add(s)
	if !s.control {
		v.inText.add(s)
	}
	if s.ofSpace() {
		v.inData.add(s)
	}
	return nil
}

// endNames are what the token after a turn is called where the file does not say.
var endNames = []string{"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>"}

func (v *Vocabulary) readSpecial(f *gguf.File) error {
	for _, s := range []struct {
		key string
		id  *ID
	}{
		{"bos_token_id", &v.Begin}, {"eos_token_id", &v.End}, {"eot_token_id", &v.Turn}, {"unknown_token_id", &v.unknown},
	} {
		*s.id = None
		key := "tokenizer.ggml." + s.key
		if !f.Has(key) {
			continue
		}
		id, err := f.Int(key, 0, len(v.texts)-1)
		if err != nil {
			return err
		}
		*s.id = ID(id)
	}
	for _, name := range endNames {
		if v.Turn == None {
			v.Turn = v.Control(name)
		}
	}
	if f.Has("tokenizer.ggml.add_bos_token") {
		add, err := f.Bool("tokenizer.ggml.add_bos_token")
		if err != nil {
			return err
		}
		v.AddBegin = add
	}
	v.AddBegin = v.AddBegin && v.Begin != None
	return nil
}

// Len returns how many tokens there are.
func (v *Vocabulary) Len() int { return len(v.texts) }

// Text returns how the file writes a token; for a token that is none, "".
func (v *Vocabulary) Text(id ID) string {
	if id < 0 || int(id) >= len(v.texts) {
		return ""
	}
	return v.texts[id]
}

// Control returns the control or user-defined token that is written so, or None.
func (v *Vocabulary) Control(text string) ID { return v.anywhere.find(text) }

// Encode returns the tokens of text. What spells a control token stays text.
func (v *Vocabulary) Encode(text string) []ID { return v.encode(text, &v.inText) }

// EncodeControl returns the tokens of text, in which control tokens are found: for templates, never
// for what a stranger wrote.
func (v *Vocabulary) EncodeControl(text string) []ID { return v.encode(text, &v.anywhere) }

func (v *Vocabulary) encode(text string, in *finder) []ID {
	return v.encodeParts(in.parts(strings.ToValidUTF8(text, "\uFFFD")))
}

func (v *Vocabulary) encodeParts(parts []part) []ID {
	var out []ID
	first := true
	for _, p := range parts {
		if p.id != None {
			out = append(out, p.id)
			first = true
			continue
		}
		out = v.model.encode(v, out, p.text, first)
		first = false
	}
	return out
}

// appendBytes appends the tokens of the bytes of text, the unknown token for those that have none.
func (v *Vocabulary) appendBytes(dst []ID, text string) []ID {
	for i := range len(text) {
		id := v.bytes[text[i]]
		if id == None {
			id = v.unknown
		}
		if id != None {
			dst = append(dst, id)
		}
	}
	return dst
}
