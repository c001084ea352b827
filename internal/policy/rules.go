// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
)

// costLimit bounds one evaluation in CEL's units. With neither loops nor
// arithmetic in the language, a rule of maxText bytes stays far below.
const costLimit = 10_000

// Request is what rules may look at. Nothing in it comes from a consent.
type Request struct {
	Purpose string           // IRI; request.purpose
	Role    string           // role class of the requester; request.role
	Engine  dsai.EngineClass // request.engine
	Model   string           // id, which proves nothing; request.model
	// Fingerprint is what Parameters.Models names; request.fingerprint.
	Fingerprint dsai.Digest
	Sharing     bool   // the engine is beyond the node's machine; request.sharing
	Region      string // of the node, "" when not stated; node.region
}

// Decision is a policy's outcome and what decided.
type Decision struct {
	Effect Effect
	Rule   string    // id of the rule that decided; "" when none did
	Code   dsai.Code // of the refusal; "" when allowed
}

// Refusal returns nil when the request is allowed, and else the refusal to
// answer it with.
func (d Decision) Refusal() *dsai.Refusal {
	r := &dsai.Refusal{Code: d.Code, Rule: d.Rule}
	switch {
	case d.Effect == Allow:
		return nil
	case d.Code == dsai.CodeModelNotAllowed:
		r.Reason = "the co-op's policy does not allow this engine or model"
	case d.Rule == "":
		r.Reason = "no rule of the co-op's policy allows this request"
	default:
		r.Reason = "the co-op's policy denies this request by its rule " + d.Rule
	}
	return r
}

// rule is a compiled Rule.
type rule struct {
	id      string
	effect  Effect
	program cel.Program
}

// environment is the language of rules: comparisons, logic, membership, text
// prefixes, and two questions about purposes. What a rule can call is listed
// here, so that it holds by construction, and not by review, that a rule has no
// clock, no time zones, no regular expressions, no loops, no numbers that round
// and nothing asynchronous. Program.Eval runs in the caller's goroutine.
var environment = newEnvironment()

func newEnvironment() *cel.Env {
	var functions []*env.Function
	for _, name := range []string{"!_", "_&&_", "_||_", "_?_:_", "_==_", "_!=_", "@in", "startsWith", "endsWith"} {
		functions = append(functions, &env.Function{Name: name})
	}
	e, err := cel.NewCustomEnv(
		cel.StdLib(cel.StdLibSubset(&env.LibrarySubset{DisableMacros: true, IncludeFunctions: functions})),
		cel.Variable("request.purpose", cel.StringType), cel.Variable("request.role", cel.StringType),
		cel.Variable("request.engine", cel.StringType), cel.Variable("request.model", cel.StringType),
		cel.Variable("request.fingerprint", cel.StringType),
		cel.Variable("request.sharing", cel.BoolType), cel.Variable("node.region", cel.StringType),
		cel.Function("under", cel.MemberOverload("purpose_under", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(under))),
		cel.Function("within", cel.MemberOverload("purpose_within", []*cel.Type{cel.StringType, cel.ListType(cel.StringType)}, cel.BoolType,
			cel.BinaryBinding(within))),
		cel.ParserRecursionLimit(32), cel.ParserExpressionSizeLimit(maxText),
	)
	if err != nil {
		panic("policy: " + err.Error()) // the list above is wrong
	}
	return e
}

// under(purpose, broad) is for denials: the purpose is broad or has it anywhere
// above.
func under(p, broad ref.Val) ref.Val {
	iri, err := purpose.Parse(string(broad.(types.String)))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(purpose.Under(string(p.(types.String)), iri))
}

// within(purpose, list) is for permissions: every path from the purpose to the
// top passes through a purpose in the list.
func within(p, list ref.Val) ref.Val {
	var allow []string
	for it := list.(traits.Lister).Iterator(); it.HasNext() == types.True; {
		iri, err := purpose.Parse(string(it.Next().(types.String)))
		if err != nil {
			return types.WrapErr(err)
		}
		allow = append(allow, iri)
	}
	return types.Bool(purpose.Permits(string(p.(types.String)), allow, nil))
}

func compile(rules []Rule) ([]rule, error) {
	out := make([]rule, 0, len(rules))
	for _, r := range rules {
		program, err := compileOne(r.When)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.ID, err)
		}
		out = append(out, rule{r.ID, r.Effect, program})
	}
	return out, nil
}

