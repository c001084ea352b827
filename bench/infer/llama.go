// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// llama is llama.cpp's llama-bench.
type llama struct{ path, commit string }

// findLlama returns nil if there is none.
func findLlama() *llama {
	dir := os.Getenv("DSAI_LLAMA_CPP")
	if dir == "" {
		fmt.Println("SKIPPED: llama.cpp, because DSAI_LLAMA_CPP is not set to the folder of its programs")
		return nil
	}
	return &llama{path: filepath.Join(dir, "llama-bench")}
}

// measured is one line of llama-bench -o json.
type measured struct {
	Commit string  `json:"build_commit"`
	Speed  float64 `json:"avg_ts"`

	cpu time.Duration // of the process
}

// speed returns tokens per second of decoding or of a prompt.
func (l *llama) speed(model string, threads, prompt, decode int) (float64, error) {
	got, err := l.run("-m", model, "-t", strconv.Itoa(threads), "-p", strconv.Itoa(prompt), "-n", strconv.Itoa(decode), "-r", "1", "-ngl", "0")
	l.commit = got.Commit
	return got.Speed, err
}

// speedCPU is speed by the CPU time of the process: what two more repetitions take.
func (l *llama) speedCPU(model string, prompt, decode int) (float64, error) {
	var took [2]time.Duration
	for i, repetitions := range []string{"1", "3"} {
		got, err := l.run("-m", model, "-t", "1", "-p", strconv.Itoa(prompt), "-n", strconv.Itoa(decode), "-r", repetitions, "-ngl", "0")
		if err != nil {
			return 0, err
		}
		l.commit, took[i] = got.Commit, got.cpu
	}
	return float64(2*(prompt+decode)) / (took[1] - took[0]).Seconds(), nil
}

func (l *llama) run(arguments ...string) (measured, error) {
	var out []measured
	c := exec.Command(l.path, append(arguments, "-o", "json")...)
	b, err := c.Output()
	if err != nil {
		return measured{}, fmt.Errorf("llama-bench: %w", err)
	}
	if err := json.Unmarshal(b, &out); err != nil || len(out) != 1 {
		return measured{}, fmt.Errorf("llama-bench printed %q: %v", b, err)
	}
	out[0].cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	return out[0], nil
}

// describe returns what is known of how it was built, after a run: the program names its commit, its
// build folder the flags.
func (l *llama) describe() string {
	var flags []string
	b, err := os.ReadFile(filepath.Join(filepath.Dir(l.path), "..", "CMakeCache.txt"))
	if err != nil {
		return fmt.Sprintf("llama.cpp %s, flags unknown", l.commit)
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		name, _, _ = strings.Cut(name, ":")
		switch name {
		case "CMAKE_BUILD_TYPE", "CMAKE_CXX_FLAGS_RELEASE", "GGML_NATIVE", "GGML_LLAMAFILE", "GGML_OPENMP", "GGML_CPU_AARCH64":
			flags = append(flags, name+"="+value)
		}
	}
	return fmt.Sprintf("llama.cpp %s, %s", l.commit, strings.Join(flags, " "))
}
