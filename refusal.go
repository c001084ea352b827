// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

// Code is a stable refusal code. Codes are never reused for another meaning.
type Code string

// Refusal codes. What outsiders learn is less: see Refusal.Public.
const (
	CodeNoEvidence         Code = "no_evidence"            // nothing permitted answers the question
	CodeNoGrant            Code = "no_grant"               // evidence exists, no consent permits this use
	CodePurposeMissing     Code = "purpose_missing"        // neither request nor undertaking names one
	CodePurposeUnknown     Code = "purpose_unknown"        // not in the pinned vocabulary
	CodePurposeNotPromised Code = "purpose_not_undertaken" // the requester never undertook it
	CodeUndertakingExpired Code = "undertaking_expired"    //
	CodeUndertakingRevoked Code = "undertaking_revoked"    //
	CodePolicyDenied       Code = "policy_denied"          // a rule of the policy in force said no
	CodePolicyStale        Code = "policy_stale"           // the policy is older than it may be
	CodeModelNotAllowed    Code = "model_not_allowed"      //
	CodeClockUntrusted     Code = "clock_untrusted"        // consented data is not served until the clock is accepted
	CodeConsentRevoked     Code = "consent_revoked"        // withdrawn while the answer was being made
	CodeSpendCap           Code = "spend_cap"              //
)

// Refusal is an outcome, not a failure: a gate's reasoned no. It implements
// error so that it can end a stage; find it with errors.As.
type Refusal struct {
	Code   Code
	Reason string        // one sentence for those entitled to it
	Rule   string        // policy rule, when one decided
	Detail RefusalDetail // for those entitled to it
	// Considered are the documents that the question came to. It lets their
	// contributors see the attempt, and never leaves the node.
	Considered []Considered
}

// Considered is a document that a refused question came to.
type Considered struct {
	Document DocumentID
	Consent  Digest // under which its passages were found; zero when they were withheld
}

func (r *Refusal) Error() string { return "refused: " + string(r.Code) + ": " + r.Reason }

// Public returns what a requester without a right to the reason may see.
// Whether a grant is missing or evidence is, looks the same from outside: the
// difference would tell what the co-op holds.
func (r *Refusal) Public() *Refusal {
	switch r.Code {
	case CodeNoGrant, CodeNoEvidence:
		return &Refusal{Code: CodeNoEvidence, Reason: "no passage that may be used for this purpose answers the question"}
	}
	return &Refusal{Code: r.Code, Reason: r.Reason, Rule: r.Rule}
}
