// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dsai": main})
}

// TestScript runs the verbs as people do; the scripts are the list of features.
// Beside testscript's own commands they use those below. $LIB is the sample
// library, $HOME an empty folder.
func TestScript(t *testing.T) {
	lib, err := filepath.Abs("../../internal/demo/library")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("HOME", home)
			e.Setenv("LIB", lib)
			return os.Mkdir(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"rc": rc, "json": jsonCmd, "until": until, "replace": replace, "hostile": hostileCmd, "inert": inertCmd, "model": modelCmd, "elsewhere": elsewhereCmd,
		},
	})
}

// model FILE [SEED] writes a tiny model file whose weights come from a seed.
func modelCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: model FILE [SEED]")
	}
	seed := uint64(1)
	if len(args) == 2 {
		var err error
		seed, err = strconv.ParseUint(args[1], 10, 64)
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), infertest.Speaker(seed).File(), 0o600))
}

// elsewhere VARIABLE TEXT runs a model server that always says TEXT and sets VARIABLE
// to its URL. It counts as beyond this machine, because its URL names no loopback
// address; package net dials this machine for 0.0.0.0.
func elsewhereCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: elsewhere VARIABLE TEXT")
	}
	said, err := json.Marshal(args[1])
	ts.Check(err)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			fmt.Fprint(w, `{"object":"list","data":[{"id":"far","object":"model"}]}`)
			return
		}
		fmt.Fprintf(w, `{"choices":[{"index":0,"finish_reason":"stop","message":{"content":%s}}]}`, said)
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], strings.Replace(s.URL, "127.0.0.1", "0.0.0.0", 1)+"/v1")
}

// rc CODE COMMAND... runs a command that must end with an exit code.
func rc(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: rc CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// json FILE PATH [VALUE] looks into a JSON document: members and indexes between
// dots, "len" for a length. Without VALUE there must be one that is not empty.
func jsonCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: json FILE PATH [VALUE]")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	for step := range strings.SplitSeq(args[1], ".") {
		var ok bool
		if v, ok = walk(v, step); !ok {
			ts.Fatalf("%s: nothing at %q of %s", args[0], step, args[1])
		}
	}
	got := fmt.Sprint(v)
	if v == nil {
		got = "null"
	}
	holds := v != nil && got != "" && got != "[]"
	if len(args) == 3 {
		holds = got == args[2]
	}
	if holds == neg {
		ts.Fatalf("%s: %s is %s", args[0], args[1], got)
	}
}

// walk takes one step into a JSON value.
func walk(v any, step string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		x, ok := v[step]
		return x, ok
	case []any:
		if step == "len" {
			return len(v), true
		}
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		return v[i], true
	}
	return nil, false
}

// until REGEXP COMMAND... runs a command until its output matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND...")
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(20 * time.Second); ; {
		// What is waited for happens in other processes: there is no clock to fake.
		if err := ts.Exec(args[1], args[2:]...); err == nil && re.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no %q from %s in time", args[0], strings.Join(args[1:], " "))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// replace FILE OLD NEW changes the first OLD in a file, which must be there.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	old := ts.ReadFile(args[0])
	if !strings.Contains(old, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(old, args[1], args[2], 1)), 0o600))
}
