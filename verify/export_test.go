// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

// MaxMemo is what a Verifier may remember, in bytes.
const MaxMemo = maxMemo

// Held returns what v remembers, in entries and about in bytes.
func (v *Verifier) Held() (entries, bytes int) { return len(v.memo), v.held }
