// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/klog/v2"
)

// TestSilence has Tessera's logger report an error once a log is there: nothing
// of it may come between what a verb says.
func TestSilence(t *testing.T) {
	build(t)
	path := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stderr := os.Stderr
	os.Stderr = f
	klog.Error("IntegratedSize: no such file")
	os.Stderr = stderr
	said, err := os.ReadFile(path)
	if err != nil || len(said) > 0 {
		t.Errorf("stderr = %q, %v, want nothing", said, err)
	}
}
