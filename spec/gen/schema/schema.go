// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package schema writes a JSON Schema (draft 2020-12) for each artifact from
// its Go type. Objects are closed and every field that Go always writes is
// required, as the strict decoder demands; what Go types cannot say, such as the
// values of a text field, stands in the tables of narrow.go.
//
// A schema is necessary and not sufficient: it sees neither duplicate keys nor
// 1.0 for 1, neither signatures nor digests. The package reads and writes no
// file. Only the generator and the tests of spec import it.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/policy"
)

// maxProofs is the most proofs that a credential may have.
const maxProofs = 32

// Base is what every schema's $id begins with.
const Base = "https://dsai.example/spec/schema/"

// document is one schema file.
type document struct {
	name string // of the file, without ".json"
	spec string // section that says what the fields mean
	typ  reflect.Type
	kind string // credential type; "" = no credential
}

func credential[S any](kind, spec string) document {
	return document{name: kind, spec: spec, typ: reflect.TypeFor[dsai.Credential[S]](), kind: kind}
}

func plain[T any](name, spec string) document {
	return document{name: name, spec: spec, typ: reflect.TypeFor[T]()}
}

var documents = []document{
	credential[dsai.Charter](dsai.TypeCharter, "identity.md#charter"),
	credential[dsai.MemberInception](dsai.TypeMemberInception, "identity.md#member"),
	credential[dsai.NodeInception](dsai.TypeNodeInception, "identity.md#node"),
	credential[dsai.KeyEvent](dsai.TypeKeyEvent, "identity.md#key-event"),
	credential[dsai.PolicyAdoption](dsai.TypePolicyAdoption, "policy.md#adoption"),
	credential[dsai.ConsentBundle](dsai.TypeConsentBundle, "consent.md#bundle"),
	credential[dsai.ConsentDelegation](dsai.TypeConsentDelegation, "consent.md#delegation"),
	credential[dsai.CollectionAddition](dsai.TypeCollectionAddition, "consent.md#collection"),
	credential[dsai.Revocation](dsai.TypeRevocation, "consent.md#revocation"),
	credential[dsai.WithdrawalReceipt](dsai.TypeWithdrawalReceipt, "consent.md#withdrawal"),
	credential[dsai.Objection](dsai.TypeObjection, "consent.md#objection"),
	credential[dsai.Undertaking](dsai.TypeUndertaking, "receipt.md#undertaking"),
	credential[dsai.Clearance](dsai.TypeClearance, "receipt.md#clearance"),
	credential[dsai.Derivation](dsai.TypeDerivation, "library.md#derivation"),
	credential[dsai.Statistics](dsai.TypeStatistics, "library.md#statistics"),
	credential[dsai.InferenceReceipt](dsai.TypeInferenceReceipt, "receipt.md#inference"),
	credential[dsai.RefusalReceipt](dsai.TypeRefusalReceipt, "receipt.md#refusal"),
	credential[dsai.StatusList](dsai.TypeStatusList, "consent.md#status"),
	credential[dsai.LogEpoch](dsai.TypeLogEpoch, "log.md#epoch"),

	plain[dsai.Bundle]("bundle", "bundle.md"),
	plain[dsai.Trust]("trust", "trust.md"),
	plain[policy.Document]("policy", "policy.md"),

	// Canonical JSON inside openings.
	plain[[]dsai.Quote]("quotes", "receipt.md#quotes"),
	plain[dsai.Excluded]("excluded", "receipt.md#excluded"),
	plain[dsai.SettlementRecord]("settlement", "receipt.md#settlement"),
	plain[dsai.RefusalDetail]("detail", "receipt.md#detail"),
}

// object is a JSON object; encoding/json writes its keys in order.
type object = map[string]any

