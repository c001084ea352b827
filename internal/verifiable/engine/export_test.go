// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

// Remembered returns how many prompts are remembered, in how many bytes.
func (e *Engine) Remembered() (entries int, bytes int64) {
	e.prefixes.mu.Lock()
	defer e.prefixes.mu.Unlock()
	return len(e.prefixes.entries), e.prefixes.bytes
}

// Used returns the bytes that are taken.
func (e *Engine) Used() int64 { return e.budget.inUse() }
