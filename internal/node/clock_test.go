// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dsai.example/dsai/internal/node"
)

// TestCatchUp waits for the machine's time no longer than its caller.
func TestCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name               string
			ahead, after, took time.Duration
			err                error
		}{
			{"it catches up", 300 * time.Millisecond, time.Minute, time.Second, nil},
			{"it does not", time.Hour, time.Minute, 2 * time.Second, nil},
			{"the caller leaves", time.Hour, 70 * time.Millisecond, 70 * time.Millisecond, context.DeadlineExceeded},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), tt.after)
			began := time.Now()
			if err := node.CatchUp(ctx, tt.ahead); !errors.Is(err, tt.err) || time.Since(began) > tt.took {
				t.Errorf("%s: catchUp = %v after %v, want %v after %v", tt.name, err, time.Since(began), tt.err, tt.took)
			}
			cancel()
		}
	})
}
