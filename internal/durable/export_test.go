// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"os"
	"testing"
)

// FailSync makes every fsync return err until the test ends.
func FailSync(t testing.TB, err error) {
	old := syncFile
	syncFile = func(*os.File) error { return err }
	t.Cleanup(func() { syncFile = old })
}
