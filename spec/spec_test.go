// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package spec_test holds the specification to the code: schemas and vectors are
// what the generator makes of it today, samples fit their schemas, and every
// section that a comment names exists.
package spec_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"dsai.example/dsai/spec/gen/schema"
	"dsai.example/dsai/spec/gen/vector"
	"dsai.example/dsai/verify"
)

// maxFile keeps every generated file readable.
const maxFile = 40 << 10

func TestGenerated(t *testing.T) {
	for dir, files := range map[string]func() (map[string][]byte, error){"schema": schema.Files, "vectors": vector.Files} {
		t.Run(dir, func(t *testing.T) {
			want, err := files()
			if err != nil {
				t.Fatal(err)
			}
			again, err := files()
			if err != nil || !maps.EqualFunc(want, again, bytes.Equal) {
				t.Fatalf("files() = other bytes the second time, %v", err)
			}
			if os.Getenv("DSAI_UPDATE_GOLDEN") == "1" {
				update(t, dir, want)
			}
			for name, b := range want {
				got, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil || !bytes.Equal(got, b) {
					t.Errorf("%s/%s is not what the code makes (%v): run make golden, and review the change like code", dir, name, err)
				}
				if len(b) > maxFile {
					t.Errorf("%s/%s has %d bytes, want at most %d", dir, name, len(b), maxFile)
				}
			}
			for _, name := range present(t, dir) {
				if want[name] == nil {
					t.Errorf("%s/%s is made by nothing", dir, name)
				}
			}
		})
	}
}

// update writes the files, and removes those that are made no more.
func update(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range present(t, dir) {
		if files[name] == nil {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func present(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// samples returns an artifact for each schema that stands for a whole file or
// credential, by the schema's name.
func samples(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := vector.Files()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for name, b := range files {
		var v map[string]any
		if name == "keys.json" {
			continue // a list
		}
		decode(t, b, &v)
		switch {
		case strings.HasPrefix(name, "credential-"):
			out[v["type"].(string)] = v["credential"].(map[string]any)
		case name == "bundle.json" || name == "trust.json":
			out[strings.TrimSuffix(name, ".json")] = v
		case name == "policy.json":
			out["policy"] = v["document"].(map[string]any)
		}
	}
	// What openings hold is canonical JSON in a string.
	for _, opening := range []string{"excluded", "settlement"} {
		var v map[string]any
		o := out["bundle"]["openings"].(map[string]any)[opening].(map[string]any)
		decode(t, []byte(o["text"].(string)), &v)
		out[opening] = v
	}
	return out
}

// decode reads JSON as the validator wants it: numbers as json.Number.
func decode(t *testing.T, b []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
}

// compile returns the checked-in schemas by name. References go between them,
// never to a network.
func compile(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	out := map[string]*jsonschema.Schema{}
	for _, name := range present(t, "schema") {
		b, err := os.ReadFile(filepath.Join("schema", name))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		decode(t, b, &v)
		if err := c.AddResource(schema.Base+name, v); err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(name, ".json")] = nil
	}
	for name := range out {
		s, err := c.Compile(schema.Base + name + ".json")
		if err != nil {
			t.Fatalf("compile %s: %v", name, err)
		}
		out[name] = s
	}
	return out
}

// withoutSample are schemas of texts that are only shown inside others.
var withoutSample = []string{"quotes", "detail"}

func TestSchemas(t *testing.T) {
	schemas, all := compile(t), samples(t)
	for name, s := range schemas {
		sample, ok := all[name]
		if !ok {
			if !slices.Contains(withoutSample, name) {
				t.Errorf("no sample of %s", name)
			}
			continue
		}
		if err := s.Validate(sample); err != nil {
			t.Errorf("Validate(%s) = %v, want nil", name, err)
		}
		fields := 0
		mutate(sample, "", func(path, what string) {
			fields++
			if s.Validate(sample) == nil {
				t.Errorf("Validate(%s with %s at %s) = nil, want an error", name, what, path)
			}
		})
		if fields == 0 {
			t.Errorf("%s has no field to change", name)
		}
	}
	for name := range all {
		if schemas[name] == nil {
			t.Errorf("no schema of %s", name)
		}
	}
}

// mutate changes one thing after another in v, calls check, and changes it back:
// an unknown field in each object, a value of another type in each place.
func mutate(v any, path string, check func(path, what string)) {
	other := func(old any) any {
		if _, ok := old.(string); ok {
			return json.Number("1")
		}
		return "1 and more"
	}
	switch v := v.(type) {
	case map[string]any:
		v["unknown"] = "x"
		check(path, "an unknown field")
		delete(v, "unknown")
		for name, old := range v {
			v[name] = other(old)
			check(path+"."+name, "another type")
			v[name] = nil
			check(path+"."+name, "null")
			v[name] = old
			mutate(old, path+"."+name, check)
		}
	case []any:
		for i, old := range v {
			v[i] = other(old)
			check(path+"[]", "another type")
			v[i] = old
			mutate(old, path+"[]", check)
		}
	}
}

// Every required field is one that the strict decoder misses, and no other.
func TestRequired(t *testing.T) {
	schemas := compile(t)
	for name, sample := range samples(t) {
		optional := map[string][]string{
			"bundle":        {"statistics", "openings"},
			"ConsentBundle": {"credentialStatus", "validUntil"}, "ConsentDelegation": {"credentialStatus", "validUntil"}, "Undertaking": {"validUntil"},
			"Clearance": {"validUntil"}, "BitstringStatusListCredential": {"validUntil"},
		}[name]
		for field, old := range sample {
			delete(sample, field)
			if got, want := schemas[name].Validate(sample) == nil, slices.Contains(optional, field); got != want {
				t.Errorf("Validate(%s without %s): valid = %t, want %t", name, field, got, want)
			}
			sample[field] = old
		}
	}
}

// The sample bundle is a whole one: the verifier finds nothing wrong with it.
func TestBundle(t *testing.T) {
	raw := map[string][]byte{}
	for _, name := range []string{"bundle.json", "trust.json"} {
		b, err := os.ReadFile(filepath.Join("vectors", name))
		if err != nil {
			t.Fatal(err)
		}
		raw[name] = b
	}
	trust, err := verify.ParseTrust(raw["trust.json"])
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Bundle(raw["bundle.json"], verify.Options{Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Checks {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Reason)
		}
	}
	if !r.OK || r.Operators != 1 {
		t.Errorf("Bundle(bundle.json) = ok %t by %d operators, want true by 1", r.OK, r.Operators)
	}
}
