// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package node

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes an exclusive lock without waiting. The kernel releases it when
// the process ends, however it ends.
func lockFile(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
