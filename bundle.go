// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

import "encoding/json"

// BundleFormat is the value of Bundle.Format that this version writes.
const BundleFormat = "dsai-bundle/1"

// Bundle is everything needed to check one receipt offline (".dsai"). Nested
// credentials stay raw JSON: each is decoded strictly by its own check. Every
// list is sorted by credential digest and free of duplicates, so that a bundle
// has one form. See spec/bundle.md.
type Bundle struct {
	Format  string          `json:"format"`
	Receipt json.RawMessage `json:"receipt"` // InferenceReceipt or RefusalReceipt
	Salt    Salt            `json:"salt"`    // blinds the log leaf
	Proof   string          `json:"proof"`   // C2SP tlog-proof@v1; "" = not yet in the log

	Charter     json.RawMessage   `json:"charter"`
	Node        json.RawMessage   `json:"node"`    // NodeInception
	Members     []json.RawMessage `json:"members"` // MemberInception of every signer
	KeyEvents   []json.RawMessage `json:"keyEvents"`
	Undertaking json.RawMessage   `json:"undertaking"`

	Policy    json.RawMessage   `json:"policy"`    // the policy document
	Adoptions []json.RawMessage `json:"adoptions"` // the PolicyAdoption in force

	Consents    []json.RawMessage `json:"consents"`
	Delegations []json.RawMessage `json:"delegations"`
	Additions   []json.RawMessage `json:"additions"`
	Revocations []json.RawMessage `json:"revocations"`
	StatusLists []json.RawMessage `json:"statusLists"`
	Derivations []json.RawMessage `json:"derivations"`
	Passages    []PassageProof    `json:"passages"` // one for each Use, in order

	Statistics json.RawMessage `json:"statistics,omitempty"` // absent when nothing was ranked
	Openings   *Openings       `json:"openings,omitempty"`   // absent when redacted
}

// PassageProof shows that Used[i] is in its derivation (RFC 6962 section 2.1.1).
type PassageProof struct {
	Hashes []Digest `json:"hashes"`
}

// Openings reveal what the receipt's commitments hide. Any part may be absent.
type Openings struct {
	Prompt     *Opening         `json:"prompt,omitempty"`
	Response   *Opening         `json:"response,omitempty"`
	Quotes     *Opening         `json:"quotes,omitempty"`     // JCS of []Quote
	Excluded   *Opening         `json:"excluded,omitempty"`   // JCS of Excluded
	Settlement *Opening         `json:"settlement,omitempty"` // JCS of SettlementRecord
	Trace      *Opening         `json:"trace,omitempty"`      // JCS of the engine's trace
	Detail     *Opening         `json:"detail,omitempty"`     // JCS of RefusalDetail
	Passages   []PassageOpening `json:"passages,omitempty"`
	Terms      []TermProof      `json:"terms,omitempty"`
}

// Opening is content with the salt of its commitment.
type Opening struct {
	Salt Salt   `json:"salt"`
	Text string `json:"text"`
}

// PassageOpening reveals passage N of Used (1-based).
type PassageOpening struct {
	N    int         `json:"n"`
	Salt Salt        `json:"salt"`
	Body PassageBody `json:"body"`
}

// TermProof shows one query term's document frequency under Statistics.Root.
type TermProof struct {
	Field  string   `json:"field"`
	Term   string   `json:"term"`
	Salt   Salt     `json:"salt"`
	DF     int      `json:"df"`
	Index  int      `json:"index"`
	Hashes []Digest `json:"hashes"`
}

// TrustFormat is the value of Trust.Format that this version writes.
const TrustFormat = "dsai-trust/1"

// Trust says which co-op, logs and witnesses a verifier believes. It comes from
// the verifier's own store, never from beside the bundle.
type Trust struct {
	Format string      `json:"format"`
	Name   string      `json:"name"` // for people; proves nothing
	Coop   CoopID      `json:"coop"`
	Nodes  []TrustNode `json:"nodes"`
	// Witnesses must cosign: at least Threshold of them, by distinct operators.
	Witnesses []TrustWitness `json:"witnesses"`
	Threshold int            `json:"threshold"`
}

// TrustNode pins one node's keys.
type TrustNode struct {
	Node        NodeID   `json:"node"`
	LogKeys     []string `json:"logKeys"`     // did:key
	ReceiptKeys []string `json:"receiptKeys"` // did:key
}

// TrustWitness pins one witness by its C2SP verifier key.
type TrustWitness struct {
	Operator string `json:"operator"`
	Key      string `json:"key"` // C2SP vkey
}
