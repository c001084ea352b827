// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"dsai.example/dsai"
)

const endpoint = "/v1/chat/completions"

func (h *home) post(ctx context.Context, key string, body io.Reader) (status int, text string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.listen+endpoint, body)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	return w.StatusCode, string(b), err
}

// ask asks as a good client does. A withdrawal may meet the answer being made.
func (h *home) ask(ctx context.Context, c *counts) error {
	return every(ctx, time.Second, func(i int) error {
		body := fmt.Sprintf(`{"messages":[{"role":"user","content":"By how many turns does the valve of pump %d open?"}]}`, i%50)
		code, text, err := h.post(ctx, h.key, bytes.NewReader([]byte(body)))
		if err == nil && code != http.StatusOK && !strings.Contains(text, string(dsai.CodeConsentRevoked)) {
			err = fmt.Errorf("status %d: %s", code, text)
		}
		if err != nil {
			return gone(ctx, fmt.Errorf("ask: %w", err))
		}
		c.asked.Add(1)
		return nil
	})
}

// swell sends a body that has no end, as far as the node knows.
func (h *home) swell(ctx context.Context, c *counts) error {
	return every(ctx, 5*time.Second, func(int) error {
		code, _, err := h.post(ctx, h.bad, io.LimitReader(zeros{}, 1<<30))
		// The node hangs up while the body is sent, which the client may see first;
		// and the dawdlers may have spent the budget of this key.
		if err == nil && code != http.StatusRequestEntityTooLarge && code != http.StatusTooManyRequests {
			return gone(ctx, fmt.Errorf("a body of 1 GiB was answered with %d", code))
		}
		c.swollen.Add(1)
		return nil
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// patience is how long a slow client may be served: the time for a request, and
// some more because this machine is busy.
const patience = 25 * time.Second

// dawdle is a client that sends a byte now and then: of its headers, or of a
// body. The node must drop it.
func (h *home) dawdle(ctx context.Context, c *counts, headers bool) error {
	head := "POST " + endpoint + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + h.bad + "\r\nX: "
	if !headers {
		head += "x\r\nContent-Length: 100000\r\n\r\n"
	}
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", h.listen)
		if err != nil {
			return gone(ctx, err)
		}
		begin := time.Now()
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		_, err = io.WriteString(conn, head)
		for ; err == nil; time.Sleep(200 * time.Millisecond) {
			_, err = io.WriteString(conn, " ")
			if time.Since(begin) > patience {
				conn.Close()
				return gone(ctx, fmt.Errorf("a slow client (of its headers: %t) was served for %s", headers, patience))
			}
		}
		stop()
		conn.Close()
		c.dropped.Add(1)
	}
	return nil
}
