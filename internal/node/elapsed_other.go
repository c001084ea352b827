// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package node

import "time"

// elapsed is the monotonic clock. Here it may stand still while the machine
// sleeps; a sleep of over an hour then asks for the clock to be accepted.
func elapsed() time.Duration { return time.Since(processStart) }

var processStart = time.Now()