func compileOne(when string) (cel.Program, error) {
	checked, issues := environment.Compile(when)
	if issues.Err() != nil { // whose text draws the condition, on lines of its own
		var wrong []string
		for _, e := range issues.Errors() {
			wrong = append(wrong, fmt.Sprintf("line %d, column %d: %s", e.Location.Line(), e.Location.Column()+1, e.Message))
		}
		return nil, fmt.Errorf("condition %q: %s", when, strings.Join(wrong, "; "))
	}
	if checked.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("condition is of type %v, want bool", checked.OutputType())
	}
	if err := checkNames(checked.NativeRep()); err != nil {
		return nil, err
	}
	return environment.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit))
}

// checkNames requires that under and within name purposes literally, so that a
// misspelled one is found now and not when a request first reaches it.
func checkNames(a *ast.AST) error {
	var err error
	visit := func(e ast.Expr) {
		if e.Kind() != ast.CallKind || err != nil {
			return
		}
		c := e.AsCall()
		if f := c.FunctionName(); f != "under" && f != "within" {
			return
		}
		names := []ast.Expr{c.Args()[0]}
		if names[0].Kind() == ast.ListKind {
			names = names[0].AsList().Elements()
		}
		for _, n := range names {
			s, ok := literal(n)
			if !ok {
				err = errors.New("under and within take purposes by name")
				return
			}
			if _, err = purpose.Parse(s); err != nil {
				return
			}
		}
	}
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(visit))
	return err
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// Decide returns the outcome of the first rule that matches, and a denial when
// none does. What Parameters do not allow is denied before any rule. A rule that
// cannot be evaluated denies, whatever its effect, and is not named: it did not decide.
func (p *Policy) Decide(r Request) Decision {
	// A node is asked the same few questions with every answer.
	p.mu.RLock()
	d, known := p.decided[r]
	p.mu.RUnlock()
	if known {
		return d
	}
	d = p.decide(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.decided == nil || len(p.decided) >= mostDecided {
		p.decided = map[Request]Decision{}
	}
	p.decided[r] = d
	return d
}

// mostDecided bounds the decisions that are remembered: a purpose, a role and an
// engine make one.
const mostDecided = 1024

func (p *Policy) decide(r Request) Decision {
	allowed := &p.document.Parameters
	if !slices.Contains(allowed.Engines, r.Engine) || len(allowed.Models) > 0 && !slices.Contains(allowed.Models, r.Fingerprint) {
		return Decision{Deny, "", dsai.CodeModelNotAllowed}
	}
	for _, rule := range p.rules {
		out, _, err := rule.program.Eval((*activation)(&r))
		switch {
		case err != nil:
			return Decision{Deny, "", dsai.CodePolicyDenied}
		case out != types.True:
		case rule.effect == Allow:
			return Decision{Allow, rule.id, ""}
		default:
			return Decision{Deny, rule.id, dsai.CodePolicyDenied}
		}
	}
	return Decision{Deny, "", dsai.CodePolicyDenied}
}

// activation resolves the variables of rules.
type activation Request

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case "request.purpose":
		return a.Purpose, true
	case "request.role":
		return a.Role, true
	case "request.engine":
		return string(a.Engine), true
	case "request.model":
		return a.Model, true
	case "request.fingerprint":
		return a.Fingerprint.String(), true
	case "request.sharing":
		return a.Sharing, true
	case "node.region":
		return a.Region, true
	}
	return nil, false
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// test runs the document's own tests, and requires that every rule decides one
// of them: what nobody wrote an example for, nobody has agreed to.
func (p *Policy) test() error {
	decided := map[string]bool{}
	for _, t := range p.document.Tests {
		r := Request{Role: t.Role, Engine: t.Engine, Model: t.Model, Sharing: t.Sharing, Region: t.Region}
		var err error
		if r.Purpose, err = purpose.Parse(t.Purpose); err != nil {
			return fmt.Errorf("test %.80q: %w", t.Name, err)
		}
		if t.Fingerprint != "" {
			if r.Fingerprint, err = dsai.ParseDigest(t.Fingerprint); err != nil {
				return fmt.Errorf("test %.80q: %w", t.Name, err)
			}
		}
		if got := p.Decide(r); got.Effect != t.Effect || got.Rule != t.Rule {
			return fmt.Errorf("test %.80q: got %s by rule %q, want %s by rule %q", t.Name, got.Effect, got.Rule, t.Effect, t.Rule)
		}
		decided[t.Rule] = true
	}
	for _, r := range p.document.Rules {
		if !decided[r.ID] {
			return fmt.Errorf("rule %s: no test is decided by it", r.ID)
		}
	}
	return nil
}
