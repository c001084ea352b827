// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package view holds what people are shown: rows about documents, consents,
// uses and receipts. The command line, the HTTP API and the pages render the
// same rows. It holds values and the errors that stand for a missing one, and is
// imported by all three and by node.
package view

import (
	"errors"
	"slices"

	"dsai.example/dsai"
)

// Errors of whoever shows rows or takes requests for them, wrapped or bare.
// Anything else is an internal error, whose text is for the operator's log only.
var (
	// ErrUnauthorized reports a key or session that is unknown, expired or revoked.
	ErrUnauthorized = errors.New("not authorized")
	// ErrNotFound reports what is not there, or what the viewer may not know of.
	ErrNotFound = errors.New("not found")
	// ErrOutdated reports a consent or addition that its member signed before
	// taking one of its documents back. Its text is a stable code.
	ErrOutdated = errors.New("outdated_consent")
	// ErrInvalid reports a malformed credential or reference. The text says what
	// is wrong, and is shown to whoever sent it.
	ErrInvalid = errors.New("not valid")
	// ErrConflict reports that what was submitted contradicts what is recorded.
	ErrConflict = errors.New("conflict")
)

// Document is one document and what it is used for.
type Document struct {
	ID        dsai.DocumentID `json:"id"`
	Short     string          `json:"short"` // "d-3fa1"
	Title     string          `json:"title"`
	Path      string          `json:"path"`
	Owner     string          `json:"owner"` // member's name
	Member    dsai.MemberID   `json:"member"`
	MediaType string          `json:"mediaType"`
	Language  string          `json:"language"`
	Versions  int             `json:"versions"`
	Passages  int             `json:"passages"`
	Bytes     int64           `json:"bytes"`
	Added     dsai.Time       `json:"added"`
	State     string          `json:"state"` // "in use", "withdrawn", "expired", "quarantined", "forgotten", "no consent"
	Sensitive bool            `json:"sensitive"`
	Consent   *Consent        `json:"consent,omitempty"`
	Uses      int             `json:"uses"`
	LastUse   dsai.Time       `json:"lastUse,omitzero"`
}

// Consent is one signed grant.
type Consent struct {
	Digest    dsai.Digest   `json:"digest"`
	Short     string        `json:"short"` // "c-19be"
	Owner     string        `json:"owner"`
	Member    dsai.MemberID `json:"member"`
	Custody   dsai.Custody  `json:"custody"`
	Purposes  []string      `json:"purposes"` // short names
	Denied    []string      `json:"denied"`
	Documents []string      `json:"documents,omitzero"` // short ids; absent in the consent of a document
	Withdrawn []string      `json:"withdrawn,omitzero"` // those of them that were taken back one by one
	From      dsai.Time     `json:"from"`
	Until     dsai.Time     `json:"until,omitzero"`
	Revoked   dsai.Time     `json:"revoked,omitzero"`
	State     string        `json:"state"` // "in force", "revoked", "expired", "superseded"
	Words     string        `json:"words"` // what was agreed, in plain words
	// Collection is the name of what documents join under this consent; "" when
	// it names them itself.
	Collection string `json:"collection,omitempty"`
}

// Use is one use, or refused use, of somebody's data.
type Use struct {
	At        dsai.Time   `json:"at"`
	Receipt   dsai.Digest `json:"receipt"`
	Short     string      `json:"short"` // "r-03fd"
	Requester string      `json:"requester"`
	Purpose   string      `json:"purpose"`
	Document  string      `json:"document"` // short id, "" for an objection to a consent or an answer
	Title     string      `json:"title"`
	Quoted    string      `json:"quoted,omitempty"` // the sentence that left, "" when none did
	Outcome   string      `json:"outcome"`          // "answered", "considered", "refused", "unanswered", "withdrawn", "objected", "abstained"
	Code      dsai.Code   `json:"code,omitempty"`
	Reason    string      `json:"reason,omitempty"` // of an objection, by Requester
}

// Receipt is one line of the list of receipts.
type Receipt struct {
	Digest    dsai.Digest    `json:"digest"`
	Short     string         `json:"short"`
	At        dsai.Time      `json:"at"`
	Question  string         `json:"question"` // "" when redacted or not the viewer's
	Purpose   string         `json:"purpose"`
	Requester string         `json:"requester"`
	Model     string         `json:"model"`
	Assurance dsai.Assurance `json:"assurance,omitempty"`
	Ended     dsai.Ended     `json:"ended,omitempty"`
	Code      dsai.Code      `json:"code,omitempty"` // of a refusal
	Passages  int            `json:"passages"`
	Index     int64          `json:"index"` // in the log; -1 = not sequenced yet
}

// Citation is one numbered source of an answer.
type Citation struct {
	N        int             `json:"n"`
	Document dsai.DocumentID `json:"document"`
	Short    string          `json:"short"`
	Title    string          `json:"title"`
	Owner    string          `json:"owner"`
	Heading  []string        `json:"heading"`
	Page     int             `json:"page,omitempty"`
	Passage  dsai.Digest     `json:"passage"` // commitment
	Start    int             `json:"start"`
	End      int             `json:"end"`
	Consent  dsai.Digest     `json:"consent"`
	Quote    string          `json:"quote"`
}

