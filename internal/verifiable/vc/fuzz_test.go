// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/gowebpki/jcs"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Whatever the scanner calls canonical is what RFC 8785 makes of it, and a
// decoded value encodes to the bytes that it was decoded from.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"n":1,"text":"<é"}`, `{"text":"x","Text":"y"}`, `{"a":1,"a":2}`, `["\u001f\n"]`, "-0", "1.0", `"\ud83d\ude02"`, `{"\u20ac":1,"\r":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		canonical, err := vc.Scan(raw)
		reference, jcsErr := jcs.Transform(raw)
		if err == nil && canonical && (jcsErr != nil || !bytes.Equal(raw, reference)) {
			t.Fatalf("scan(%q) = canonical, jcs = %q, %v", raw, reference, jcsErr)
		}
		got, err := vc.CanonicalRaw(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(got, reference) {
			t.Fatalf("CanonicalRaw(%q) = %q, jcs = %q", raw, got, reference)
		}
		if again, err := vc.CanonicalRaw(got); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("CanonicalRaw twice: %q then %q, %v", got, again, err)
		}
		checkMembers(t, raw, got)
		vc.Elements(got) //nolint:errcheck // must not panic
		checkRead[dsai.Credential[note]](t, got)
		checkRead[dsai.Credential[dsai.KeyEvent]](t, got)
		checkRead[dsai.Openings](t, got)
		checkRead[[]json.RawMessage](t, got)
		checkRead[note](t, got)
		checkRead[string](t, got)
		checkRead[*[]*int8](t, got)
		checkRead[map[string]string](t, got)
		checkRead[any](t, got)
		if _, err := vc.DecodeStrict[any](raw); err == nil && !bytes.Equal(raw, got) {
			t.Fatalf("DecodeStrict(%q) takes what is not canonical", raw)
		}
		if v, err := vc.Decode[dsai.Credential[note]](raw); err == nil {
			if again, err := vc.Canonical(v); err != nil || !bytes.Equal(again, got) {
				t.Fatalf("Canonical(Decode(%q)) = %q, %v", raw, again, err)
			}
		}
	})
}

// checkMembers compares the members that are met while scanning with those that
// the canonical text is split into.
func checkMembers(t *testing.T, raw, canon []byte) {
	want, err := vc.Members(canon)
	_, got, objectErr := vc.CanonicalObject(raw)
	if (err == nil) != (objectErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("CanonicalObject(%q) = %v, %v, want %v, %v", raw, got, objectErr, want, err)
	}
}

// checkRead compares reading by shape with the definition: text is accepted when
// the canonical form of what encoding/json understands of it is that text.
func checkRead[T any](t *testing.T, canon []byte) {
	got, ok := vc.ReadCanonical[T](canon)
	var want T
	defined := json.Unmarshal(canon, &want) == nil && isFormOf(t, canon, want)
	if ok != (defined && vc.HasShape(reflect.TypeFor[T]())) {
		t.Fatalf("read %T from %q: %v, by definition %v", got, canon, ok, defined)
	}
	if ok && !reflect.DeepEqual(got, want) {
		t.Fatalf("read %T from %q = %+v, want %+v", got, canon, got, want)
	}
}

// isFormOf reports whether canon is the canonical form of v.
func isFormOf(t *testing.T, canon []byte, v any) bool {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	form, err := vc.CanonicalRaw(text)
	return err == nil && bytes.Equal(canon, form)
}

func FuzzOpen(f *testing.F) {
	f.Add(issue(f, member(f, 1)).Raw)
	f.Add(issue(f, node(f, 1), member(f, 2)).Raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := vc.Open[note](raw, "Note")
		if err != nil {
			return
		}
		again, err := vc.Open[note](s.Raw, "Note")
		if err != nil || again.Body != s.Body || s.ID != dsai.CredentialID(s.Digest) {
			t.Fatalf("Open(Open(%q)) = %v", raw, err)
		}
	})
}

func FuzzDID(f *testing.F) {
	f.Add(member(f, 1).DID())
	f.Add(node(f, 1).DID())
	f.Fuzz(func(t *testing.T, did string) {
		key, err := vc.ParseDID(did)
		if err != nil {
			return
		}
		if again, err := vc.DID(key); err != nil || again != did {
			t.Fatalf("DID(ParseDID(%q)) = %q, %v", did, again, err)
		}
	})
}

func FuzzStatusList(f *testing.F) {
	var b vc.Bits
	for i := range 200 {
		b.Revoke(i * 37) //nolint:errcheck // inside
	}
	text, err := vc.EncodeBits(&b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := vc.DecodeBits(s)
		if err != nil {
			return
		}
		text, err := vc.EncodeBits(got)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := vc.DecodeBits(text); err != nil || *again != *got {
			t.Fatalf("DecodeBits(EncodeBits(DecodeBits(%q))) differs: %v", s, err)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	for _, tt := range []struct {
		name string
		s    vc.Sealed[note]
	}{{"member", issue(b, member(b, 1))}, {"node", issue(b, node(b, 1))}} {
		b.Run(tt.name, func(b *testing.B) {
			b.SetBytes(int64(len(tt.s.Raw)))
			for b.Loop() {
				if _, err := vc.Open[note](tt.s.Raw, "Note"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIssue(b *testing.B) {
	m := member(b, 1)
	for b.Loop() {
		issue(b, m)
	}
}

func BenchmarkCanonicalRaw(b *testing.B) {
	raw := issue(b, member(b, 1)).Raw
	spaced := append([]byte(" "), raw...)
	for name, in := range map[string][]byte{"canonical": raw, "other": spaced} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				vc.CanonicalRaw(in) //nolint:errcheck // measured
			}
		})
	}
}
