// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"os"
	"runtime/debug"
	"sync"
)

// LimitProcess makes Go collect what nobody uses before the process is much larger than models may
// make it: by itself Go waits until that is as much as what is in use, weights included. What requests
// give back to the budget as they end is memory until it is collected. The limit is Memory and a sixth
// of it for all else: seven eighths of the machine, where Memory is three quarters. It holds for the
// whole process, unless the variable GOMEMLIMIT sets one.
func (e *Engine) LimitProcess() {
	if e.cfg.Memory > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(e.cfg.Memory + e.cfg.Memory/6)
	}
}

// maxWorkspace bounds what the steps of a model compute in. A stranger's file says how wide its layers
// are, and a step of a model whose layers are too wide takes fewer tokens.
const maxWorkspace = 512 << 20

// workspace returns how many tokens a step of a file's model may have, and the bytes that such steps take.
func (c Config) workspace(f *File) (items int, bytes int64) {
	bound := int64(maxWorkspace)
	if c.Memory > 0 {
		bound = min(bound, c.Memory/4)
	}
	items = f.config.ItemsWithin(bound, c.Prefill+c.Running, c.Running, c.Threads)
	return items, f.config.WorkspaceBytes(items, c.Running, c.Threads)
}

// budget is the memory that weights, workspaces and sequences may take.
type budget struct {
	limit int64 // 0: any

	mu   sync.Mutex
	used int64
}

// take takes n bytes if they are there.
func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limit > 0 && b.used+n > b.limit {
		return false
	}
	b.used += n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// free returns the bytes that are there.
func (b *budget) free() int64 {
	if b.limit <= 0 {
		return math.MaxInt64 / 2
	}
	return b.limit - b.inUse()
}

func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}
