// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/merkle"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/vc"
)

// sources are the two documents; each line is a passage.
var sources = [2]string{
	"Boil water for one minute.\nLet it cool.\nKeep it covered.\n",
	"Wash hands with soap.\nDry them in the air.\n",
}

// tree is leaves with what they are made of.
type tree struct {
	*merkle.Tree
	root     dsai.Digest
	passages []passageVector
	terms    []termVector
}

type passageVector struct {
	Body       dsai.PassageBody `json:"body"`
	Canonical  string           `json:"canonical"`
	Salt       dsai.Salt        `json:"salt"`
	Commitment dsai.Digest      `json:"commitment"` // Commit("passage", salt, canonical)
	Leaf       hexBytes         `json:"leaf"`       // Hash("passage-leaf", document, index, commitment)
	Proof      []dsai.Digest    `json:"proof"`      // RFC 6962 inclusion
}

type derivationVector struct {
	Document dsai.DocumentID `json:"document"`
	Source   string          `json:"source"`
	Salt     dsai.Salt       `json:"versionSalt"`
	Version  dsai.Digest     `json:"version"` // Commit("version", salt, source)
	Root     dsai.Digest     `json:"root"`
	Passages []passageVector `json:"passages"`
}

type termVector struct {
	Field string        `json:"field"`
	Term  string        `json:"term"`
	DF    int           `json:"df"`
	Salt  dsai.Salt     `json:"salt"` // HMAC-SHA256(secret, Hash("term-salt", field, term))
	Leaf  hexBytes      `json:"leaf"` // Hash("term", salt, field, term, decimal df)
	Proof []dsai.Digest `json:"proof"`
}

type libraryVectors struct {
	Derivations []derivationVector `json:"derivations"`
	Secret      dsai.Salt          `json:"epochSecret"`
	Root        dsai.Digest        `json:"termRoot"`
	Terms       []termVector       `json:"terms"`
}

func libraries(s *scene) libraryVectors {
	out := libraryVectors{Secret: salt("epoch"), Root: s.terms.root, Terms: s.terms.terms}
	for i, t := range s.passages {
		out.Derivations = append(out.Derivations, derivationVector{document(i), sources[i], salt("version"), version(i), t.root, t.passages})
	}
	return out
}

// derive cuts the sources at line ends and issues a derivation of each.
func (s *scene) derive() {
	n := node("receipt")
	for i, source := range sources {
		t := &tree{}
		var leaves [][]byte
		at := 0
		for line := range strings.Lines(source) {
			text := strings.TrimSuffix(line, "\n")
			p := passageVector{Salt: salt("passage " + text), Body: dsai.PassageBody{
				Title: "Hygiene", Heading: []string{"At home"}, Page: 0, Start: at, End: at + len(text), Language: "en", Text: text,
			}}
			body := must1(vc.Canonical(p.Body))
			p.Canonical, p.Commitment = string(body), dsai.PassageCommitment(p.Salt, body)
			p.Leaf = dsai.PassageLeaf(document(i), len(leaves), p.Commitment)
			leaves, t.passages = append(leaves, p.Leaf), append(t.passages, p)
			at += len(line)
		}
		t.build(leaves)
		for k := range t.passages {
			t.passages[k].Proof = t.prove(k)
		}
		s.passages[i] = t
		s.derivations[i] = erase(issue(s, dsai.TypeDerivation, dsai.Derivation{
			ID: n.DID(), Coop: s.coop, Node: s.node, Document: document(i), Version: version(i), Extractor: "text/1",
			Chunker: "vector/1", Unicode: "17.0.0", Language: "en", Passages: len(leaves), Root: t.root,
		}, by(derived, dsai.LeafDerivation, n)))
	}
}

// pin issues statistics over a few terms.
func (s *scene) pin() {
	n, secret := node("receipt"), salt("epoch")
	t := &tree{terms: []termVector{
		{Field: "en", Term: "hand", DF: 1}, {Field: "en", Term: "soap", DF: 1}, {Field: "en", Term: "water", DF: 2}, {Field: "xx", Term: "maji", DF: 1},
	}}
	var leaves [][]byte
	for i := range t.terms {
		v := &t.terms[i]
		name := dsai.Hash("term-salt", []byte(v.Field), []byte(v.Term))
		m := hmac.New(sha256.New, secret[:])
		m.Write(name[:])
		v.Salt = dsai.Salt(m.Sum(nil))
		v.Leaf = dsai.TermLeaf(v.Salt, v.Field, v.Term, v.DF)
		leaves = append(leaves, v.Leaf)
	}
	t.build(leaves)
	for i := range t.terms {
		t.terms[i].Proof = t.prove(i)
	}
	s.terms = t
	s.statistics = erase(issue(s, dsai.TypeStatistics, dsai.Statistics{
		ID: n.DID(), Coop: s.coop, Node: s.node, Ranking: rank.ID, Fields: statistics, Terms: len(leaves), Root: t.root,
	}, by(derived+1, dsai.LeafStatistics, n)))
}

var statistics = []dsai.FieldStats{{Field: "en", Passages: 5, Tokens: 16}, {Field: "xx", Passages: 1, Tokens: 4}}

func (t *tree) build(leaves [][]byte) {
	t.Tree = must1(merkle.New(leaves))
	t.root = must1(t.Root())
}

func (t *tree) prove(i int) []dsai.Digest { return must1(t.Prove(i)) }
