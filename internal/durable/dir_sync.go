// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package durable

import "os"

func syncDir(f *os.File) error { return syncFile(f) }
