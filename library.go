// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

import "strconv"

// Derivation is a node's signed statement that text was extracted from one
// version of a document and cut into passages. Consents name documents, so a
// better extraction is a new derivation and voids no signature.
type Derivation struct {
	ID        string     `json:"id"` // did:key of the node's receipt key
	Coop      CoopID     `json:"coop"`
	Node      NodeID     `json:"node"`
	Document  DocumentID `json:"document"`
	Version   Digest     `json:"version"`   // Commit("version", salt, source bytes)
	Extractor string     `json:"extractor"` // id and version, e.g. "html/1"
	Chunker   string     `json:"chunker"`
	Unicode   string     `json:"unicode"` // Unicode version of segmentation
	Language  string     `json:"language"`
	Passages  int        `json:"passages"`
	Root      Digest     `json:"root"` // RFC 6962 root over PassageLeaf, in span order
}

// PassageBody is what a passage commitment covers: the text with its place, so
// that neither can be changed in an opening. Start and End are the byte span in
// the derivation's text; Page counts from 1, 0 when the format has no pages.
type PassageBody struct {
	Title    string   `json:"title"` // of the document, as the contributor named it
	Heading  []string `json:"heading"`
	Page     int      `json:"page"`
	Start    int      `json:"start"`
	End      int      `json:"end"`
	Language string   `json:"language"` // BCP 47, "" when unknown
	Text     string   `json:"text"`
}

// PassageCommitment hides a passage: Commit("passage", salt, JCS(body)). The
// salt is derived from the document's secret, so destroying that secret leaves
// commitments that nobody can open or guess.
func PassageCommitment(salt Salt, body []byte) Digest { return Commit("passage", salt, body) }

// PassageLeaf is the Merkle leaf of a passage in a derivation: its commitment
// with its place, so that a passage cannot be moved (spec/library.md#leaf).
func PassageLeaf(d DocumentID, index int, c Digest) []byte {
	h := Hash("passage-leaf", d.Digest[:], []byte(strconv.Itoa(index)), c[:])
	return h[:]
}

// Statistics pins the numbers that the ranking uses, so that anybody holding
// the disclosed passages can recompute it. It is signed by the node and logged.
type Statistics struct {
	ID      string       `json:"id"`
	Coop    CoopID       `json:"coop"`
	Node    NodeID       `json:"node"`
	Ranking string       `json:"ranking"` // ranking id, e.g. "bm25i/1"
	Fields  []FieldStats `json:"fields"`  // sorted by name
	Terms   int          `json:"terms"`   // leaves under Root
	Root    Digest       `json:"root"`    // RFC 6962 root over TermLeaf, sorted
}

// FieldStats are the totals of one language field.
type FieldStats struct {
	Field    string `json:"field"`    // language family, e.g. "en"
	Passages int    `json:"passages"` // with this field
	Tokens   int    `json:"tokens"`   // summed over them
}

// TermLeaf is the Merkle leaf of one term's document frequency:
// Hash("term", salt, field, term, decimal df). The salt is derived from a secret
// of the epoch, so that proofs for some terms do not let anybody guess others.
func TermLeaf(salt Salt, field, term string, df int) []byte {
	h := Hash("term", salt[:], []byte(field), []byte(term), []byte(strconv.Itoa(df)))
	return h[:]
}
