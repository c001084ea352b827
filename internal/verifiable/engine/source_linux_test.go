// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dsai.example/dsai/internal/verifiable/engine"
)

// A pipe to which nobody writes is refused at once.
func TestOpenPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := engine.OpenFile(path)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "is not a file") {
			t.Errorf("OpenFile = %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("OpenFile waits for somebody to write")
	}
}