// Key is one API key, without its secret.
type Key struct {
	Name     string    `json:"name"`
	Short    string    `json:"short"`
	Purposes []string  `json:"purposes"`
	Default  string    `json:"default"`
	Created  dsai.Time `json:"created"`
	Until    dsai.Time `json:"until,omitzero"`
	Revoked  dsai.Time `json:"revoked,omitzero"`
	LastUsed dsai.Time `json:"lastUsed,omitzero"`
	Operator bool      `json:"operator,omitempty"` // it reads what the operator reads

	RequestsPerMinute int `json:"requestsPerMinute,omitempty"` // 0: as all keys
	TokensPerMinute   int `json:"tokensPerMinute,omitempty"`
}

// Model is one engine that can be asked.
type Model struct {
	dsai.ModelRef
	Assurance dsai.Assurance `json:"assurance"`
	Loopback  bool           `json:"loopback"` // runs on this machine
	URL       string         `json:"url,omitempty"`
	Added     dsai.Time      `json:"added,omitzero"`
	Default   bool           `json:"default"`
	File      *ModelFile     `json:"file,omitempty"` // of models that the node runs itself
}

// ModelFile is what a model file says of itself, and how the node has it. Its
// texts are a stranger's.
type ModelFile struct {
	Path         string `json:"path"`
	Linked       bool   `json:"linked"` // outside of the home
	Name         string `json:"name"`
	Architecture string `json:"architecture"`
	License      string `json:"license"`
	Template     string `json:"template"` // "file", "merged" (no system message of its own) or "plain" (none in the file)
	Parameters   int64  `json:"parameters"`
	Context      int    `json:"context"` // tokens
	Size         int64  `json:"size"`
	State        string `json:"state"`
	Kernel       string `json:"kernel"`            // the code that multiplies; all give the same bits
	Problem      string `json:"problem,omitempty"` // why it cannot be asked
}

// Status is the state of a node at a glance.
type Status struct {
	Version    string    `json:"version"`
	Home       string    `json:"home"`
	Running    bool      `json:"running"`
	Listen     string    `json:"listen,omitempty"`
	Coop       string    `json:"coop"`
	CoopID     string    `json:"coopId"`
	Node       string    `json:"node"`
	Members    int       `json:"members"`
	Documents  int       `json:"documents"`
	Passages   int       `json:"passages"`
	Consents   int       `json:"consents"` // in force
	Receipts   int       `json:"receipts"`
	Refusals   int       `json:"refusals"`
	LogSize    uint64    `json:"logSize"`
	LogPending int       `json:"logPending"`
	LogOrigin  string    `json:"logOrigin"`
	Witnesses  int       `json:"witnesses"`
	Policy     string    `json:"policy"`
	Clock      string    `json:"clock"` // "trusted", or why not
	Started    dsai.Time `json:"started,omitzero"`
	DiskBytes  int64     `json:"diskBytes"`
	Warnings   []string  `json:"warnings"`
}

// Page asks for part of a list, newest first. Rows after the one named After
// (the digest or identifier of the last row already seen) are returned, at most
// Limit of them.
type Page struct {
	After string
	Limit int
}

// UseFilter narrows a list of uses. Empty fields do not narrow.
type UseFilter struct {
	Document string    // id, short id or file name
	Since    dsai.Time // uses at this time or later
}

// Withdrawal says what leaves the answers when a consent is withdrawn, before
// it is (Done is false) or after.
type Withdrawal struct {
	Ref       string     `json:"ref"` // what was asked to be withdrawn
	Consent   Consent    `json:"consent"`
	Documents []Document `json:"documents"` // that the consent covers
	// Stay are those of them that another consent lends on.
	Stay    []dsai.DocumentID `json:"stay,omitempty"`
	Uses    int               `json:"uses"` // so far
	LastUse dsai.Time         `json:"lastUse,omitzero"`
	Custody dsai.Custody      `json:"custody"`
	Command string            `json:"command,omitempty"` // to run where the key is, when this node cannot sign
	Done    bool              `json:"done"`
	At      dsai.Time         `json:"at,omitzero"`
	Receipt dsai.Digest       `json:"receipt,omitzero"` // WithdrawalReceipt credential
}

// Leaving are the documents that no answer uses any more.
func (w *Withdrawal) Leaving() []Document {
	return slices.DeleteFunc(slices.Clone(w.Documents), w.stays)
}

// Staying are the documents that another consent lends on.
func (w *Withdrawal) Staying() []Document {
	return slices.DeleteFunc(slices.Clone(w.Documents), func(d Document) bool { return !w.stays(d) })
}

func (w *Withdrawal) stays(d Document) bool { return slices.Contains(w.Stay, d.ID) }
