// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"time"
)

// engine is an OpenAI-compatible server on loopback that takes about a second
// for an answer, so that kills meet answers in the middle.
type engine struct {
	*httptest.Server

	mu    sync.Mutex
	begun map[string]bool // words of the questions that reached the server
}

// token is the word that makes each question and document its own.
var token = regexp.MustCompile(`zq[a-z]{8}\d+`)

func newEngine() *engine {
	e := &engine{begun: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"slow","object":"model"}]}`)
	})
	mux.HandleFunc("POST /v1/chat/completions", e.chat)
	e.Server = httptest.NewServer(mux)
	return e
}

func (e *engine) chat(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Messages []struct{ Content string } `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Messages) == 0 {
		http.Error(w, "no messages", http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	for _, t := range token.FindAllString(q.Messages[len(q.Messages)-1].Content, -1) {
		e.begun[t] = true
	}
	e.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	for i := range 40 {
		fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Sentence %d of a slow answer [1]. \"}}]}\n\n", i)
		if out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
}

// reached reports whether the question with that word was put to the server: the
// node has then promised a receipt for it.
func (e *engine) reached(word string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.begun[word]
}
