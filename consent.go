// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

// Operation is what may be done with a passage. The set is closed and no
// operation implies another.
type Operation string

// Operations.
const (
	OpRetrieve  Operation = "retrieve"
	OpInfer     Operation = "infer"
	OpReplicate Operation = "replicate"
	OpEmbed     Operation = "embed"
	OpFineTune  Operation = "fine-tune"
	OpEvaluate  Operation = "evaluate"
	OpShare     Operation = "share"
)

// EngineClass is a kind of engine that a consent may name.
type EngineClass string

// Engine classes.
const (
	EngineExtract  EngineClass = "extract"  // quotes; no weights
	EngineInfer    EngineClass = "infer"    // bit-exact inference on the node
	EngineUpstream EngineClass = "upstream" // an OpenAI-compatible server the operator named
)

// ConsentBundle is one member's signed grant over documents. Whatever it does
// not name is denied. It is the credentialSubject of a credential whose
// validity is the grant's. See spec/consent.md.
type ConsentBundle struct {
	ID      string   `json:"id"` // did:key of the subject's consent key
	Member  MemberID `json:"member"`
	Coop    CoopID   `json:"coop"`
	Steward NodeID   `json:"steward"`

	Data        DataScope     `json:"data"`
	RightsBasis string        `json:"rightsBasis"` // "asserted:own", "asserted:licensed", "asserted:public"; never proven
	Categories  []string      `json:"categories"`  // DPV personal-data IRIs; empty = none claimed
	Purposes    Purposes      `json:"purposes"`
	Operations  []Operation   `json:"operations"`
	Engines     []EngineClass `json:"engines"`
	Models      []Digest      `json:"models,omitempty"` // when present, only these
	Recipients  []string      `json:"recipients"`       // role classes or did:key; see RecipientCoop
	Regions     []string      `json:"regions"`          // "any" or ISO 3166 codes
	Output      OutputLimits  `json:"output"`
	Revenue     RevenueTerms  `json:"revenue"`

	RevocationPoints []NodeID `json:"revocationPoints"` // nodes whose status lists count
	MaxStatusAge     Seconds  `json:"maxStatusAgeSeconds"`
	Retention        Seconds  `json:"retentionSeconds"` // derived data, after revocation
	Notice           Notice   `json:"notice"`
	Capture          Capture  `json:"capture"`
	Supersedes       []Digest `json:"supersedes,omitempty"` // consents replaced by this one
	// Delegation holds, outermost first, the digests of the ConsentDelegation
	// credentials under which the issuer signs for the member; empty when the
	// issuer is the member.
	Delegation []Digest `json:"delegation,omitempty"`
}

// Recipient role classes. Any other entry is the did:key of one requester.
const (
	RecipientCoop   = "coop"        // members of the co-op and holders of its keys
	RecipientPublic = "public"      // anybody
	RecipientShared = "third-party" // servers beyond the node's own machine
)

// DataScope names what a consent covers: documents, or a collection whose later
// documents each need a signed CollectionAddition.
type DataScope struct {
	Documents  []DocumentGrant `json:"documents"`
	Collection *Digest         `json:"collection,omitempty"` // random collection id
}

// DocumentGrant covers one document: at one version only ("frozen"), or at this
// and later versions ("following").
type DocumentGrant struct {
	Document DocumentID `json:"document"`
	Mode     string     `json:"mode"`
	Version  *Digest    `json:"version,omitempty"` // required when frozen
}

// Modes of a DocumentGrant.
const (
	ModeFrozen    = "frozen"
	ModeFollowing = "following"
)

// Purposes are IRIs of the pinned vocabulary. Deny wins over allow.
type Purposes struct {
	Allow      []string `json:"allow"`
	Deny       []string `json:"deny"`
	Vocabulary string   `json:"vocabulary"` // "DPV 2.3"
	Digest     Digest   `json:"digest"`     // of the pinned vocabulary
}

// OutputLimits bound what may leave the node. Zero means no limit.
type OutputLimits struct {
	QuoteMax int `json:"quoteMaxChars"` // Unicode code points quoted per requester and document, accumulated
}

// RevenueTerms say how the contributor wants to be credited.
type RevenueTerms struct {
	Share string   `json:"share"` // "policy": as the policy in force says; "none"
	Payee MemberID `json:"payee"`
}

// Notice commits to the words that the member was shown when granting.
type Notice struct {
	Digest   Digest `json:"digest"` // Hash("notice", text)
	Language string `json:"language"`
}

// Capture records how consent was captured and who held the key.
type Capture struct {
	Method  string  `json:"method"` // "cli", "page", "request-file"
	Custody Custody `json:"custody"`
}

