// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/view"
)

// A name that a table, a URL or a shell would not carry is refused with what a name may hold.
func TestModelNames(t *testing.T) {
	n, _ := home(t)
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(path, infertest.Speaker(1).File(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"..", ".x", "-x", "/x", "a/../b", "a/..", "a b", "a\nb", "a\n", "a\x1b[31m", "a\u202eb", "a$b", "é", "dsai-extract-1", strings.Repeat("x", 81)} {
		for _, a := range []node.ModelArgs{{Name: name, Path: path}, {Name: name, URL: "http://127.0.0.1:1/v1", Remote: "m"}} {
			err := n.Methods().Call(t.Context(), "model.add", a, nil, nil)
			var e *control.Error
			if !errors.As(err, &e) || e.Kind != control.Usage || !strings.Contains(e.Hint, "--name") {
				t.Errorf("add %q = %+v, want the hint of names", name, e)
			}
		}
	}
	for _, name := range []string{"qwen3:4b", "Qwen/Qwen3-4B@q4_k.m", "x..y", strings.Repeat("x", 80)} {
		if got := call[view.Model](t, n, "model.add", node.ModelArgs{Name: name, Path: path}); got.ID != name {
			t.Errorf("add %q = %q", name, got.ID)
		}
	}
}

// A file that does not say what it is called has the name of the file.
func TestModelWithoutName(t *testing.T) {
	n, _ := home(t)
	path := filepath.Join(t.TempDir(), "My Model.GGUF")
	if err := os.WriteFile(path, bytes.Replace(infertest.Speaker(1).File(), []byte("general.name"), []byte("general.none"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := call[view.Model](t, n, "model.add", node.ModelArgs{Path: path}); got.ID != "my-model" {
		t.Errorf("a file My Model.GGUF without a name is called %q, want my-model", got.ID)
	}
}

// A file that is sound and too large is not called broken.
func TestModelTooLarge(t *testing.T) {
	n, _ := home(t)
	n.SetModelMemory(1 << 16)
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(path, infertest.Speaker(1).File(), 0o600); err != nil {
		t.Fatal(err)
	}
	err := n.Methods().Call(t.Context(), "model.add", node.ModelArgs{Name: "large", Path: path}, nil, nil)
	var e *control.Error
	if !errors.As(err, &e) || e.Kind != control.Unavailable || !strings.Contains(e.Hint, "fewer parameters") || strings.Contains(e.Message, "cannot be used") {
		t.Errorf("add a model that does not fit = %+v, want the hint of memory", e)
	}
}

// A vocabulary that cannot write the text of the bench is an error, not a wait.
func TestBenchWithoutTokens(t *testing.T) {
	n, _ := home(t)
	s := infertest.Speaker(1)
	for i, p := range s.Extra {
		if kinds, ok := p.Value.([]int32); ok && p.Key == "tokenizer.ggml.token_type" {
			for j := 3; j < 259; j++ {
				kinds[j] = 5 // a byte without a token
			}
		}
		if p.Key == "tokenizer.ggml.unknown_token_id" {
			s.Extra[i].Key = "nothing"
		}
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(path, s.File(), 0o600); err != nil {
		t.Fatal(err)
	}
	call[view.Model](t, n, "model.add", node.ModelArgs{Name: "mute", Path: path})
	err := n.Methods().Call(t.Context(), "model.bench", node.BenchArgs{Name: "mute"}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "no tokens for the text") {
		t.Errorf("bench = %v", err)
	}
}
