// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent

// Reason says why a grant permits a use or does not. Reasons are stable: they
// appear in receipts (Excluded) and are never reused for another meaning.
type Reason string

// Reasons.
const (
	OK Reason = "ok"

	ClockBehind Reason = "clock_behind" // own time is before what was already seen
	ClockJumped Reason = "clock_jumped" // own time left suspend-aware elapsed time by over an hour

	Revoked     Reason = "revoked"
	NotYetValid Reason = "not_yet_valid"
	Expired     Reason = "expired"

	Purpose   Reason = "purpose"
	Operation Reason = "operation"
	Engine    Reason = "engine"
	Model     Reason = "model"
	Recipient Reason = "recipient"
	Region    Reason = "region"

	StatusMissing    Reason = "status_missing"
	StatusUnverified Reason = "status_unverified" // another list, another co-op, or not by a named point
	StatusSequence   Reason = "status_sequence"   // older than one already seen, or a fork of it
	StatusStale      Reason = "status_stale"

	Document    Reason = "document" // the grant does not cover this document or version
	Quarantined Reason = "quarantined"
	OutputLimit Reason = "output_limit"
)

// Words returns the reason as a clause for people ("was withdrawn"), and "" for
// an unknown reason.
func (r Reason) Words() string { return words[r] }

var words = map[Reason]string{
	OK:               "is permitted",
	ClockBehind:      "cannot be decided: this node's clock is behind a time it has already seen (dsai node clock accept)",
	ClockJumped:      "cannot be decided: this node's clock jumped by more than an hour (dsai node clock accept)",
	Revoked:          "was withdrawn",
	NotYetValid:      "is not yet in force",
	Expired:          "has ended",
	Purpose:          "does not permit this purpose",
	Operation:        "does not permit this operation",
	Engine:           "does not permit this kind of engine",
	Model:            "does not permit this model",
	Recipient:        "does not permit this recipient",
	Region:           "does not permit this region",
	StatusMissing:    "counts as withdrawn: no status list says otherwise",
	StatusUnverified: "counts as withdrawn: the status list is not one that it names",
	StatusSequence:   "counts as withdrawn: the status list is older than one already seen",
	StatusStale:      "counts as withdrawn: the status list is too old",
	Document:         "does not cover this document or version",
	Quarantined:      "covers a copy that awaits a ruling",
	OutputLimit:      "limits how much of the document may be quoted, and that is used up",
}
