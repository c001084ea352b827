// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/resilience/upstream"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/chat"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/internal/view"
)

// Nothing is the parameters or result of methods that have none.
type Nothing struct{}

// Ref names a thing as people do: short id, prefix, file name or "last".
type Ref struct {
	Ref string `json:"ref"`
}

// Methods are what verbs can ask of a node; see internal/control. The verb's
// caller owns the home, so everything is allowed that a home can do.
func (n *Node) Methods() control.Local {
	return control.Local{Describe: Describe, Methods: map[string]control.Handler{
		"status": control.Method(func(ctx context.Context, _ Nothing, _ func(any)) (*view.Status, error) { return n.Status(ctx) }),
		"add": control.Method(func(ctx context.Context, c Contribution, progress func(any)) (*Contributed, error) {
			return n.Contribute(ctx, c, progress)
		}),
		"gone":            control.Method(n.callGone),
		"ask":             control.Method(n.callAsk),
		"open":            control.Method(n.callOpen),
		"receipts":        control.Method(n.callReceipts),
		"bundle":          control.Method(n.callBundle),
		"explain":         control.Method(n.callExplain),
		"trust":           control.Method(n.callTrust),
		"member.add":      control.Method(n.callMemberAdd),
		"member.list":     control.Method(n.callMemberList),
		"member.rotate":   control.Method(n.RotateMember),
		"member.keys":     control.Method(n.AcceptKeys),
		"node.rotate":     control.Method(n.RotateNode),
		"consent.request": control.Method(n.callConsentRequest),
		"consent.list":    control.Method(func(ctx context.Context, _ Nothing, _ func(any)) ([]view.Consent, error) { return n.Consents(ctx) }),
		"consent.show":    control.Method(n.callConsentShow),
		"consent.preview": control.Method(n.callPreview),
		"consent.revoke":  control.Method(n.callRevoke),
		"consent.object":  control.Method(n.callObject),
		"objection":       control.Method(n.callObjection),
		"revocation":      control.Method(n.callRevocation),
		"uses":            control.Method(n.callUses),
		"docs.list":       control.Method(func(ctx context.Context, _ Nothing, _ func(any)) ([]view.Document, error) { return n.Documents(ctx) }),
		"docs.show":       control.Method(n.callDocsShow),
		"docs.forget":     control.Method(n.callForget),
		"docs.release":    control.Method(n.callRelease),
		"export":          control.Method(n.callExport),
		"policy.show":     control.Method(n.callPolicy),
		"policy.adopt":    control.Method(n.callAdopt),
		"key.new":         control.Method(n.callKeyNew),
		"key.list":        control.Method(func(ctx context.Context, _ Nothing, _ func(any)) ([]view.Key, error) { return n.Keys(ctx) }),
		"key.revoke": control.Method(func(ctx context.Context, r Ref, _ func(any)) (*RevokedKey, error) {
			return n.RevokeKey(ctx, r.Ref)
		}),
		"model.list": control.Method(func(ctx context.Context, _ Nothing, _ func(any)) ([]view.Model, error) { return n.Models(ctx) }),
		"model.add": control.Method(func(ctx context.Context, a ModelArgs, progress func(any)) (*view.Model, error) {
			if a.Path != "" {
				return n.AddModelFile(ctx, a, progress)
			}
			return n.AddModel(ctx, a.Name, a.URL, a.Remote)
		}),
		"model.rm": control.Method(func(ctx context.Context, r Ref, _ func(any)) (Nothing, error) {
			return Nothing{}, n.RemoveModel(ctx, r.Ref)
		}),
		"model.bench":    control.Method(n.callBench),
		"log.checkpoint": control.Method(n.callCheckpoint),
		"log.prove":      control.Method(n.callProve),
		"clock.accept":   control.Method(func(ctx context.Context, _ Nothing, _ func(any)) (dsai.Time, error) { return n.clock.accept(ctx) }),
		"fsck": control.Method(func(ctx context.Context, _ Nothing, progress func(any)) (*FsckReport, error) {
			return n.Fsck(ctx, progress)
		}),
		"backup": control.Method(func(ctx context.Context, p PathArgs, _ func(any)) (*BackupReport, error) {
			return n.Backup(ctx, p.Path)
		}),
		"login": control.Method(func(_ context.Context, _ Nothing, _ func(any)) (string, error) { return n.LoginLink() }),
	}}
}

