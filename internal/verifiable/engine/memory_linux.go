// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machineMemory returns the bytes that this process may have: the machine's, or fewer if its control
// groups say so. 0: unknown.
func machineMemory() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return min(int64(info.Totalram)*int64(info.Unit), groupMemory("/"))
}

// groupMemory returns the least that the control group of this process, or one that it is in, permits:
// systemd's MemoryMax= is the limit of a unit's own group. root is where the file system begins.
func groupMemory(root string) int64 {
	text, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		text = []byte("0::/")
	}
	limit := int64(math.MaxInt64)
	for line := range strings.Lines(string(text)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3) // a number, controllers, the group's path
		if len(part) < 3 {
			continue
		}
		folder, file := "", ""
		switch {
		case part[1] == "": // version 2
			folder, file = "sys/fs/cgroup", "memory.max"
		case slices.Contains(strings.Split(part[1], ","), "memory"): // version 1
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		// In a container the path may be one outside: then no folder but the topmost is there.
		for group := path.Clean("/" + part[2]); ; group = path.Dir(group) {
			limit = min(limit, limitIn(filepath.Join(root, folder, group, file)))
			if group == "/" {
				break
			}
		}
	}
	return limit
}

// limitIn returns the limit that a file names. A file that is not there names none, nor does "max".
func limitIn(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return math.MaxInt64
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || limit <= 0 {
		return math.MaxInt64
	}
	return limit
}
