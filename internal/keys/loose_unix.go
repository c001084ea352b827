// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package keys

import "io/fs"

func loose(st fs.FileInfo) bool { return st.Mode().Perm()&0o077 != 0 }
