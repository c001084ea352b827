// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/verify"
)

// Exit code, both documents and both texts of dsai verify say the same, however it
// ends.
func TestVerdictAgreesWithExitCode(t *testing.T) {
	result := func(ok, consistent, replayed bool, anchor string, assurance dsai.Assurance, kind string, replay verify.Check) *verify.Result {
		replay.Name = "replay"
		return &verify.Result{OK: ok, Consistent: consistent, Anchor: anchor, Assurance: assurance, Replayed: replayed, Kind: kind,
			Checks: []verify.Check{{Name: "format", OK: true, Reason: "x"}, replay}}
	}
	answer, refusal := dsai.TypeInferenceReceipt, dsai.TypeRefusalReceipt
	pinned, unknown, mismatch := verify.AnchorPinned, verify.AnchorUnknown, verify.AnchorMismatch
	note, differs := verify.Check{OK: true, Reason: "not replayed: x"}, verify.Check{Reason: "trace differs"}
	for _, tt := range []struct {
		name    string
		r       *verify.Result
		err     error // instead of a result
		replay  bool
		code    int
		verdict string
		says    string // on standard output or error
	}{
		{"holds", result(true, true, false, pinned, dsai.Replayable, answer, note), nil, false, 0, "ok", "can be made again with --replay"},
		{"replayed", result(true, true, true, pinned, dsai.Replayable, answer, verify.Check{OK: true}), nil, true, 0, "ok", "came out the same"},
		{"not replayed", result(true, true, false, pinned, dsai.Replayable, answer, note), nil, true, 5, "unavailable", "error: the answer was not made again"},
		{"recorded", result(true, true, false, pinned, dsai.Recorded, answer, note), nil, true, 0, "ok", "it cannot be made again"},
		{"refusal", result(true, true, false, pinned, dsai.Replayable, refusal, note), nil, true, 0, "ok", "It is a refusal"},
		{"replay fails", result(false, false, false, pinned, dsai.Replayable, answer, differs), nil, true, 4, "unverified", "does not confirm it"},
		{"a check fails", result(false, false, false, pinned, dsai.Replayable, answer, note), nil, false, 4, "unverified", "does not verify"},
		{"a check fails, not replayed", result(false, false, false, pinned, dsai.Replayable, answer, note), nil, true, 4, "unverified", "does not verify"},
		{"unanchored", result(false, true, false, unknown, dsai.Replayable, answer, note), nil, false, 4, "unverified", "trust file"},
		{"unanchored, not replayed", result(false, true, false, unknown, dsai.Replayable, answer, note), nil, true, 4, "unverified", "trust file"},
		{"another's", result(false, true, true, mismatch, dsai.Replayable, answer, verify.Check{OK: true}), nil, true, 4, "unverified", "others than your trust file"},
		{"failed", nil, errors.New("disk"), false, 1, "failed", "error: disk"},
		{"interrupted", nil, context.Canceled, true, 1, "failed", "error: interrupted"},
		{"usage", nil, usage("no file x", ""), false, 2, "usage", "error: no file x"},
		{"refused", nil, refused("no", ""), false, 3, "refused", "error: no"},
		{"no bundle", nil, &control.Error{Kind: control.Unverified, Message: "no bundle"}, false, 4, "unverified", "error: no bundle"},
		{"no home", nil, &control.Error{Kind: control.Unavailable, Message: "in use"}, false, 5, "unavailable", "error: in use"},
	} {
		for _, asJSON := range []bool{false, true} {
			var out, said bytes.Buffer
			a := &app{out: &out, err: &said, json: asJSON}
			err := tt.err
			if tt.r != nil {
				err = a.showResult(tt.r, verifyFlags{replay: tt.replay}, "a.dsai", openings{whole: true})
			}
			if code := a.finish(a.verdictOf(err)); code != tt.code {
				t.Errorf("%s: exit code %d, want %d", tt.name, code, tt.code)
			}
			if !asJSON {
				if all := out.String() + said.String(); !strings.Contains(all, tt.says) || strings.Contains(said.String(), "error:") != (tt.code != 0) {
					t.Errorf("%s: says %q, want %q in it, and an error %t", tt.name, all, tt.says, tt.code != 0)
				}
				continue
			}
			var doc struct {
				OK      *bool
				Verdict string
				Error   *control.Error
				Checks  []verify.Check
			}
			d := json.NewDecoder(&out)
			if err := d.Decode(&doc); err != nil || d.More() || doc.OK == nil {
				t.Fatalf("%s: document %+v, %v, want one with ok", tt.name, doc, err)
			}
			if *doc.OK != (tt.code == 0) || doc.Verdict != tt.verdict || (doc.Error == nil) != (tt.err == nil) || (doc.Checks == nil) != (tt.r == nil) {
				t.Errorf("%s: document %+v with exit code %d, want verdict %q", tt.name, doc, tt.code, tt.verdict)
			}
		}
	}
}
