// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command crossing makes and changes what run.sh needs and no verb of dsai does.
//
//	crossing model FILE               makes a model that emulators can run, with weights from a seed
//	crossing chat URL KEY JSON        asks at the OpenAI API
//	crossing tokens FILE              prints the tokens of the trace in a bundle
//	crossing forge HOME WHAT IN OUT   makes a bundle that says something else, signed and logged anew
//	                                  with the node's own keys, so that all checks but replay hold
//
// WHAT is token (one in the middle of the trace), seed (of receipt and trace), or quote (the first
// citation cut to nothing).
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/vc"
)

func main() {
	var err error
	switch a := os.Args[1:]; {
	case len(a) == 2 && a[0] == "model":
		err = os.WriteFile(a[1], model().File(), 0o600)
	case len(a) == 4 && a[0] == "chat":
		err = chat(a[1], a[2], a[3])
	case len(a) == 2 && a[0] == "tokens":
		err = tokens(a[1])
	case len(a) == 5 && a[0] == "forge":
		err = forge(a[1], a[2], a[3], a[4])
	default:
		err = fmt.Errorf("usage: crossing model FILE | chat URL KEY JSON | tokens FILE | forge HOME token|seed|quote IN OUT")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crossing:", err)
		os.Exit(1)
	}
}

// model is as small as one can be: what it costs is mostly its prompt, a token for each byte.
func model() infertest.Shape {
	s := infertest.Speaker(1)
	s.Layers, s.Width, s.Inner, s.Heads, s.KeyHeads = 1, 32, 32, 1, 1
	return s
}

// tokens prints the tokens of an answer, of which there must be some.
func tokens(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil {
		return err
	}
	if b.Openings == nil || b.Openings.Trace == nil {
		return fmt.Errorf("%s: no trace", file)
	}
	t, err := infer.ParseTrace([]byte(b.Openings.Trace.Text))
	if err != nil {
		return err
	}
	if len(t.Tokens) == 0 {
		return fmt.Errorf("%s: no tokens", file)
	}
	fmt.Println(t.Tokens)
	return nil
}

// chat leaves a receipt behind, which is all that is wanted of it.
func chat(url, key, body string) error {
	r, err := http.NewRequest(http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err == nil && w.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", w.Status, answer)
	}
	return err
}

func forge(home, what, in, out string) error {
	raw, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil {
		return err
	}
	var r dsai.Credential[dsai.InferenceReceipt]
	if err := json.Unmarshal(b.Receipt, &r); err != nil {
		return err
	}
	if err := change(what, &r.Subject, b.Openings); err != nil {
		return err
	}
	if err := sign(home, &b, r); err != nil {
		return err
	}
	if raw, err = json.Marshal(b); err != nil {
		return err
	}
	return os.WriteFile(out, raw, 0o600)
}

// change changes one thing, and what the receipt commits to with it.
func change(what string, r *dsai.InferenceReceipt, o *dsai.Openings) error {
	switch what {
	case "token", "seed":
		t, err := infer.ParseTrace([]byte(o.Trace.Text))
		if err != nil {
			return err
		}
		if what == "token" {
			t.Tokens[len(t.Tokens)/2] ^= 1
		} else {
			t.Sampling.Seed++
			r.Seed = strconv.FormatUint(t.Sampling.Seed, 10)
		}
		o.Trace.Text = string(t.JSON())
	case "quote":
		var quotes []dsai.Quote
		if err := json.Unmarshal([]byte(o.Quotes.Text), &quotes); err != nil || len(quotes) == 0 {
			return fmt.Errorf("%d quotes: %v", len(quotes), err)
		}
		quotes[0].End = quotes[0].Start
		text, err := vc.Canonical(quotes)
		if err != nil {
			return err
		}
		o.Quotes.Text = string(text)
	default:
		return fmt.Errorf("cannot forge %q", what)
	}
	r.Trace = dsai.Commit(dsai.DomainTrace, o.Trace.Salt, []byte(o.Trace.Text))
	r.Quotes = dsai.Commit(dsai.DomainQuotes, o.Quotes.Salt, []byte(o.Quotes.Text))
	return nil
}

// sign signs the receipt again, and a log that holds nothing else.
func sign(home string, b *dsai.Bundle, r dsai.Credential[dsai.InferenceReceipt]) error {
	ring, err := keys.Open(filepath.Join(home, "keys"))
	if err != nil {
		return err
	}
	signer, err := ring.Signer("node-receipt")
	if err != nil {
		return err
	}
	r.Subject.Previous = dsai.CheckpointRef{}
	s, err := vc.Issue(r, r.Proof[0].Created, signer)
	if err != nil {
		return err
	}
	b.Receipt = s.Raw
	key, err := ring.Ed25519("node-log")
	if err != nil {
		return err
	}
	origin := r.Subject.Log
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return err
	}
	known, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	logger, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, known.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...))))
	if err != nil {
		return err
	}
	root := tlog.RecordHash(dsai.Leaf(dsai.LeafReceipt, b.Salt, s.Body))
	text := log.Checkpoint{Origin: origin, Size: 1, Hash: root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, logger)
	b.Proof = string(proof.TLogProof{Checkpoint: signed}.Marshal())
	return err
}
