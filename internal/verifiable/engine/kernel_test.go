// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/tensor"
)

// The log hears of kernels that are not used, and which is.
func TestKernelsInLog(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, nil))
	engine.Warn(log, []tensor.Kernel{{Name: "portable"}, {Name: "strange", Err: errors.New("other bits")}})
	if s := b.String(); strings.Count(s, "\n") != 1 || !strings.Contains(s, "level=WARN") || !strings.Contains(s, "kernel=strange") || !strings.Contains(s, "other bits") {
		t.Errorf("the log says %q", s)
	}
	b.Reset()
	e, m := serve(t, engine.Config{Threads: 1, Log: log})
	generate(t, m, request(1, 4, 4))
	e.Close()
	if s := b.String(); !strings.Contains(s, "kernel="+engine.Kernel()) || strings.Contains(s, "WARN") {
		t.Errorf("the log of a load says %q", s)
	}
}
