// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package planted

import (
	"maps"
	"slices"
	"sort"

	"planted.example/dep"
	"unknown.example/module"
)

func unordered(m map[string]int) (out []int) {
	for _, v := range m { // want: no order
		out = append(out, v)
	}
	return out
}

func sortedNext(m map[string]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for k := range m { // want: no order
		keys = append(keys, k)
	}
	return slices.Compact(keys)
}

func named(m dep.Names) {
	for range m { // want: no order
	}
}

func generic[M ~map[K]V, K comparable, V any](m M) {
	for range m { // want: no order
	}
}

func foreign() {
	for range module.Values() { // want: is not known
	}
}

func vouched(m map[string]int) (sum int) {
	//arch:ordered addition of integers commutes
	for _, v := range m {
		sum += v
	}
	//arch:ordered
	for _, v := range m { // want: no order
		sum += v
	}
	return sum // the second mark gives no reason, so it vouches for nothing
}

func iterators(m map[string]int) []string {
	for k := range maps.Keys(m) { // want: maps.Keys has no order
		_ = k
	}
	_ = slices.Collect(maps.Values(m)) // want: maps.Values has no order
	return slices.Sorted(maps.Keys(m))
}

func slicesAreFine(s []string) {
	for range s {
	}
}
