// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

// llamaCpp returns the path of one of llama.cpp's programs.
func llamaCpp(t *testing.T, program string) string {
	t.Helper()
	dir := os.Getenv("DSAI_LLAMA_CPP")
	if dir == "" {
		t.Skip("SKIPPED: llama.cpp, because DSAI_LLAMA_CPP is not set to the folder of its programs")
	}
	return filepath.Join(dir, program)
}

// llamaServer is llama.cpp's llama-server with one model, on this machine alone.
type llamaServer struct {
	url        string
	vocabulary int
}

// client opens a connection for each question: on one that is kept, the kernel delays each answer by 40 ms,
// because the server sends it in two parts.
var client = http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// startLlama serves a model until the test ends.
func startLlama(t *testing.T, model []byte, vocabulary int, flags ...string) *llamaServer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, model, 0o600); err != nil {
		t.Fatal(err)
	}
	flags = append([]string{"-m", path, "--host", "127.0.0.1", "--port", "0", "-t", "1", "-ngl", "0", "--no-warmup", "--no-webui", "-np", "1"}, flags...)
	c := exec.CommandContext(t.Context(), llamaCpp(t, "llama-server"), flags...)
	said := &listener{address: make(chan string, 1)}
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case url := <-said.address:
		t.Cleanup(func() { <-ended }) // the test's context is over, and so is the program
		return &llamaServer{url, vocabulary}
	case err := <-ended:
		t.Fatalf("llama-server %q: %v\n%s", flags, err, said.text.String())
	case <-time.After(time.Minute):
		t.Fatal("llama-server does not listen within a minute") // nor does anybody read said, which is still written to
	}
	return nil
}

// listener waits for the line that says where a server listens, and keeps what came before it.
type listener struct {
	text    bytes.Buffer
	address chan string
	found   bool
}

var listens = regexp.MustCompile(`server is listening on (http://\S+) - starting`)

func (l *listener) Write(b []byte) (int, error) {
	if l.found {
		return len(b), nil
	}
	l.text.Write(b)
	if m := listens.FindSubmatch(l.text.Bytes()); m != nil {
		l.found = true
		l.address <- string(m[1])
	}
	return len(b), nil
}

// logarithms returns how likely llama.cpp finds each token after these, as logarithms, from the logits as
// they are: no sampling is in them. Nothing of an earlier question is in them either.
func (s *llamaServer) logarithms(t *testing.T, tokens []int32) []float64 {
	t.Helper()
	body, err := json.Marshal(map[string]any{"prompt": tokens, "n_predict": 1, "n_probs": s.vocabulary, "temperature": 0,
		"cache_prompt": false,                // with it, the server at times forgets the first token
		"logit_bias":   [][]int{{300, 1000}}, // a whole word follows: of parts of a character the server reports nothing
	})
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Post(s.url+"/completion", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct {
		Evaluated     int `json:"tokens_evaluated"`
		Probabilities []struct {
			Top []struct {
				ID        int
				Logarithm float64 `json:"logprob"`
			} `json:"top_logprobs"`
		} `json:"completion_probabilities"`
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || got.Evaluated != len(tokens) || len(got.Probabilities) != 1 || len(got.Probabilities[0].Top) != s.vocabulary {
		t.Fatalf("llama-server: status %d, %d tokens of %d, probabilities of %d positions", response.StatusCode, got.Evaluated, len(tokens), len(got.Probabilities))
	}
	out := slices.Repeat([]float64{math.NaN()}, s.vocabulary)
	for _, token := range got.Probabilities[0].Top {
		out[token.ID] = token.Logarithm
	}
	return logSoftmax(out) // the server's sums are of 32 bits
}

// logSoftmax returns logits as logarithms of probabilities.
func logSoftmax(logits []float64) []float64 {
	most, sum := slices.Max(logits), 0.0
	for _, v := range logits {
		sum += math.Exp(v - most)
	}
	out := make([]float64, len(logits))
	for i, v := range logits {
		out[i] = v - most - math.Log(sum)
	}
	return out
}

// between is the Kullback-Leibler divergence of two distributions given by logarithms, in nats.
func between(p, q []float64) float64 {
	sum := 0.0
	for i := range p {
		sum += math.Exp(p[i]) * (p[i] - q[i])
	}
	return sum
}

func wide(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
