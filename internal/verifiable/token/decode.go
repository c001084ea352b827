// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"strings"
	"unicode/utf8"
)

// Decode returns the text of tokens. Control tokens have none.
func (v *Vocabulary) Decode(ids []ID) string {
	d := v.NewDecoder()
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(d.Add(id))
	}
	b.WriteString(d.End())
	return b.String()
}

// A Decoder turns tokens into text while they come. It holds back the bytes of a character until it
// has all of them.
type Decoder struct {
	v       *Vocabulary
	held    []byte
	started bool
}

// NewDecoder returns a decoder of one text.
func (v *Vocabulary) NewDecoder() *Decoder { return &Decoder{v: v} }

// Add returns the text that is complete with this token. Bytes that are no UTF-8 become U+FFFD.
func (d *Decoder) Add(id ID) string {
	d.held = append(d.held, d.bytes(id)...)
	n := len(d.held)
	for back := 1; back <= min(utf8.UTFMax-1, len(d.held)); back++ {
		if b := d.held[len(d.held)-back]; utf8.RuneStart(b) {
			if !utf8.FullRune(d.held[len(d.held)-back:]) {
				n = len(d.held) - back
			}
			break
		}
	}
	out := strings.ToValidUTF8(string(d.held[:n]), "\uFFFD")
	d.held = append(d.held[:0], d.held[n:]...)
	return out
}

// Holds reports whether bytes of a character are held back.
func (d *Decoder) Holds() bool { return len(d.held) > 0 }

// End returns what was held back.
func (d *Decoder) End() string {
	out := strings.ToValidUTF8(string(d.held), "\uFFFD")
	d.held = nil
	return out
}

// Bytes returns what a token stands for within a text, which may be a part of a character. Control
// tokens stand for nothing.
func (v *Vocabulary) Bytes(id ID) []byte {
	d := Decoder{v: v, started: true}
	return d.bytes(id)
}

func (d *Decoder) bytes(id ID) []byte {
	v := d.v
	if id < 0 || int(id) >= len(v.texts) {
		return nil
	}
	var out []byte
	switch v.kinds[id] {
	case control, unknown, unused:
		return nil
	case user:
		out = []byte(v.texts[id])
	case single:
		for b, t := range v.bytes {
			if t == id {
				out = []byte{byte(b)}
			}
		}
	default:
		out = v.model.decode(v.texts[id])
	}
	if p, ok := v.model.(*pieces); ok && !d.started && p.addSpace && len(out) > 0 && out[0] == ' ' {
		out = out[1:] // the blank that encoding put before the text
	}
	d.started = true
	return out
}
