// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxEvent bounds one server-sent event, in bytes.
const maxEvent = 256 << 10

// completion is what is read of a chat.completion or chat.completion.chunk.
type completion struct {
	Model       string `json:"model"`
	Fingerprint string `json:"system_fingerprint"`
	Choices     []struct {
		Delta   message `json:"delta"`
		Message message `json:"message"`
		Finish  string  `json:"finish_reason"`
	} `json:"choices"`
	Usage *usage          `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
}

// send makes one request and returns a response with status 200, or ErrServer.
func (e *Engine) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, e.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream, application/json")
	req.Header.Set("User-Agent", "dsai")
	if e.cfg.Secret != "" {
		req.Header.Set("Authorization", "Bearer "+e.cfg.Secret)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("%w: status %d", ErrServer, resp.StatusCode)
	}
	return resp, nil
}

// stream splits a text/event-stream into the data of its events (WHATWG HTML,
// section 9.2.6). Comments, which servers send to keep a connection alive, count
// as signs of life and nothing else.
type stream struct {
	lines *bufio.Scanner
	alive func()
	data  []byte
}

func newStream(r io.Reader, alive func()) *stream {
	s := &stream{lines: bufio.NewScanner(r), alive: alive}
	s.lines.Buffer(make([]byte, 0, 4096), maxEvent)
	s.lines.Split(splitLine)
	return s
}

// next returns the data of the next event, valid until the next call. At the end
// of the stream it returns io.EOF; an event cut off by it is dropped.
func (s *stream) next() ([]byte, error) {
	s.data = s.data[:0]
	started := false
	for s.lines.Scan() {
		s.alive()
		line := s.lines.Bytes()
		if len(line) == 0 {
			if started {
				return s.data, nil
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		if string(field) != "data" {
			continue
		}
		if started {
			s.data = append(s.data, '\n')
		}
		started = true
		s.data = append(s.data, bytes.TrimPrefix(value, []byte(" "))...)
		if len(s.data) > maxEvent {
			return nil, fmt.Errorf("%w: an event is too long", ErrServer)
		}
	}
	switch err := s.lines.Err(); {
	case err == nil:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%w: a line is too long", ErrServer)
	default:
		return nil, fmt.Errorf("%w: the connection broke: %w", ErrServer, err)
	}
}

// splitLine is a bufio.SplitFunc for lines that end in LF, CR or CRLF.
func splitLine(data []byte, atEOF bool) (advance int, token []byte, err error) {
	i := bytes.IndexAny(data, "\r\n")
	switch {
	case i < 0 && atEOF && len(data) > 0:
		return len(data), data, nil
	case i < 0:
		return 0, nil, nil
	case data[i] == '\n':
		return i + 1, data[:i], nil
	case i+1 < len(data) && data[i+1] == '\n':
		return i + 2, data[:i], nil
	case i+1 == len(data) && !atEOF:
		return 0, nil, nil // a LF may follow
	}
	return i + 1, data[:i], nil
}

// decodeCapped reads one JSON value of at most limit bytes.
func decodeCapped(r io.Reader, limit int64, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w: the connection broke: %w", ErrServer, err)
	case int64(len(b)) > limit:
		return fmt.Errorf("%w: its reply is over %d bytes", ErrServer, limit)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: its reply is not the JSON expected", ErrServer)
	}
	return nil
}