// CollectionAddition joins one document to a collection that a consent covers.
type CollectionAddition struct {
	ID         string        `json:"id"`
	Member     MemberID      `json:"member"`
	Coop       CoopID        `json:"coop"`
	Collection Digest        `json:"collection"`
	Document   DocumentGrant `json:"document"`
}

// ConsentDelegation lets another key sign consents for a member. It can only
// attenuate: a delegated consent must lie within Scope, and expire before it.
type ConsentDelegation struct {
	ID       string        `json:"id"` // did:key of the delegator
	Member   MemberID      `json:"member"`
	Coop     CoopID        `json:"coop"`
	Delegate string        `json:"delegate"` // did:key
	Purposes Purposes      `json:"purposes"`
	Ops      []Operation   `json:"operations"`
	Engines  []EngineClass `json:"engines"`
	Data     DataScope     `json:"data"`
	Depth    int           `json:"depth"` // further delegations allowed, at most 3 in all
	Parent   *Digest       `json:"parent,omitempty"`
}

// Revocation withdraws a consent. Signed by the subject (any of its keys) or a
// delegate, it is honoured on sight and forever: un-revoking is a new consent.
type Revocation struct {
	ID        string       `json:"id"` // did:key of the signer
	Member    MemberID     `json:"member"`
	Coop      CoopID       `json:"coop"`
	Consent   Digest       `json:"consent"`
	Documents []DocumentID `json:"documents,omitempty"` // empty: the whole consent
	Effective Time         `json:"effective"`
	Reason    string       `json:"reason,omitempty"`
}

// WithdrawalReceipt is a node's signed acknowledgement of a Revocation. With a
// later InferenceReceipt that uses the same consent it proves misuse.
type WithdrawalReceipt struct {
	ID         string       `json:"id"` // did:key of the node's receipt key
	Coop       CoopID       `json:"coop"`
	Node       NodeID       `json:"node"`
	Member     MemberID     `json:"member"`
	Revocation Digest       `json:"revocation"`
	Consent    Digest       `json:"consent"`
	Documents  []DocumentID `json:"documents"`      // what was withdrawn; empty: all that the consent covers
	Stay       []DocumentID `json:"stay,omitempty"` // of these, what another consent of the member lends on
	Effective  Time         `json:"effective"`
	LastUse    Time         `json:"lastUse,omitzero"` // absent: never used
	Uses       int          `json:"uses"`
	Purged     []string     `json:"purged"`      // caches emptied
	Quarantine []DocumentID `json:"quarantined"` // copies held by others, until ruled
}

// Objection records dissent: against a use, a policy or a document. It grants
// and revokes nothing. Silence is never consent, so nothing follows from its
// absence.
type Objection struct {
	ID      string   `json:"id"`
	Member  MemberID `json:"member"`
	Coop    CoopID   `json:"coop"`
	Kind    string   `json:"kind"` // "objection" or "abstention"
	Against Digest   `json:"against"`
	Reason  string   `json:"reason"`
}

// Undertaking is what a requester promised when receiving an API key: the
// purposes it will ask for, and who it is. A request may only narrow it.
type Undertaking struct {
	ID        string   `json:"id"`     // did:key of the signer, a member's consent key
	Member    MemberID `json:"member"` // answers for the requester
	Coop      CoopID   `json:"coop"`
	Requester Digest   `json:"requester"` // random, one per key
	Role      string   `json:"role"`      // RecipientCoop or RecipientPublic
	Purposes  []string `json:"purposes"`  // IRIs
	Default   string   `json:"defaultPurpose,omitempty"`
	Operators []NodeID `json:"operators"` // nodes that may see prompts
	SpendCap  string   `json:"spendCap"`  // integer, in millionths of a credit
}

// Clearance is a node's signed permission to carry one request further. Every
// later stage, and every other node, checks it before acting.
type Clearance struct {
	ID          string   `json:"id"` // did:key of the node's receipt key
	Coop        CoopID   `json:"coop"`
	Node        NodeID   `json:"node"`
	Request     Digest   `json:"request"`
	Undertaking Digest   `json:"undertaking"`
	Purpose     string   `json:"purpose"`
	Policy      Digest   `json:"policy"`
	Rule        string   `json:"rule"` // policy rule that decided
	Nodes       []NodeID `json:"nodes"`
	Regions     []string `json:"regions"`
	Model       Digest   `json:"model"`
	Nonce       Salt     `json:"nonce"`
	Audience    NodeID   `json:"audience"`
}