// Describe sorts an error for the one who ran a verb and says what to do.
func Describe(err error) *control.Error {
	if e, ok := errors.AsType[*control.Error](err); ok {
		return e
	}
	e := &control.Error{Kind: control.Failed, Message: oneLine(err)}
	var unknown *purpose.UnknownError
	var withdrawn *withdrawnError
	var missing *missingError
	var old *outdatedError
	var tooBig *engine.MemoryError
	var changed *engine.ChangedError
	switch {
	case errors.As(err, &withdrawn):
		e.Kind, e.Hint = control.Usage, "nothing of it is used any more; to lend it again: dsai add PATH"
	case errors.As(err, &missing):
		e.Kind, e.Hint = control.Usage, missing.hint
	case errors.As(err, &old):
		e.Kind, e.Hint = control.Refused, old.hint()
	case errors.As(err, &unknown):
		e.Kind, e.Hint = control.Usage, "see dsai purposes"
	case errors.Is(err, store.ErrNotFound):
		e.Kind, e.Hint = control.Usage, "the lists show what there is: dsai docs list, consent list, receipts, key list, model list"
	case errors.Is(err, store.ErrAmbiguous):
		e.Kind, e.Hint = control.Usage, "give more of the id, or the full path"
	case errors.Is(err, store.ErrExists):
		e.Kind, e.Hint = control.Usage, "choose another name, or remove the one that is there"
	case errors.Is(err, ErrNoHome):
		e.Kind, e.Hint = control.Usage, "found a co-op with: dsai init"
	case errors.Is(err, ErrInUse):
		e.Kind, e.Hint = control.Unavailable, "wait for it to finish; a running node answers verbs by itself"
	case errors.Is(err, ErrForeign):
		e.Kind, e.Hint = control.Usage, "start the node, which then answers verbs, or run this as the home's own user; see docs/RUNBOOK.md, Run by systemd"
	case errors.Is(err, ErrNewer):
		e.Hint = "install the newer dsai, or restore a backup made before it was upgraded"
	case errors.Is(err, ErrNoKey):
		e.Hint = "sign where the key is: dsai consent request PATH --to NAME makes what dsai consent sign signs on the member's own machine"
	case errors.Is(err, keys.ErrLoose):
		e.Hint = "make it its owner's alone with chmod 600; if others use this machine, count the key as stolen"
	case errors.Is(err, upstream.ErrServer):
		e.Kind, e.Hint = control.Unavailable, "does the URL lead to its OpenAI endpoint? it mostly ends in /v1"
		if errors.Is(err, syscall.ECONNREFUSED) {
			e.Hint = "nothing listens there: is the server running? with Ollama: ollama serve"
		}
	case errors.Is(err, errAhead):
		e.Hint = "check the clock of the machine where it was signed, and sign again there"
	case errors.Is(err, ErrOldKey):
		e.Hint = "if the key was changed, the operator first needs to know: dsai member rotate --file FILE; then sign again with the new one"
	case errors.Is(err, errFork):
		e.Hint = "one of the two is forged: ask the member, over another way, and see docs/RUNBOOK.md, A key was stolen"
	case errors.Is(err, ErrNotMember):
		e.Hint = "admit them first: dsai member add --inception FILE; who changed keys, hands those in: dsai member rotate --file FILE"
	case errors.Is(err, chat.ErrTemplate):
		e.Kind, e.Hint = control.Usage, "the chat template in the file is not one that this version renders; take a file of the model with another template, and tell us of this one"
	case errors.Is(err, errModelName):
		e.Kind, e.Hint = control.Usage, "choose another with --name: at most 80 letters, digits and . _ - : / @, not beginning with . / or -, no part of it being .."
	case errors.Is(err, ErrModelFile) && errors.Is(err, fs.ErrPermission):
		e.Kind, e.Hint = control.Usage, "the node may not read it: one that systemd runs has a user of its own"
	case errors.Is(err, ErrModelFile) && errors.Is(err, fs.ErrNotExist):
		e.Kind, e.Hint = control.Usage, "is the path right? A model of this node whose file is gone, as after a restore, comes back with: dsai model add FILE --name NAME"
	case errors.As(err, &changed):
		e.Hint = "its answers can be made again only with the file that it was: dsai model rm NAME, then dsai model add FILE --name NAME"
	case errors.Is(err, ErrModelFile):
		e.Kind, e.Hint = control.Usage, "it must be a whole GGUF file of a llama, qwen2 or qwen3 model; see spec/numerics.md for the types of weights"
	case errors.As(err, &tooBig):
		e.Kind, e.Hint = control.Unavailable, "take a file with fewer parameters or smaller weights: models may have three quarters of the machine's memory"
	case errors.Is(err, engine.ErrBusy):
		e.Kind, e.Hint = control.Unavailable, "ask again in a moment"
	case errors.Is(err, ErrNoModel), errors.Is(err, engine.ErrRemoved):
		e.Kind, e.Hint = control.Usage, "see dsai model list"
	case errors.Is(err, errTraces):
		e.Hint = "the next start tries again"
		if errors.Is(err, syscall.ENOSPC) {
			e.Kind, e.Hint = control.Unavailable, "the disk has too little room to write the database anew: free twice the size of the file dsai.db; the next start tries again"
		}
	case errors.Is(err, syscall.ENOSPC):
		e.Kind, e.Hint = control.Unavailable, "the disk is full: nothing that was acknowledged is lost; free some space and run the command again"
	case errors.Is(err, syscall.EADDRINUSE):
		e.Kind, e.Hint = control.Unavailable, "another program has that address; choose another with --listen, such as 127.0.0.1:7778"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		e.Kind, e.Hint = control.Unavailable, "the home, or the path that was named, cannot be written: check owner, mode and mount; a node that systemd runs writes in its home alone"
	case errors.Is(err, errBetweenFormats):
		e.Hint = "run it again: a migration goes on where it stopped. The home as it was is in its file before-format-*.tgz"
	case errors.Is(err, durable.ErrDamaged):
		e.Hint = "copy the home, then put an empty file in the place of opened in it: what a crash interrupted, and answers of the last second before it, lose their receipts where only that file told of them; see docs/RUNBOOK.md, Damage"
	case errors.Is(err, retrieve.ErrEpochDamaged):
		e.Hint = "take that file out of a backup into the folder statistics of the home; until then answers that were ranked by it cannot be made again"
	case errors.Is(err, retrieve.ErrDamaged):
		e.Hint = "the index is derived data: remove the folder index in the home, and the next start makes it again"
	}
	return e
}

