// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/merkle"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// liar signs, with a node's own keys, bundles that differ from a genuine one.
type liar struct {
	testing.TB
	n    *node.Node
	told map[string]bool // fields of the receipt that were lied about
	raw  []byte          // the genuine one
}

// lie is what a liar may change before signing. Commitments follow the openings.
type lie struct {
	Receipt    *dsai.InferenceReceipt
	Statistics *dsai.Statistics
	Openings   *dsai.Openings
}

// tell signs a lie, and logs it under a checkpoint of a log like the node's.
func (l liar) tell(change func(lie)) []byte {
	l.Helper()
	var b dsai.Bundle
	l.must(json.Unmarshal(l.raw, &b))
	r, err := vc.Open[dsai.InferenceReceipt](b.Receipt, dsai.TypeInferenceReceipt)
	l.must(err)
	s, err := vc.Open[dsai.Statistics](b.Statistics, dsai.TypeStatistics)
	l.must(err)
	change(lie{&r.Subject, &s.Subject, b.Openings})
	again := sealAgain(l, s)
	r.Subject.Statistics, b.Statistics = again.Digest, again.Raw
	for _, c := range []struct {
		domain string
		to     *dsai.Digest
		from   *dsai.Opening
	}{
		{dsai.DomainPrompt, &r.Subject.Prompt, b.Openings.Prompt}, {dsai.DomainResponse, &r.Subject.Response, b.Openings.Response},
		{dsai.DomainQuotes, &r.Subject.Quotes, b.Openings.Quotes}, {dsai.DomainTrace, &r.Subject.Trace, b.Openings.Trace},
	} {
		if c.from != nil {
			*c.to = dsai.Commit(c.domain, c.from.Salt, []byte(c.from.Text))
		}
	}
	told := sealAgain(l, r)
	b.Receipt, b.Proof = told.Raw, l.prove(r.Subject, dsai.Leaf(dsai.LeafReceipt, b.Salt, told.Body))
	raw, err := vc.Canonical(b)
	l.must(err)
	return raw
}

func (l liar) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func sealAgain[S any](l liar, s vc.Sealed[S]) vc.Sealed[S] {
	l.Helper()
	k := l.n.ReceiptSigner()
	out, err := vc.Issue(vc.New(s.Type[1], k.DID(), s.Subject, s.ValidFrom, s.ValidUntil), s.Proof[0].Created, k)
	l.must(err)
	return out
}

// prove makes a log that has the leaf where the receipt says that it goes.
func (l liar) prove(r dsai.InferenceReceipt, leaf []byte) string {
	l.Helper()
	leaves := make([][]byte, r.Previous.Size+1)
	leaves[r.Previous.Size] = leaf
	tree, err := merkle.New(leaves)
	l.must(err)
	root, err := tree.Root()
	l.must(err)
	hashes, err := tree.Prove(int(r.Previous.Size))
	l.must(err)
	signer := l.logSigner(r.Log)
	text := log.Checkpoint{Origin: r.Log, Size: uint64(len(leaves)), Hash: root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	l.must(err)
	p := proof.TLogProof{Index: uint64(r.Previous.Size), Checkpoint: signed}
	for _, h := range hashes {
		p.Hashes = append(p.Hashes, h)
	}
	return string(p.Marshal())
}

func (l liar) logSigner(origin string) note.Signer {
	l.Helper()
	key, err := l.n.LogKey()
	l.must(err)
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	l.must(err)
	v, err := note.NewVerifier(vkey)
	l.must(err)
	secret := append([]byte{1}, key.Seed()...)
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, v.KeyHash(), base64.StdEncoding.EncodeToString(secret)))
	l.must(err)
	return signer
}

// want tells a lie about a field of the receipt, of which the name says more, and
// wants the replay alone to find it, in words that name what was changed. Other
// checks may find it too, where also says.
func (l liar) want(p verify.Replayer, name, reason string, change func(lie), also ...string) {
	l.Helper()
	field, _, _ := strings.Cut(name, ":")
	l.told[field] = true
	res, err := verify.Bundle(l.tell(change), verify.Options{Trust: l.n.Trust(), Replayer: p})
	l.must(err)
	failed := []string{}
	for _, c := range res.Checks {
		if !c.OK {
			failed = append(failed, c.Name)
		}
		if c.Name == "replay" && !strings.Contains(c.Reason, reason) {
			l.Errorf("%s: replay says %q, want %q in it", name, c.Reason, reason)
		}
	}
	if want := append(also, "replay"); res.Replayed || !slices.Equal(failed, want) {
		l.Errorf("%s: replayed %t, failed %q, want %q", name, res.Replayed, failed, want)
	}
}

// accept wants a bundle to be ok, and replayed or not.
func (l liar) accept(p verify.Replayer, name string, replayed bool, change func(lie)) {
	l.Helper()
	res, err := verify.Bundle(l.tell(change), verify.Options{Trust: l.n.Trust(), Replayer: p})
	l.must(err)
	if !res.OK || res.Replayed != replayed {
		l.Errorf("%s: verify = %+v, want ok and replayed %t", name, res, replayed)
	}
}

// covers wants every field of a receipt to stand in the specification's table of
// what a replay does with it, and each that is compared, by the column of the
// engine's class, to have been lied about.
func (l liar) covers(class dsai.EngineClass) {
	l.Helper()
	text, err := os.ReadFile("../../spec/verification.md")
	l.must(err)
	_, table, ok := strings.Cut(string(text), "| field | `extract` | `infer` |\n|---|---|---|\n")
	if !ok {
		l.Fatal("spec/verification.md has no table of what a replay compares")
	}
	rows := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		if len(cells) != 3 {
			break
		}
		for field := range strings.SplitSeq(cells[0], ",") {
			rows[strings.Trim(field, " `")] = cells[1:]
		}
	}
	column := map[dsai.EngineClass]int{dsai.EngineExtract: 0, dsai.EngineInfer: 1}[class]
	for f := range reflect.TypeFor[dsai.InferenceReceipt]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		row, ok := rows[name]
		if !ok {
			l.Errorf("spec/verification.md does not say what a replay does with %q", name)
			continue
		}
		cell := strings.TrimSpace(row[column])
		if cell == "the same" {
			cell = strings.TrimSpace(row[0])
		}
		if strings.HasPrefix(cell, "compared") && !l.told[name] {
			l.Errorf("spec/verification.md says that a replay compares %q, and no lie here is about it", name)
		}
	}
}
