// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestSum(t *testing.T) {
	const in = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:9: no model here\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB2","Output":"    b_test.go:9: no model here\n"}
{"Action":"skip","Package":"p","Test":"TestB2"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:7: got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Test":"TestD","Output":"panic: died\n"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
# a plain line
{"Action":"output","Package":"q","Output":"PASS\n"}
{"Action":"output","Package":"q","Output":"ok  \tq\t0.1s\n"}
{"Action":"fail","Package":"p"}
`
	const want = `    c_test.go:7: got 1, want 2
FAIL
# a plain line
ok  	q	0.1s
p TestD did not end:
panic: died
SKIPPED 2 (TestB, TestB2): no model here
`
	var b strings.Builder
	if err := sum(strings.NewReader(in), &b); err != nil || b.String() != want {
		t.Errorf("sum = %v, printed\n%s, want\n%s", err, b.String(), want)
	}
}
