// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"dsai.example/dsai"
)

// question is one request, and when its client leaves.
type question struct {
	model  *model // nil: the node's quoting engine
	text   string
	fields map[string]any
	stream bool
	events int           // of a stream: leave after so many; 0: never
	after  time.Duration // leave after this; 0: never
}

// about has no word that documents on other topics have: prompts stay short.
func about(topic string) string { return fmt.Sprintf("What about the %s?", topic) }

// client asks until ctx ends, and not while the receipts of earlier answers wait to be checked.
// What it asked comes to its end unless live ends.
func (s *soak) client(ctx, live context.Context, r *rand.Rand) error {
	for ctx.Err() == nil {
		if s.ledger.behind() {
			pause(ctx, 50*time.Millisecond)
			continue
		}
		if err := s.ask(live, s.question(r), s.keyring.any(r)); err != nil {
			return err
		}
		if s.think > 0 {
			pause(ctx, time.Duration(r.Int64N(int64(s.think))))
		}
	}
	return nil
}

// question is one of those that clients ask: all kinds of sampling, all kinds of ends.
func (s *soak) question(r *rand.Rand) *question {
	q := &question{text: about(topics[r.IntN(len(topics))]), stream: r.IntN(3) > 0, fields: map[string]any{}}
	if r.IntN(4) == 0 {
		q.text += fmt.Sprintf(" Asked by reader %d.", r.IntN(1000))
	}
	if r.IntN(10) > 0 {
		q.model = s.home.models[r.IntN(len(s.home.models))]
		sampling(q.fields, r)
	}
	if q.stream && r.IntN(3) == 0 {
		q.fields["stream_options"] = map[string]any{"include_usage": true}
	}
	switch r.IntN(8) {
	case 0:
		q.after = time.Duration(1 + r.Int64N(int64(500*time.Millisecond)))
	case 1, 2:
		q.events = 2 + r.IntN(6) // means nothing to an answer that is not streamed
	}
	return q
}

func sampling(f map[string]any, r *rand.Rand) {
	one := func(n int, name string, value any) {
		if r.IntN(n) == 0 {
			f[name] = value
		}
	}
	one(2, "temperature", float64(r.IntN(16))/10)
	one(3, "seed", r.Int64N(1<<40))
	one(3, "stop", []string{"kami", "水", "toto"}[:1+r.IntN(3)])
	one(4, "top_p", float64(50+r.IntN(51))/100)
	one(4, "min_p", float64(r.IntN(20))/100)
	one(4, "top_k", r.IntN(60))
	one(5, "presence_penalty", float64(r.IntN(41)-20)/10)
	one(5, "frequency_penalty", float64(r.IntN(41)-20)/10)
	if r.IntN(4) == 0 {
		f["logprobs"], f["top_logprobs"] = true, r.IntN(6)
	}
	f["max_tokens"] = 1 + r.IntN(120)
}

func (q *question) body() []byte {
	f := map[string]any{"messages": []any{map[string]any{"role": "user", "content": q.text}}, "stream": q.stream}
	for name, v := range q.fields {
		f[name] = v
	}
	if q.model != nil {
		f["model"] = q.model.name
	}
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // of plain values
	}
	return b
}

// ask asks, and notes what the ledger must hold.
func (s *soak) ask(ctx context.Context, q *question, k *key) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	if q.after > 0 {
		defer time.AfterFunc(q.after, leave).Stop()
	}
	up, has, with := s.home.up.n.Load(), k.n.Load(), int64(0)
	if q.model != nil {
		with = q.model.n.Load()
	}
	if up%2 == 1 {
		return nil // nobody is there to ask
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.home.address()+"/v1/chat/completions", bytes.NewReader(q.body()))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+k.secret)
	r.Header.Set("Content-Type", "application/json")
	s.counts.asked.Add(1)
	var told said
	w, err := http.DefaultClient.Do(r)
	if err == nil {
		told, err = q.read(w, leave)
		w.Body.Close()
	}
	s.ledger.told(told)
	no, _ := errors.AsType[*refusal](err)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		s.counts.left.Add(1)
	case no == nil && s.home.up.since(up):
		s.counts.lost.Add(1)
	case no != nil && no.status == http.StatusTooManyRequests:
		s.counts.busy.Add(1)
	case no != nil && no.code == string(dsai.CodeConsentRevoked),
		no != nil && no.code == "model_not_found" && q.model != nil && q.model.since(with),
		no != nil && no.status == http.StatusUnauthorized && k.since(has):
		s.counts.excused.Add(1)
	default:
		return fmt.Errorf("ask %s: %w", q.body(), err)
	}
	return nil
}
