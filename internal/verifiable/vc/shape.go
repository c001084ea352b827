// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"

	"dsai.example/dsai"
)

// shape is how canonical text becomes a value of one type, and back. There is one
// text for each value and one value for each text, so nothing need be encoded
// again to see that the text is the value's: whatever does not stand where it
// must is refused. Only types whose encoding/json form is that plain have a
// shape; the others, and what is refused, are for encoding/json and the jcs
// module, which takes ten times as long.
type shape struct {
	read   func(*text, reflect.Value) bool
	write  func(*canonicalText, reflect.Value) bool
	fields []shapeField // of a struct, by name
}

type shapeField struct {
	*shape
	from     int    // index in the struct
	key      string // "name":
	optional bool   // absent when it would be empty, and never empty when present
}

var shapes sync.Map // reflect.Type to *shape; a function of the type

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := newShape(t, nil)
	shapes.Store(t, s)
	return s
}

// leaves are types with a text of their own, of which they accept one form only.
var leaves = map[reflect.Type]*shape{
	reflect.TypeFor[dsai.Digest]():     {read: readText[dsai.Digest, *dsai.Digest], write: writeText[dsai.Digest, *dsai.Digest]},
	reflect.TypeFor[dsai.CoopID]():     {read: readText[dsai.CoopID, *dsai.CoopID], write: writeText[dsai.CoopID, *dsai.CoopID]},
	reflect.TypeFor[dsai.MemberID]():   {read: readText[dsai.MemberID, *dsai.MemberID], write: writeText[dsai.MemberID, *dsai.MemberID]},
	reflect.TypeFor[dsai.NodeID]():     {read: readText[dsai.NodeID, *dsai.NodeID], write: writeText[dsai.NodeID, *dsai.NodeID]},
	reflect.TypeFor[dsai.DocumentID](): {read: readText[dsai.DocumentID, *dsai.DocumentID], write: writeText[dsai.DocumentID, *dsai.DocumentID]},
	reflect.TypeFor[dsai.Salt]():       {read: readText[dsai.Salt, *dsai.Salt], write: writeText[dsai.Salt, *dsai.Salt]},
	reflect.TypeFor[dsai.Time]():       {read: readText[dsai.Time, *dsai.Time], write: writeText[dsai.Time, *dsai.Time]},
	reflect.TypeFor[json.RawMessage](): {read: readRaw, write: writeRaw},
}

// Types that read or write themselves, and the one such type that has a shape.
var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	proofsType      = reflect.TypeFor[dsai.Proofs]()
)

// newShape returns the shape of t, which occurs within the types in, or nil.
func newShape(t reflect.Type, in []reflect.Type) *shape {
	if s := leaves[t]; s != nil {
		return s
	}
	if t == proofsType {
		return newProofsShape()
	}
	p := reflect.PointerTo(t)
	if p.Implements(jsonMarshaler) || p.Implements(jsonUnmarshaler) || p.Implements(textMarshaler) ||
		p.Implements(textUnmarshaler) || slices.Contains(in, t) {
		return nil // reads itself, or has no end
	}
	in = append(slices.Clip(in), t)
	switch t.Kind() {
	case reflect.Struct:
		return newStructShape(t, in)
	case reflect.Slice:
		if e := newShape(t.Elem(), in); e != nil && t.Elem().Kind() != reflect.Uint8 {
			return &shape{read: e.readSlice, write: e.writeSlice}
		}
	case reflect.Pointer:
		if e := newShape(t.Elem(), in); e != nil {
			return &shape{read: e.readPointer, write: e.writePointer}
		}
	case reflect.String:
		return &shape{read: readString, write: writeString}
	case reflect.Bool:
		return &shape{read: readBool, write: writeBool}
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int16, reflect.Int8:
		return &shape{read: readInt, write: writeInt}
	case reflect.Uint, reflect.Uint64, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		return &shape{read: readUint, write: writeUint}
	}
	return nil
}

func newStructShape(t reflect.Type, in []reflect.Type) *shape {
	s := &shape{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous:
			return nil // has rules of its own
		case !f.IsExported() || tag == "-":
			continue
		case name == "":
			name = f.Name
		}
		of := newShape(f.Type, in)
		if of == nil || !isWord(name) {
			return nil
		}
		optional, ok := isOptional(f.Type, options)
		if !ok {
			return nil
		}
		s.fields = append(s.fields, shapeField{of, i, `"` + name + `":`, optional})
	}
	slices.SortFunc(s.fields, func(a, b shapeField) int { return strings.Compare(a.name(), b.name()) })
	for i := 1; i < len(s.fields); i++ {
		if s.fields[i-1].key == s.fields[i].key {
			return nil // encoding/json writes neither
		}
	}
	s.read, s.write = s.readStruct, s.writeStruct
	return s
}

func (f shapeField) name() string { return f.key[1 : len(f.key)-2] }

// isWord reports whether a name stands for itself in JSON text.
func isWord(name string) bool {
	return strings.Trim(name, "@_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// isOptional reports whether a field of type t is left out when it is empty. It
// knows no other options, and of types without a method that says so.
func isOptional(t reflect.Type, options string) (optional, ok bool) {
	_, own := reflect.PointerTo(t).MethodByName("IsZero")
	switch options {
	case "":
		return false, true
	case "omitempty":
		return t.Kind() != reflect.Struct && t.Kind() != reflect.Array, true
	case "omitzero":
		return true, !own && t.Kind() != reflect.Slice // an empty one is not the zero one
	}
	return false, false
}

// newProofsShape is that of dsai.Proofs, which writes a single one as an object.
func newProofsShape() *shape {
	one := newShape(reflect.TypeFor[dsai.Proof](), nil)
	if one == nil {
		return nil
	}
	read := func(t *text, v reflect.Value) bool {
		if t.peek() == '{' {
			v.Set(reflect.ValueOf(make(dsai.Proofs, 1)))
			return one.read(t, v.Index(0))
		}
		return one.readSlice(t, v) && v.Len() != 1
	}
	write := func(w *canonicalText, v reflect.Value) bool {
		if v.Len() == 1 {
			return one.write(w, v.Index(0))
		}
		return one.writeSlice(w, v)
	}
	return &shape{read: read, write: write}
}
