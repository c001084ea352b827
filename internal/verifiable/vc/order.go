// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"

	"dsai.example/dsai"
)

// encode returns the encoding/json form of v without the escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// ordered returns v as a value of another type, whose structs have the same
// fields in the order of their JSON names. encoding/json, which writes fields
// as they are declared, then mostly writes canonical text by itself, and the
// jcs module, at ten times the cost, need not sort it. Whether it did is for
// scan to see: what cannot be put in order here is returned as it is.
func ordered(v any) any {
	src := reflect.ValueOf(v)
	if !src.IsValid() {
		return v
	}
	o := orderOf(src.Type())
	if o == nil {
		return v
	}
	dst := reflect.New(o.typ).Elem()
	o.copy(dst, src)
	return dst.Interface()
}

// order is how values of one type become values of its ordered type. A nil
// order takes them as they are.
type order struct {
	typ    reflect.Type
	fields []orderedField // of a struct
	elem   *order         // of a slice or pointer
	proofs bool           // of dsai.Proofs, which writes a single one as an object
}

type orderedField struct {
	from int // index in the original
	*order
}

var orders sync.Map // reflect.Type to *order; a function of the type

func orderOf(t reflect.Type) *order {
	if known, ok := orders.Load(t); ok {
		return known.(*order)
	}
	o := newOrder(t, nil)
	orders.Store(t, o)
	return o
}

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	proofsType      = reflect.TypeFor[dsai.Proofs]()
)

// newOrder returns the order of t, which occurs within the types in.
func newOrder(t reflect.Type, in []reflect.Type) *order {
	if t == proofsType {
		return &order{typ: reflect.TypeFor[any](), proofs: true}
	}
	p := reflect.PointerTo(t)
	if p.Implements(jsonMarshaler) || p.Implements(textMarshaler) || slices.Contains(in, t) {
		return nil // writes itself, or has no end
	}
	in = append(in, t)
	switch t.Kind() {
	case reflect.Struct:
		return newStructOrder(t, in)
	case reflect.Slice:
		if e := newOrder(t.Elem(), in); e != nil {
			return &order{typ: reflect.SliceOf(e.typ), elem: e}
		}
	case reflect.Pointer:
		if e := newOrder(t.Elem(), in); e != nil {
			return &order{typ: reflect.PointerTo(e.typ), elem: e}
		}
	}
	return nil
}

func newStructOrder(t reflect.Type, in []reflect.Type) *order {
	type named struct {
		name string
		reflect.StructField
		orderedField
	}
	var list []named
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous {
			return nil // has rules of its own
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		o := newOrder(f.Type, in)
		if strings.Contains(options, "omitzero") {
			o = nil // an ordered type would lack the method IsZero
		}
		list = append(list, named{cmp.Or(name, f.Name), f, orderedField{i, o}})
	}
	slices.SortStableFunc(list, func(a, b named) int { return strings.Compare(a.name, b.name) })
	out := &order{}
	var fields []reflect.StructField
	for _, n := range list {
		f := reflect.StructField{Name: n.Name, Type: n.Type, Tag: n.Tag}
		if n.order != nil {
			f.Type = n.order.typ
		}
		fields, out.fields = append(fields, f), append(out.fields, n.orderedField)
	}
	out.typ = reflect.StructOf(fields)
	return out
}

// copy sets dst, of the ordered type, to what src holds.
func (o *order) copy(dst, src reflect.Value) {
	switch {
	case o == nil:
		dst.Set(src)
	case o.proofs && src.Len() == 1:
		dst.Set(reflect.ValueOf(ordered(src.Index(0).Interface())))
	case o.proofs:
		dst.Set(reflect.ValueOf(ordered([]dsai.Proof(src.Interface().(dsai.Proofs)))))
	case src.Kind() == reflect.Struct:
		for i, f := range o.fields {
			f.copy(dst.Field(i), src.Field(f.from))
		}
	case src.IsNil(): // dst is, too
	case src.Kind() == reflect.Slice:
		dst.Set(reflect.MakeSlice(o.typ, src.Len(), src.Len()))
		for i := range src.Len() {
			o.elem.copy(dst.Index(i), src.Index(i))
		}
	case src.Kind() == reflect.Pointer:
		dst.Set(reflect.New(o.elem.typ))
		o.elem.copy(dst.Elem(), src.Elem())
	}
}
