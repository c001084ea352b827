// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/gowebpki/jcs"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// vocabulary is a value of every kind that is written; the last are of types that
// have no shape.
var vocabulary = []any{
	dsai.Credential[dsai.InferenceReceipt]{}, dsai.Credential[dsai.RefusalReceipt]{}, dsai.Credential[dsai.ConsentBundle]{},
	dsai.Credential[dsai.ConsentDelegation]{}, dsai.Credential[dsai.CollectionAddition]{}, dsai.Credential[dsai.Revocation]{},
	dsai.Credential[dsai.WithdrawalReceipt]{}, dsai.Credential[dsai.Objection]{}, dsai.Credential[dsai.Undertaking]{},
	dsai.Credential[dsai.Clearance]{}, dsai.Credential[dsai.Derivation]{}, dsai.Credential[dsai.Statistics]{},
	dsai.Credential[dsai.StatusList]{}, dsai.Credential[dsai.LogEpoch]{}, dsai.Credential[dsai.Charter]{},
	dsai.Credential[dsai.MemberInception]{}, dsai.Credential[dsai.NodeInception]{}, dsai.Credential[dsai.KeyEvent]{},
	dsai.Credential[dsai.PolicyAdoption]{}, dsai.Proof{}, dsai.Proofs{}, dsai.Openings{}, dsai.PassageBody{}, dsai.Trust{}, []dsai.Quote{},
	&dsai.RefusalDetail{}, dsai.SettlementRecord{}, dsai.Excluded{}, dsai.Digest{}, map[string]any{}, "",
	tree{}, embedding{}, unusual{},
}

// Types with what encoding/json treats in ways of its own.
type (
	tree struct {
		Next *tree `json:"next,omitempty"`
		A    int   `json:"a"`
		Kids []tree
	}
	embedding struct {
		Z string
		note
		A string
	}
	unusual struct {
		Named   map[string]dsai.Quote `json:"z"`
		Any     any                   `json:"y"`
		Array   [2]dsai.Quote         `json:"x"`
		Pointer **dsai.Quote          `json:"w"`
		Text    int                   `json:"v,string"`
		Zero    dsai.Quote            `json:"u,omitzero"`
		Skipped string                `json:"-"`
		Empty   []dsai.Quote          `json:"t,omitempty"`
		Umlaut  string                `json:"ä"`
		Lower   string
	}
)

// Writing by shape changes nothing: the canonical form is what the jcs module
// makes of what encoding/json writes.
func TestCanonicalIsThatOfJCS(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, v := range vocabulary {
		for range 50 {
			p := reflect.New(reflect.TypeOf(v)).Elem()
			fill(r, p, 4)
			v := p.Interface()
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			want, refused := vc.CanonicalRaw(text)
			got, err := vc.Canonical(v)
			if (err == nil) != (refused == nil) || err == nil && !bytes.Equal(got, want) {
				t.Fatalf("Canonical(%T %s) = %s, %v, want %s, %v", v, text, got, err, want, refused)
			}
			if err != nil {
				continue
			}
			if reference, err := jcs.Transform(text); err != nil || !bytes.Equal(got, reference) {
				t.Fatalf("Canonical(%T %s) = %s, jcs = %s, %v", v, text, got, reference, err)
			}
		}
	}
}

// Shapes are made once, by whoever comes first.
func TestCanonicalConcurrently(t *testing.T) {
	type fresh struct {
		B int
		A []dsai.Quote
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			want := fmt.Sprintf(`{"A":[{"end":3,"n":1,"start":2}],"B":%d}`, i)
			if got, err := vc.Canonical(fresh{i, []dsai.Quote{{N: 1, Start: 2, End: 3}}}); err != nil || string(got) != want {
				t.Errorf("Canonical(%d) = %s, %v, want %s", i, got, err, want)
			}
		})
	}
	wg.Wait()
}

// fill sets v to something at random, at most so deep.
func fill(r *rand.Rand, v reflect.Value, deep int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fill(r, f, deep-1)
			}
		}
	case reflect.Slice:
		if n := r.IntN(24); n > 0 { // nil else: refused unless omitted
			if n %= 3; deep <= 0 {
				n = 0
			}
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			fill(r, v.Index(i), deep-1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i), deep-1)
		}
	case reflect.Pointer:
		if deep > 0 && r.IntN(8) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem(), deep-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Interface:
		v.Set(reflect.ValueOf("any"))
	case reflect.String:
		texts := []string{"", "plain", "<é & \u2028>", "\"\\\n\x01", "\xff", "😂", "z", "0"}
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Bool:
		v.SetBool(r.IntN(2) > 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64N(1 << 33))
	case reflect.Uint8, reflect.Uint64, reflect.Uint32:
		v.SetUint(r.Uint64N(200))
	}
}