// oneLine is an error's text. Of several that were joined it is one line, as of others:
// a break of the line could as well stand in the name of a file, and is escaped.
func oneLine(err error) string {
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err.Error()
	}
	var texts []string
	for _, e := range several.Unwrap() {
		texts = append(texts, oneLine(e))
	}
	if err.Error() != errors.Join(several.Unwrap()...).Error() {
		return err.Error() // not joined but wrapped, with words of its own
	}
	return strings.Join(texts, "; ")
}

// AskArgs is a question.
type AskArgs struct {
	Question string `json:"question"`
	Purpose  string `json:"purpose"` // short name or IRI; "" = answers
	Model    string `json:"model"`
	Search   bool   `json:"search"` // passages only
	Passages int    `json:"passages"`
}

// Asked is an answer, or a refusal, with its receipt.
type Asked struct {
	Answer    string          `json:"answer"`
	Citations []view.Citation `json:"citations"`
	Receipt   dsai.Digest     `json:"receipt"`
	Short     string          `json:"short"`
	Ended     dsai.Ended      `json:"ended,omitempty"`
	Assurance dsai.Assurance  `json:"assurance,omitempty"`
	NoEffect  []string        `json:"noEffect,omitempty"`
	Refusal   *AskRefusal     `json:"refusal"`
}

