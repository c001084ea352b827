// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"dsai.example/dsai"
)

// end is what the last of an answer says of its receipt.
type end struct {
	Request dsai.Digest `json:"request"`
	Receipt dsai.Digest `json:"receipt"`
	Ended   dsai.Ended  `json:"ended"`
	Refusal *struct {
		Code dsai.Code `json:"code"`
	} `json:"refusal"`
}

// said is what a client was told of one answer.
type said struct {
	end
	text string // that has arrived: a receipt is owed
}

// refusal is an answer that is an error object.
type refusal struct {
	status int
	code   string
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("status %d: %s", r.status, r.text) }

func refused(status int, body []byte) error {
	var e struct {
		Error struct {
			Code *string `json:"code"`
		} `json:"error"`
	}
	r := &refusal{status: status, text: string(body)}
	if json.Unmarshal(body, &e) == nil && e.Error.Code != nil {
		r.code = *e.Error.Code
	}
	return r
}

// read reads an answer. What came until an error is in said.
func (q *question) read(w *http.Response, leave func()) (said, error) {
	var told said
	told.Request, _ = dsai.ParseDigest(w.Header.Get("Dsai-Request"))
	if told.Request.IsZero() {
		return told, fmt.Errorf("status %d without a Dsai-Request", w.StatusCode)
	}
	told.Receipt, _ = dsai.ParseDigest(w.Header.Get("Dsai-Receipt"))
	if q.stream && w.StatusCode == http.StatusOK {
		return told, q.sse(w.Body, &told, leave)
	}
	body, err := io.ReadAll(w.Body)
	if err != nil {
		return told, err
	}
	if w.StatusCode != http.StatusOK {
		return told, refused(w.StatusCode, body)
	}
	c, err := chunk(body, &told)
	if err == nil && (c.finish() == "" || told.Receipt.IsZero()) {
		err = fmt.Errorf("an answer without an end or receipt: %s", body)
	}
	if err == nil && q.fields["logprobs"] == true && told.Refusal == nil && told.Ended != dsai.EndedRevoked && c.Choices[0].Logprobs == nil {
		err = fmt.Errorf("an answer without the likelihoods asked for: %s", body)
	}
	return told, err
}

type content struct {
	Text string `json:"content"`
}

// answer is a whole answer, or a chunk of one.
type answer struct {
	Choices []struct {
		Delta    content         `json:"delta"`
		Message  content         `json:"message"`
		Logprobs json.RawMessage `json:"logprobs"`
		Finish   *string         `json:"finish_reason"`
	} `json:"choices"`
	Dsai *end `json:"dsai"`
}

func (a *answer) finish() string {
	if len(a.Choices) == 0 || a.Choices[0].Finish == nil {
		return ""
	}
	return *a.Choices[0].Finish
}

// chunk reads one, and what it says into told.
func chunk(raw []byte, told *said) (*answer, error) {
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("read %s: %w", raw, err)
	}
	if len(a.Choices) > 0 {
		told.text += a.Choices[0].Message.Text + a.Choices[0].Delta.Text
	}
	if a.Dsai == nil {
		return &a, nil
	}
	if a.Dsai.Request != told.Request || !told.Receipt.IsZero() && a.Dsai.Receipt != told.Receipt {
		return nil, fmt.Errorf("headers say request %s and receipt %s, the body %s", told.Request, told.Receipt, raw)
	}
	told.end = *a.Dsai
	return &a, nil
}

// sse reads a stream.
func (q *question) sse(body io.Reader, told *said, leave func()) error {
	finish := ""
	for lines, n := newLines(body), 0; ; {
		data, err := lines.next()
		if err != nil {
			return err
		}
		if data == "[DONE]" {
			break
		}
		if strings.HasPrefix(data, `{"error"`) {
			return refused(http.StatusOK, []byte(data))
		}
		c, err := chunk([]byte(data), told)
		if err != nil {
			return err
		}
		if f := c.finish(); f != "" {
			finish = f
		}
		if n++; n == q.events {
			leave()
		}
	}
	if finish == "" || told.Receipt.IsZero() {
		return errors.New("a stream without an end or receipt")
	}
	return nil
}

// lines reads the data of server-sent events.
type lines struct{ *bufio.Reader }

func newLines(r io.Reader) lines { return lines{bufio.NewReader(r)} }

func (l lines) next() (string, error) {
	for {
		line, err := l.ReadString('\n')
		if data, ok := strings.CutPrefix(line, "data: "); ok && err == nil {
			return strings.TrimSpace(data), nil
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // without [DONE]
		}
		if err != nil {
			return "", err
		}
	}
}
