// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"dsai.example/dsai/internal/verifiable/engine"
)

// The least limit counts of all control groups that the process is in.
func TestGroupMemory(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing", nil, math.MaxInt64},
		{"a unit's MemoryMax", map[string]string{
			"proc/self/cgroup":                                   "0::/system.slice/dsai.service\n",
			"sys/fs/cgroup/system.slice/memory.max":              "max\n",
			"sys/fs/cgroup/system.slice/dsai.service/memory.max": "2147483648\n",
		}, 2 << 30},
		{"a slice's", map[string]string{
			"proc/self/cgroup":                                   "0::/system.slice/dsai.service\n",
			"sys/fs/cgroup/system.slice/memory.max":              "1073741824\n",
			"sys/fs/cgroup/system.slice/dsai.service/memory.max": "2147483648\n",
		}, 1 << 30},
		{"another unit's", map[string]string{
			"proc/self/cgroup": "0::/system.slice/dsai.service\n",
			"sys/fs/cgroup/system.slice/other.service/memory.max": "1024\n",
		}, math.MaxInt64},
		{"a container", map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "3221225472\n",
		}, 3 << 30},
		{"a container that sees its path outside", map[string]string{
			"proc/self/cgroup":         "0::/docker/abc\n",
			"sys/fs/cgroup/memory.max": "3221225472\n",
		}, 3 << 30},
		{"no /proc", map[string]string{"sys/fs/cgroup/memory.max": "3221225472\n"}, 3 << 30},
		{"version 1", map[string]string{
			"proc/self/cgroup":                                      "12:cpu,cpuacct:/\n5:memory:/docker/abc\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":            "9223372036854771712\n",
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "536870912\n",
		}, 512 << 20},
		{"no numbers", map[string]string{
			"proc/self/cgroup":         "what\n0::/../x\n",
			"sys/fs/cgroup/memory.max": "much\n",
		}, math.MaxInt64},
	} {
		root := t.TempDir()
		for name, text := range tt.files {
			file := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := engine.GroupMemory(root); got != tt.want {
			t.Errorf("%s: GroupMemory = %d, want %d", tt.name, got, tt.want)
		}
	}
}
