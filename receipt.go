// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

// Assurance says what an auditor can do about an answer. The two values are
// never merged into one.
type Assurance string

// Assurance values.
const (
	// Replayable: anybody holding the openings can re-execute the answer.
	Replayable Assurance = "replayable"
	// Recorded: the node says so.
	Recorded Assurance = "recorded"
)

// Ended says how a stream came to its end.
type Ended string

// Ways to end.
const (
	EndedComplete  Ended = "complete"
	EndedStopped   Ended = "stopped"   // token limit or stop sequence
	EndedCancelled Ended = "cancelled" // the client went away
	EndedRevoked   Ended = "consent_revoked"
	EndedCrashed   Ended = "crashed" // the engine broke, or found opened and unended after a restart
	EndedDegraded  Ended = "degraded"
)

// InferenceReceipt binds one answer to who asked, what ran, which passages it
// was given and under which consents. It commits to the passages that the node
// gave to the engine; it cannot prove a negative, nor that an answer is true.
// See spec/receipt.md.
type InferenceReceipt struct {
	ID      string `json:"id"` // did:key of the node's receipt key
	Coop    CoopID `json:"coop"`
	Node    NodeID `json:"node"`
	Request Digest `json:"request"` // random id of the request

	Requester   Digest `json:"requester"` // pseudonym, changes monthly
	Undertaking Digest `json:"undertaking"`
	Purpose     string `json:"purpose"`
	DeclaredBy  string `json:"purposeDeclaredBy"` // "undertaking" or "request"

	Model      ModelRef    `json:"model"`
	Seed       string      `json:"seed,omitempty"` // decimal, when sampling
	Sampling   string      `json:"sampling"`       // "none", or parameters in canonical text
	Region     string      `json:"region"`
	Policy     Digest      `json:"policy"`
	Adoption   Digest      `json:"adoption"` // PolicyAdoption that put Policy in force
	Rule       string      `json:"rule"`
	Operations []Operation `json:"operations"`

	Used       []Use  `json:"used"`       // in the order given to the engine
	Statistics Digest `json:"statistics"` // Statistics credential of the ranking

	// Salted commitments to what stays with the node and the requester; the
	// bundle's Openings hold what was not redacted.
	Prompt     Digest `json:"promptCommitment"`
	Response   Digest `json:"responseCommitment"`
	Quotes     Digest `json:"quotesCommitment"`
	Excluded   Digest `json:"excludedCommitment"`
	Settlement Digest `json:"settlementCommitment"`
	Trace      Digest `json:"traceCommitment"`

	Energy    Energy     `json:"energy"`
	Tokens    Tokens     `json:"tokens"`
	Price     string     `json:"price"` // integer, in millionths of a credit
	Assurance Assurance  `json:"assurance"`
	Evidence  []Evidence `json:"evidence"`
	Started   Time       `json:"started"`
	Ended     Ended      `json:"ended"`

	Previous CheckpointRef `json:"previousCheckpoint"`
	Log      string        `json:"log"`      // origin; the signature promises inclusion there
	AppendBy Time          `json:"appendBy"` // no later than this
}

// Domains of a receipt's salted commitments: each is Commit(domain, salt, text)
// of an Opening.
const (
	DomainPrompt     = "prompt"
	DomainResponse   = "response"
	DomainQuotes     = "quotes"
	DomainExcluded   = "excluded"
	DomainSettlement = "settlement"
	DomainTrace      = "trace"
	DomainDetail     = "detail"
)

// ModelRef names what answered.
type ModelRef struct {
	ID          string      `json:"id"`
	Class       EngineClass `json:"class"`
	Fingerprint Digest      `json:"fingerprint"` // of the model file; Hash("engine", ID) when there is none
	Engine      string      `json:"engine"`      // implementation and version
	Profile     string      `json:"profile"`     // numeric profile, or "integer"
}

// Use is one passage given to the engine under one consent.
type Use struct {
	Document   DocumentID `json:"document"`
	Version    Digest     `json:"version"`
	Derivation Digest     `json:"derivation"` // Derivation credential
	Passage    int        `json:"passage"`    // index in the derivation
	Commitment Digest     `json:"commitment"`
	Consent    Digest     `json:"consent"`            // ConsentBundle credential
	Addition   *Digest    `json:"addition,omitempty"` // CollectionAddition, for a collection
	Status     Digest     `json:"status"`             // StatusList credential consulted
}

// Energy is what an answer cost, with how that is known.
type Energy struct {
	Joules string `json:"joules"` // decimal
	Source string `json:"source"` // "none", "rapl", "battery", "model"
	Scope  string `json:"scope"`  // "process", "package", "machine"
	Method string `json:"method"` // "measured", "calibrated", "modelled", "unknown"
}

// Tokens counts what went in and out, in the unit that the engine defines.
type Tokens struct {
	Prompt     int    `json:"prompt"`
	Completion int    `json:"completion"`
	Unit       string `json:"unit"` // "word" (UAX #29) or "token"
}

// Evidence cites a stronger proof than the node's word, such as a replay.
type Evidence struct {
	Type   string `json:"type"`
	Digest Digest `json:"digest"`
	Where  string `json:"where"`
}

// Quote is one citation of an answer: passage N of Used (1-based) and the byte
// span in the derivation's text.
type Quote struct {
	N     int `json:"n"`
	Start int `json:"start"`
	End   int `json:"end"`
}

// Excluded counts candidates that were held and not used, by reason.
type Excluded struct {
	Counts []ExcludedCount `json:"counts"` // sorted by reason
}

// ExcludedCount is a number of passages left out for one reason code.
type ExcludedCount struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// SettlementRecord is what an answer owes to whom. Amounts are integers in
// millionths of a credit.
type SettlementRecord struct {
	Price  string            `json:"price"`
	Shares []SettlementShare `json:"shares"` // sorted by payee, then role
}

// SettlementShare is one line of a SettlementRecord.
type SettlementShare struct {
	Payee  Digest `json:"payee"`
	Role   string `json:"role"` // "contributor", "operator", "treasury"
	Amount string `json:"amount"`
}

// RefusalReceipt records that an authenticated request was refused. It binds
// the refusal as an InferenceReceipt binds an answer.
type RefusalReceipt struct {
	ID          string        `json:"id"`
	Coop        CoopID        `json:"coop"`
	Node        NodeID        `json:"node"`
	Request     Digest        `json:"request"`
	Requester   Digest        `json:"requester"`
	Undertaking Digest        `json:"undertaking"`
	Purpose     string        `json:"purpose"`
	Policy      Digest        `json:"policy"`
	Adoption    Digest        `json:"adoption"`
	Rule        string        `json:"rule"`
	Code        Code          `json:"code"`
	Prompt      Digest        `json:"promptCommitment"`
	Detail      Digest        `json:"detailCommitment"` // Commit over the RefusalDetail
	Refused     Time          `json:"refused"`
	Previous    CheckpointRef `json:"previousCheckpoint"`
	Log         string        `json:"log"`
	AppendBy    Time          `json:"appendBy"`
}

// RefusalDetail is what those entitled may learn about a refusal.
type RefusalDetail struct {
	Code     Code     `json:"code"` // the true one; the receipt itself carries Refusal.Public's
	Reason   string   `json:"reason"`
	Missing  []string `json:"missing"` // terms without evidence, or purposes without a grant
	Excluded Excluded `json:"excluded"`
}