// Files returns every schema by file name. An error means that the tables of
// narrow.go name something that the types do not have.
func Files() (map[string][]byte, error) {
	out := map[string][]byte{}
	unused := map[string]bool{}
	for key := range narrow {
		unused[key] = true
	}
	for _, d := range documents {
		b, err := d.write(unused)
		if err != nil {
			return nil, fmt.Errorf("write schema %s: %w", d.name, err)
		}
		out[d.name+".json"] = b
	}
	for key := range unused {
		return nil, fmt.Errorf("write schemas: %s is narrowed and does not exist", key)
	}
	return out, nil
}

func (d document) write(unused map[string]bool) ([]byte, error) {
	w := &writer{kind: d.kind, defs: object{}, unused: unused}
	root, err := w.schema(d.typ)
	if err != nil {
		return nil, err
	}
	// The root stands in the file itself, not among its definitions.
	if ref, ok := root["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/$defs/")
		root = w.defs[name].(object)
		delete(w.defs, name)
	}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = Base + d.name + ".json"
	root["$comment"] = "Written by go run ./spec/gen. What the fields mean: spec/" + d.spec
	root["title"] = d.name
	if len(w.defs) > 0 {
		root["$defs"] = w.defs
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err = e.Encode(root)
	return b.Bytes(), err
}

// writer makes one file.
type writer struct {
	kind   string
	defs   object
	unused map[string]bool
}

// ref defines name in the file and returns a reference to it.
func (w *writer) ref(name string, make func() (object, error)) (object, error) {
	if _, ok := w.defs[name]; !ok {
		w.defs[name] = object{} // a type that holds itself ends here
		def, err := make()
		if err != nil {
			return nil, err
		}
		w.defs[name] = def
	}
	return object{"$ref": "#/$defs/" + name}, nil
}

// schema returns the schema of a type: a reference for whatever has a name.
func (w *writer) schema(t reflect.Type) (object, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, ok := scalar(t); ok {
		return w.ref(name, func() (object, error) { return scalars[name], nil })
	}
	if t == reflect.TypeFor[dsai.Proofs]() { // one is an object, several are an array
		one, err := w.schema(t.Elem())
		return anyOf(one, object{"type": "array", "items": one, "minItems": 2, "maxItems": maxProofs}), err
	}
	switch t.Kind() {
	case reflect.Struct:
		return w.ref(shortName(t), func() (object, error) { return w.object(t) })
	case reflect.Slice:
		items, err := w.schema(t.Elem())
		return object{"type": "array", "items": items}, err
	case reflect.String:
		return object{"type": "string"}, nil
	case reflect.Bool:
		return object{"type": "boolean"}, nil
	case reflect.Int, reflect.Int64:
		return w.ref("integer", func() (object, error) { return scalars["integer"], nil })
	case reflect.Uint64:
		return w.ref("natural", func() (object, error) { return scalars["natural"], nil })
	}
	return nil, fmt.Errorf("no schema for %v", t)
}

// object returns the closed schema of a struct.
func (w *writer) object(t reflect.Type) (object, error) {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			return nil, fmt.Errorf("%v.%s has no name in JSON", t, f.Name)
		}
		if options == "" {
			required = append(required, name)
		}
		s, err := w.field(shortName(t)+"."+name, f.Type)
		if err != nil {
			return nil, err
		}
		properties[name] = s
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}, nil
}

// field returns the schema of a field, narrowed when the table says how.
func (w *writer) field(key string, t reflect.Type) (object, error) {
	if key == "Credential.type" {
		return object{"const": []string{"VerifiableCredential", w.kind}}, nil
	}
	n, ok := narrow[key]
	delete(w.unused, key)
	if ok && n.def == "" {
		return n.schema, nil
	}
	if ok {
		s, err := w.ref(n.def, func() (object, error) { return scalars[n.def], nil })
		if t.Kind() == reflect.Slice {
			s = object{"type": "array", "items": s}
		}
		return s, err
	}
	return w.schema(t)
}

// shortName is a type's name without its package and parameters.
func shortName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return name
}
