// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"dsai.example/dsai/internal/verifiable/vc"
)

// unshaped is how many values at the end of vocabulary are of types that only
// encoding/json can read.
const unshaped = 3

// Every type of the vocabulary is read without encoding/json, to the same value;
// changed text is accepted when it is the form of another value, and only then.
func TestShapesReadWhatJSONDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, v := range vocabulary[:len(vocabulary)-unshaped] {
		typ := reflect.TypeOf(v)
		if typ.Kind() == reflect.Map {
			continue
		}
		if !vc.HasShape(typ) {
			t.Errorf("%v has no shape", typ)
			continue
		}
		read := 0
		for range 100 {
			p := reflect.New(typ).Elem()
			fill(r, p, 6)
			canon, err := vc.Canonical(p.Interface())
			if err != nil {
				continue
			}
			if readsAsJSON(t, typ, canon) {
				read++
			}
			for range 20 {
				if changed, err := vc.CanonicalRaw(change(r, canon)); err == nil {
					readsAsJSON(t, typ, changed)
				}
			}
		}
		if read == 0 {
			t.Errorf("no %v is read", typ)
		}
	}
	for _, v := range vocabulary[len(vocabulary)-unshaped:] {
		if vc.HasShape(reflect.TypeOf(v)) {
			t.Errorf("%T has a shape", v)
		}
	}
}

// readsAsJSON reports whether canon is accepted, and fails unless that is as
// encoding/json and the canonical form define it.
func readsAsJSON(t *testing.T, typ reflect.Type, canon []byte) bool {
	t.Helper()
	got, want := reflect.New(typ), reflect.New(typ)
	ok := vc.ReadShape(canon, got)
	defined := json.Unmarshal(canon, want.Interface()) == nil && isFormOf(t, canon, want.Elem().Interface())
	if ok != defined || ok && !reflect.DeepEqual(got.Interface(), want.Interface()) {
		t.Fatalf("read %v from %s: %v, by definition %v", typ, canon, ok, defined)
	}
	return ok
}

// change returns canon with a piece of it left out, repeated, or put in
// another's place: pieces are what stands between signs of JSON.
func change(r *rand.Rand, canon []byte) []byte {
	var cuts []int
	for i, c := range canon {
		if bytes.IndexByte([]byte(`{}[],:"`), c) >= 0 {
			cuts = append(cuts, i)
		}
	}
	if len(cuts) < 2 {
		return []byte(`"`)
	}
	piece := func() []byte {
		i := r.IntN(len(cuts) - 1)
		return canon[cuts[i]:cuts[min(i+1+r.IntN(6), len(cuts)-1)]]
	}
	i := r.IntN(len(cuts) - 1)
	to := cuts[min(i+r.IntN(5), len(cuts)-1)]
	with := [][]byte{nil, piece(), []byte(`[]`), []byte(`""`), []byte(`0`), []byte(`{}`), []byte(`,"zz":1`), []byte(`:"1970-01-01T00:00:00Z"`)}
	return slices.Concat(canon[:cuts[i]], with[r.IntN(len(with))], canon[to:])
}

// What was written elsewhere stands in canonical text as its canonical form.
func TestRawInCanonical(t *testing.T) {
	type pair struct {
		B json.RawMessage   `json:"b"`
		A []json.RawMessage `json:"a"`
		C json.RawMessage   `json:"c,omitempty"`
	}
	deep := bytes.Repeat([]byte("["), vc.MaxDepth-1)
	deep = append(deep, bytes.Repeat([]byte("]"), vc.MaxDepth-1)...)
	for _, tt := range []struct {
		in   pair
		want string // "": refused
	}{
		{pair{B: []byte(` {"z":1,"y":"\u003c"} `), A: []json.RawMessage{[]byte(`2`), []byte(`"\/"`)}}, `{"a":[2,"/"],"b":{"y":"<","z":1}}`},
		{pair{B: []byte(`0`), A: []json.RawMessage{}, C: []byte(`[]`)}, `{"a":[],"b":0,"c":[]}`},
		{pair{B: deep, A: []json.RawMessage{}}, `{"a":[],"b":` + string(deep) + `}`},
		{pair{B: slices.Concat([]byte("["), deep, []byte("]")), A: []json.RawMessage{}}, ""},
		{pair{A: []json.RawMessage{}}, ""},
		{pair{B: []byte(`1.5`), A: []json.RawMessage{}}, ""},
		{pair{B: []byte(`{"a":1,"a":2}`), A: []json.RawMessage{}}, ""},
		{pair{B: []byte(`0`)}, ""},
	} {
		got, err := vc.Canonical(tt.in)
		if string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Canonical(%s) = %s, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}
