// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// FuzzReply reads what came out of a socket: whatever it is, it is a result, an
// error of the node, or a node that went away.
func FuzzReply(f *testing.F) {
	f.Add(`{"progress":{"n":1}}` + "\n" + `{"result":{"n":2}}`)
	f.Add(`{"error":{"kind":"refused","message":"no","hint":"ask"}}`)
	f.Add(`{"error":null,"progress":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		var result struct {
			N int `json:"n"`
		}
		var seen int
		err := reply(strings.NewReader(body), func(json.RawMessage) { seen++ }, &result)
		if seen > strings.Count(body, "{") {
			t.Errorf("%d reports of progress in %d bytes", seen, len(body))
		}
		if e, ok := errors.AsType[*Error](err); ok && e.Kind == "" && !strings.Contains(body, "error") && !strings.Contains(body, `\u`) {
			t.Errorf("an error of no kind: %v", e)
		}
	})
}

func TestMethodRefusesUnknownParameters(t *testing.T) {
	type params struct {
		Known int `json:"known"`
	}
	m := Method(func(_ context.Context, p params, _ func(any)) (int, error) { return p.Known, nil })
	if _, err := m(t.Context(), json.RawMessage(`{"known":1,"unknown":2}`), nil); err == nil {
		t.Error("an unknown parameter was taken")
	}
	if got, err := m(t.Context(), json.RawMessage(`{"known":1}`), nil); err != nil || got != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}
