// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/json"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/internal/verifiable/purpose"
)

type policyVectors struct {
	TOML      string           `json:"toml"`
	Document  json.RawMessage  `json:"document"`
	Canonical string           `json:"canonical"`
	Digest    dsai.Digest      `json:"digest"`
	Decisions []decisionVector `json:"decisions"`
	Prices    []priceVector    `json:"prices"`
}

type decisionVector struct {
	Purpose string           `json:"purpose"`
	Role    string           `json:"role"`
	Engine  dsai.EngineClass `json:"engine"`
	Sharing bool             `json:"sharing"`
	Effect  policy.Effect    `json:"effect"`
	Rule    string           `json:"rule"`
	Code    dsai.Code        `json:"code"` // of the refusal
}

// priceVector is the price of an answer and its parts, in millionths of a credit.
type priceVector struct {
	Prompt       int               `json:"prompt"`
	Completion   int               `json:"completion"`
	Price        policy.Millionths `json:"price"`
	Contributors policy.Millionths `json:"contributors"`
	Operators    policy.Millionths `json:"operators"`
	Treasury     policy.Millionths `json:"treasury"`
}

func policies() policyVectors {
	p := must1(policy.Parse([]byte(policyText)))
	out := policyVectors{TOML: policyText, Document: p.Canonical(), Canonical: string(p.Canonical()), Digest: p.Digest()}
	if p.Digest() != must1(policy.ParseJSON(p.Canonical())).Digest() {
		panic("policy: its canonical form is another policy")
	}
	for _, r := range []policy.Request{
		{Purpose: answers, Role: "coop", Engine: dsai.EngineExtract},
		{Purpose: marketing, Role: "coop", Engine: dsai.EngineExtract},
		{Purpose: answers, Role: "public", Engine: dsai.EngineExtract},
		{Purpose: answers, Role: "public", Engine: dsai.EngineUpstream, Sharing: true},
		{Purpose: answers, Role: "coop", Engine: dsai.EngineInfer},
	} {
		d := p.Decide(r)
		out.Decisions = append(out.Decisions, decisionVector{r.Purpose, r.Role, r.Engine, r.Sharing, d.Effect, d.Rule, d.Code})
	}
	for _, t := range []dsai.Tokens{{}, {Prompt: 6, Completion: 9}, {Prompt: 1001, Completion: 333}} {
		v := priceVector{Prompt: t.Prompt, Completion: t.Completion, Price: p.Parameters().Prices.Price(t)}
		v.Contributors, v.Operators, v.Treasury = p.Parameters().Split.Of(v.Price)
		out.Prices = append(out.Prices, v)
	}
	if got, want := fmt.Sprint(out.Prices[1].Price), "1000"; got != want { // what the scene's receipt says
		panic("policy: price " + got)
	}
	return out
}

// policyText is a small policy. It is not the one that dsai ships, so that
// changing that one changes no vector.
var policyText = fmt.Sprintf(`format = "dsai-policy/1"
name = "Vector"

[parameters]
maxStatusAgeSeconds = 3600
maxPolicyAgeSeconds = 86400
minWitnesses = 1
replayAuditRateBasisPoints = 100
engines = ["extract", "upstream"]
models = []
powerFloorPercent = 30
evidenceFloorBasisPoints = 0

[parameters.prices]
answer = "895"
prompt = "10"
completion = "5"

[parameters.split]
contributors = 7000
operators = 2000
treasury = 1000

[[rules]]
id = "no-marketing"
effect = "deny"
when = 'request.purpose.under(%q)'

[[rules]]
id = "members"
effect = "allow"
when = 'request.role == "coop"'

[[rules]]
id = "public-answers"
effect = "allow"
when = '!request.sharing && request.purpose.within(["answers"])'

[[tests]]
name = "nobody advertises"
purpose = "marketing"
role = "coop"
engine = "extract"
effect = "deny"
rule = "no-marketing"

[[tests]]
name = "a member asks"
purpose = "answers"
role = "coop"
engine = "extract"
effect = "allow"
rule = "members"

[[tests]]
name = "the public asks"
purpose = "answers"
role = "public"
engine = "extract"
effect = "allow"
rule = "public-answers"
`, purpose.Short(marketing))