// AskRefusal is why there is no answer.
type AskRefusal struct {
	Code    dsai.Code `json:"code"`
	Reason  string    `json:"reason"`
	Missing []string  `json:"missing,omitempty"`
	Rule    string    `json:"rule,omitempty"`
}

func (n *Node) callAsk(ctx context.Context, a AskArgs, progress func(any)) (*Asked, error) {
	if a.Question == "" {
		return nil, &control.Error{Kind: control.Usage, Message: "ask: the question is empty"}
	}
	r := &pipeline.Request{Question: pipeline.Text(a.Question), Purpose: a.Purpose, Requester: n.Console(), Model: a.Model, Search: a.Search, Passages: a.Passages}
	var shown strings.Builder
	rec, err := n.Ask(ctx, r, func(p pipeline.Piece) error { shown.WriteString(p.Text); progress(p.Text); return nil })
	out := &Asked{Citations: []view.Citation{}}
	if no, ok := errors.AsType[*dsai.Refusal](err); ok {
		out.Receipt, out.Short = rec.Digest, shortID("r", rec.Digest)
		out.Refusal = &AskRefusal{no.Code, no.Reason, no.Detail.Missing, no.Rule}
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	o := rec.Output
	out.Answer, out.Citations, out.Receipt, out.Short = shown.String(), n.Citations(o), rec.Digest, shortID("r", rec.Digest)
	out.Ended, out.Assurance, out.NoEffect = o.Ended, o.Plan.Engine.Assurance(), o.NoEffect
	if o.Ended == dsai.EndedRevoked {
		out.Refusal = &AskRefusal{Code: dsai.CodeConsentRevoked, Reason: "a consent was withdrawn while the answer was being made"}
	}
	return out, nil
}

// ListArgs asks for a list.
type ListArgs struct {
	Limit int       `json:"limit"`
	Since dsai.Time `json:"since,omitzero"`
	Ref   string    `json:"ref"`
}

func (n *Node) callReceipts(ctx context.Context, a ListArgs, _ func(any)) ([]view.Receipt, error) {
	if a.Limit <= 0 {
		a.Limit = 20
	}
	c := n.Console()
	return n.Receipts(ctx, &c, view.Page{Limit: a.Limit})
}

// BundleArgs asks for a bundle.
type BundleArgs struct {
	Ref    string   `json:"ref"`
	Redact []string `json:"redact"` // openings to leave out; "all"
}

func (n *Node) callBundle(ctx context.Context, a BundleArgs, _ func(any)) (json.RawMessage, error) {
	r, err := n.FindReceipt(ctx, a.Ref)
	if err != nil {
		return nil, err
	}
	return n.Bundle(ctx, r.Digest, a.Redact...)
}

func (n *Node) callUses(ctx context.Context, a ListArgs, _ func(any)) ([]view.Use, error) {
	ids := n.FindDocuments(a.Ref)
	if len(ids) == 0 && a.Ref != "" {
		return nil, &missingError{"document or member", a.Ref, "see dsai docs list, dsai member list"}
	}
	return n.Uses(ctx, ids, a.Since)
}

func (n *Node) oneDocument(ref string) (*document, error) {
	ids := n.FindDocuments(ref)
	switch {
	case len(ids) == 0 || ref == "":
		return nil, &missingError{"document", ref, "see dsai docs list"}
	case len(ids) > 1:
		return nil, fmt.Errorf("document %q: %w: it names %d documents", ref, store.ErrAmbiguous, len(ids))
	}
	return n.lib.documentByID(ids[0]), nil
}

// DocumentText is a document with its passages.
type DocumentText struct {
	view.Document
	Text []dsai.PassageBody `json:"text"`
}

func (n *Node) callDocsShow(ctx context.Context, r Ref, _ func(any)) (*DocumentText, error) {
	d, err := n.oneDocument(r.Ref)
	if err != nil {
		return nil, err
	}
	v, err := n.viewDocument(ctx, d)
	if err != nil {
		return nil, err
	}
	return n.documentText(ctx, d, v)
}

func (n *Node) documentText(ctx context.Context, d *document, v view.Document) (*DocumentText, error) {
	out := &DocumentText{Document: v, Text: []dsai.PassageBody{}}
	ps, err := n.db.PassagesOf(ctx, d.Version)
	for _, p := range ps {
		var b dsai.PassageBody
		if p.Body != nil && json.Unmarshal(p.Body, &b) == nil {
			out.Text = append(out.Text, b)
		}
	}
	return out, err
}

func (n *Node) callForget(ctx context.Context, r Ref, _ func(any)) (*view.Document, error) {
	d, err := n.oneDocument(r.Ref)
	if err != nil {
		return nil, err
	}
	v, err := n.viewDocument(ctx, d)
	if err != nil {
		return nil, err
	}
	return &v, n.Forget(ctx, d.ID)
}

func (n *Node) callRelease(ctx context.Context, r Ref, _ func(any)) (Nothing, error) {
	d, err := n.oneDocument(r.Ref)
	if err != nil {
		return Nothing{}, err
	}
	return Nothing{}, n.Release(ctx, d.ID)
}

// callGone takes documents under a member's paths out of the answers whose
// files are no longer there.
func (n *Node) callGone(ctx context.Context, a GoneArgs, _ func(any)) (int, error) {
	return n.MarkGone(ctx, a.Member, a.Paths)
}

// GoneArgs names source files that were deleted.
type GoneArgs struct {
	Member string   `json:"member"`
	Paths  []string `json:"paths"`
}

// ModelArgs names a server to add, or a file.
type ModelArgs struct {
	Name   string `json:"name"` // of a file "" for the one in it
	Path   string `json:"path,omitempty"`
	Link   bool   `json:"link,omitempty"` // leave the file where it is
	URL    string `json:"url"`
	Remote string `json:"remote"`
}

// PathArgs names a place on this machine.
type PathArgs struct {
	Path string `json:"path"`
}

// NewKeyArgs describes an API key.
type NewKeyArgs struct {
	Name     string   `json:"name"`
	For      []string `json:"for"`
	Operator bool     `json:"operator"`

	RequestsPerMinute int `json:"requestsPerMinute,omitempty"` // 0: as all keys
	TokensPerMinute   int `json:"tokensPerMinute,omitempty"`
}

// NewKeyResult holds the secret of a new key: it is shown once.
type NewKeyResult struct {
	Name   string `json:"name"`
	Secret string `json:"secret"`
	Listen string `json:"listen"` // of the running node, "" when none runs
}

func (n *Node) callKeyNew(ctx context.Context, a NewKeyArgs, _ func(any)) (*NewKeyResult, error) {
	s, err := n.NewKey(ctx, a.Name, a.For, KeyOptions{Operator: a.Operator,
		Limits: api.Limits{RequestsPerMinute: a.RequestsPerMinute, TokensPerMinute: a.TokensPerMinute}})
	n.mu.RLock()
	defer n.mu.RUnlock()
	return &NewKeyResult{a.Name, s, n.listen}, err
}

// MemberShown is one member.
type MemberShown struct {
	ID        dsai.MemberID `json:"id"`
	Short     string        `json:"short"`
	Name      string        `json:"name"`
	Custody   dsai.Custody  `json:"custody"`
	Documents int           `json:"documents"`
	Founder   bool          `json:"founder"`
}

// MemberArgs describes a new member.
type MemberArgs struct {
	Name string `json:"name"`
	// Inception is signed by a member who keeps the keys; without it the node
	// makes and keeps them.
	Inception json.RawMessage `json:"inception,omitempty"`
}

func (n *Node) callMemberAdd(ctx context.Context, a MemberArgs, _ func(any)) (*MemberShown, error) {
	var id dsai.MemberID
	var err error
	if a.Inception != nil {
		id, err = n.AdmitMember(ctx, a.Name, a.Inception)
	} else {
		id, err = n.AddMember(ctx, a.Name)
	}
	if err != nil {
		return nil, err
	}
	m := n.lib.member(id)
	shown := n.memberShown(m)
	return &shown, nil
}

func (n *Node) callMemberList(context.Context, Nothing, func(any)) ([]MemberShown, error) {
	out := []MemberShown{}
	for _, m := range n.lib.allMembers() {
		out = append(out, n.memberShown(m))
	}
	return out, nil
}

func (n *Node) memberShown(m *member) MemberShown {
	v := MemberShown{ID: m.ID, Short: shortID("m", m.ID.Digest), Name: m.Name, Custody: m.Custody, Founder: m.ID == n.charter.Subject.Founder}
	for _, d := range n.lib.allDocuments() {
		if d.Member == m.ID {
			v.Documents++
		}
	}
	return v
}

func (n *Node) callCheckpoint(ctx context.Context, _ Nothing, _ func(any)) (string, error) {
	cp, err := n.log.current().Checkpoint(ctx)
	return string(cp.Raw), err
}

func (n *Node) callProve(ctx context.Context, r Ref, _ func(any)) (string, error) {
	rec, err := n.FindReceipt(ctx, r.Ref)
	if err != nil {
		return "", err
	}
	wait, cancel := context.WithTimeout(ctx, waitLog)
	defer cancel()
	if err := n.settle(wait, rec.Digest); err != nil {
		return "", err
	}
	p, err := n.prove(ctx, rec.Digest)
	return string(p), err
}

// TrustArgs says what a trust file is for.
type TrustArgs struct {
	// Current leaves earlier keys of the node out: receipts from before they were
	// changed are not believed then.
	Current bool `json:"current"`
}

func (n *Node) callTrust(_ context.Context, a TrustArgs, _ func(any)) (*dsai.Trust, error) {
	t := n.Trust()
	if a.Current {
		k := &t.Nodes[0]
		k.LogKeys, k.ReceiptKeys = k.LogKeys[len(k.LogKeys)-1:], k.ReceiptKeys[len(k.ReceiptKeys)-1:]
	}
	return t, nil
}

// Trust is the trust file that makes this node's receipts anchored elsewhere: of
// all times, so it names the keys that the node has had, oldest first.
func (n *Node) Trust() *dsai.Trust {
	node := dsai.TrustNode{Node: n.id}
	n.keys.mu.RLock()
	for _, k := range n.keys.history {
		if !slices.Contains(node.LogKeys, k.Set.LogKey) {
			node.LogKeys = append(node.LogKeys, k.Set.LogKey)
		}
		if !slices.Contains(node.ReceiptKeys, k.Sign) {
			node.ReceiptKeys = append(node.ReceiptKeys, k.Sign)
		}
	}
	n.keys.mu.RUnlock()
	return &dsai.Trust{
		Format: dsai.TrustFormat, Name: n.charter.Subject.Name, Coop: n.coop,
		Nodes: []dsai.TrustNode{node}, Witnesses: []dsai.TrustWitness{}, Threshold: 0,
	}
}
