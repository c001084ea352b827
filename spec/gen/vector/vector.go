// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package vector makes the test vectors of spec/vectors: fixed inputs with what
// this implementation makes of them, for others to compare with. Keys, salts,
// ids and times come from names (seed), so every run gives the same bytes.
//
// It reads no clock, randomness or file, and its keys protect nothing. Only the
// generator and the tests of spec import it.
package vector

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"dsai.example/dsai"
)

// seed is where everything random in a vector comes from: Hash("vector", name).
func seed(name string) dsai.Digest { return dsai.Hash("vector", []byte(name)) }

func salt(name string) dsai.Salt { return dsai.Salt(seed("salt " + name)) }

// Files returns every vector file by name.
func Files() (_ map[string][]byte, err error) {
	// Whatever fails here fails for constant inputs, in every run: a panic
	// carries it out of the many places without clouding them.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("make vectors: %v", r)
		}
	}()
	s := newScene()
	files := map[string]any{
		"encoding.json": encodings(),
		"keys.json":     s.keys(),
		"library.json":  libraries(s),
		"rank.json":     rankings(),
		"purpose.json":  purposes(),
		"status.json":   statuses(),
		"policy.json":   policies(),
		"log.json":      s.logVectors(),
		"bundle.json":   s.bundle(),
		"trust.json":    s.trust(),
	}
	for _, c := range s.credentials {
		files["credential-"+c.typ+".json"] = c.vector()
	}
	out := map[string][]byte{}
	for name, v := range files {
		out[name] = indent(v)
	}
	return out, nil
}

// indent writes v for people: the order of struct fields, nothing escaped that
// JSON does not demand.
func indent(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	must(e.Encode(v))
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func must1[T any](v T, err error) T {
	must(err)
	return v
}

// hexBytes are bytes whose text form is hexadecimal.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }
