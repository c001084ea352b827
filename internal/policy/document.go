// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Format is the value of Document.Format that this version reads.
const Format = "dsai-policy/1"

// Limits on a document, so that reading one is quick whoever wrote it.
const (
	MaxSize  = 64 << 10 // bytes, as TOML or JSON
	MaxRules = 64
	MaxTests = 256
)

// ErrPolicy reports a document that cannot be adopted.
var ErrPolicy = errors.New("policy cannot be adopted")

// Document is what members vote on. Its field names are the same in TOML and
// in JSON. Every parameter must be written; what a test leaves out is empty.
type Document struct {
	Format     string     `json:"format" toml:"format"`
	Name       string     `json:"name" toml:"name"`
	Parameters Parameters `json:"parameters" toml:"parameters"`
	Rules      []Rule     `json:"rules" toml:"rules"` // the first that matches decides; none: denied
	Tests      []Test     `json:"tests" toml:"tests"`
}

// Parameters are the numbers and lists that a co-op decides about.
type Parameters struct {
	Prices Prices `json:"prices" toml:"prices"`
	Split  Split  `json:"split" toml:"split"`

	// MaxStatusAge is a ceiling: a status list may be no older than this, and
	// no older than each consent says.
	MaxStatusAge dsai.Seconds `json:"maxStatusAgeSeconds" toml:"maxStatusAgeSeconds"`
	// MaxPolicyAge is how long a node may go without hearing from the source
	// of this policy before it stops answering.
	MaxPolicyAge dsai.Seconds `json:"maxPolicyAgeSeconds" toml:"maxPolicyAgeSeconds"`
	// MinWitnesses is how many operators must have cosigned a node's log.
	// Nothing enforces it yet: there are no witnesses.
	MinWitnesses int `json:"minWitnesses" toml:"minWitnesses"`
	// ReplayAuditRate is the share of replayable receipts that nodes replay.
	// Nothing follows it yet: there are no auditors.
	ReplayAuditRate BasisPoints `json:"replayAuditRateBasisPoints" toml:"replayAuditRateBasisPoints"`

	Engines []dsai.EngineClass `json:"engines" toml:"engines"` // allowed; others are denied before any rule
	Models  []dsai.Digest      `json:"models" toml:"models"`   // allowed fingerprints; empty: any
	// PowerFloor is the battery charge, in percent, below which a node takes no
	// work from others. Nothing reads it yet: there is no mesh.
	PowerFloor int `json:"powerFloorPercent" toml:"powerFloorPercent"`
	// EvidenceFloor is how much of a question's weight a sentence and its passage
	// must cover for the quoting engine to answer. It can only raise what that
	// engine needs itself, which is 4400 to 8800 by the length of the question.
	EvidenceFloor BasisPoints `json:"evidenceFloorBasisPoints" toml:"evidenceFloorBasisPoints"`
}

// BasisPoints are hundredths of a percent.
type BasisPoints int

// Whole is all of something.
const Whole BasisPoints = 10_000

// Rule is one ordered rule.
type Rule struct {
	ID     string `json:"id" toml:"id"` // stable: receipts and refusals name it
	Effect Effect `json:"effect" toml:"effect"`
	When   string `json:"when" toml:"when"` // CEL, of type bool
}

// Effect is what a rule does to a request that it matches.
type Effect string

// Effects.
const (
	Allow Effect = "allow"
	Deny  Effect = "deny"
)

// Test is an example request with the outcome that the document promises.
// Purpose may be a short name; the other fields are those of Request.
type Test struct {
	Name        string           `json:"name" toml:"name"`
	Purpose     string           `json:"purpose" toml:"purpose"`
	Role        string           `json:"role" toml:"role"`
	Engine      dsai.EngineClass `json:"engine" toml:"engine"`
	Model       string           `json:"model" toml:"model"`
	Fingerprint string           `json:"fingerprint" toml:"fingerprint"` // "" or a digest
	Sharing     bool             `json:"sharing" toml:"sharing"`
	Region      string           `json:"region" toml:"region"`
	Effect      Effect           `json:"effect" toml:"effect"`
	Rule        string           `json:"rule" toml:"rule"` // "" when none decides
}

// Policy is a document that passed its tests. It is immutable and safe for
// concurrent use.
type Policy struct {
	document  Document
	canonical []byte
	digest    dsai.Digest
	rules     []rule

	mu      sync.RWMutex
	decided map[Request]Decision // guarded by mu; a Decision is a function of policy and Request
}

// Parse reads a document written as TOML, checks it and runs its tests. Errors
// wrap ErrPolicy.
func Parse(text []byte) (*Policy, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrPolicy, len(text), MaxSize)
	}
	var d Document
	meta, err := toml.Decode(string(text), &d)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("%w: unknown key %q: a policy has no words besides those of its format, "+
			"so that none can widen a consent, undo a withdrawal, hide a log or hold a member back", ErrPolicy, unknown[0].String())
	}
	for _, key := range required {
		if !meta.IsDefined(strings.Split(key, ".")...) {
			return nil, fmt.Errorf("%w: %s is missing", ErrPolicy, key)
		}
	}
	for _, key := range prices {
		// The decoder would also take a number, which can be written in many ways.
		if meta.Type(strings.Split(key, ".")...) != "String" {
			return nil, fmt.Errorf("%w: %s: want text such as \"1000\"", ErrPolicy, key)
		}
	}
	return build(d)
}

var prices = []string{"parameters.prices.answer", "parameters.prices.prompt", "parameters.prices.completion"}

// required are the keys whose absence would silently mean zero.
var required = []string{
	"parameters.maxStatusAgeSeconds", "parameters.maxPolicyAgeSeconds", "parameters.minWitnesses", "parameters.replayAuditRateBasisPoints",
	"parameters.engines", "parameters.models", "parameters.powerFloorPercent", "parameters.evidenceFloorBasisPoints",
	"parameters.split.contributors", "parameters.split.operators", "parameters.split.treasury",
}

// ParseJSON reads a document in its canonical form, as bundles carry it, under
// the same checks. Errors wrap ErrPolicy.
func ParseJSON(raw []byte) (*Policy, error) {
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrPolicy, len(raw), MaxSize)
	}
	d, err := vc.Decode[Document](raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	return build(d)
}

func build(d Document) (*Policy, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	canonical, err := vc.Canonical(d)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	p := &Policy{document: d, canonical: canonical, digest: dsai.Hash("policy", canonical)}
	if p.rules, err = compile(d.Rules); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	if err := p.test(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	return p, nil
}

// Digest names the policy: Hash("policy", Canonical()).
func (p *Policy) Digest() dsai.Digest { return p.digest }

// Canonical returns the document's canonical JSON, which bundles carry.
func (p *Policy) Canonical() []byte { return append([]byte(nil), p.canonical...) }

// Document returns the document. Its slices are shared: do not change them.
func (p *Policy) Document() Document { return p.document }

// Parameters returns the document's parameters, under the same condition.
func (p *Policy) Parameters() Parameters { return p.document.Parameters }
