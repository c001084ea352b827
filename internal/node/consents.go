// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// RequestFormat is the value of ConsentRequest.Format.
const RequestFormat = "dsai-consent-request/1"

// ConsentRequest is what a member is asked to sign on a machine of their own.
// The node has the documents already and cannot use them.
type ConsentRequest struct {
	Format  string             `json:"format"`
	Coop    string             `json:"coop"` // name, for people
	Member  string             `json:"member"`
	Words   string             `json:"words"` // what signing would mean
	Titles  []string           `json:"titles"`
	Subject dsai.ConsentBundle `json:"subject"` // without the member's id and key
	From    dsai.Time          `json:"from"`
	Until   dsai.Time          `json:"until"`
	Status  dsai.StatusEntry   `json:"status"`

	// For a collection: its name, for people, and what joins it at once, in the
	// order of Titles.
	Collection string                    `json:"collection,omitempty"`
	Additions  []dsai.CollectionAddition `json:"additions,omitempty"`
}

// SignedFormat is the value of SignedConsent.Format.
const SignedFormat = "dsai-consent/1"

// SignedConsent is what comes back: the consent, and the inception of a member
// that the node may not know yet.
type SignedConsent struct {
	Format    string          `json:"format"`
	Name      string          `json:"name"`
	Inception json.RawMessage `json:"inception"`
	Consent   json.RawMessage `json:"consent"`

	Additions []json.RawMessage `json:"additions,omitempty"` // to its collection
}

// RequestArgs asks for a consent request.
type RequestArgs struct {
	Contribution
	To string `json:"to"` // the member's name
}

// RequestResult is a consent request, or one for additions under a consent that
// was signed before, with what was ingested for it.
type RequestResult struct {
	Request   *ConsentRequest  `json:"request,omitempty"`
	Additions *AdditionRequest `json:"additions,omitempty"`
	Documents []ContributedDoc `json:"documents"`
	Skipped   []Skipped        `json:"skipped"`
}

// callConsentRequest ingests files for a member who signs elsewhere. Nothing
// can be shown to anybody before the signature comes back.
func (n *Node) callConsentRequest(ctx context.Context, a RequestArgs, progress func(any)) (*RequestResult, error) {
	m, err := n.memberNamed(a.To)
	if isNotFound(err) {
		// Not a member yet: the documents wait under a name, and the inception
		// comes with the signature.
		return nil, fmt.Errorf("request consent: %w; let them run dsai member init and add them with dsai member add --inception FILE", err)
	}
	if err != nil {
		return nil, err
	}
	if m.Custody != dsai.CustodyDevice {
		return nil, &control.Error{Kind: control.Usage, Message: fmt.Sprintf("request consent: this node keeps the key of %s, who has none to sign with", m.Name),
			Hint: "lend them in that name: dsai add PATH --as " + m.Name}
	}
	began := n.lib.asItIs()
	if err := n.change.take(ctx, func() { progress(Waiting{another}) }); err != nil {
		return nil, err
	}
	defer n.change.Unlock()
	if _, _, _, err := consent.Draft(n.draftOptions(m, nil, a.Contribution, n.clock.now())); err != nil {
		return nil, err // before anything is read
	}
	s, skipped, err := n.ingest(ctx, m, a.Contribution, progress)
	if err != nil {
		return nil, err
	}
	if len(s.seen) == 0 {
		return nil, errors.New("request consent: none of the files could be read")
	}
	out := &RequestResult{Documents: []ContributedDoc{}, Skipped: skipped}
	var docs []*document
	var titles []string
	for _, seen := range s.seen {
		d := n.lib.document(seen.Num)
		if why := n.leftOut(m, d, a.Contribution, began); a.Collection != "" && why != "" {
			out.Skipped = append(out.Skipped, Skipped{d.Path, stateWithdrawn, why})
			continue
		}
		docs, titles = append(docs, d), append(titles, inert.Line(d.Title))
		out.Documents = append(out.Documents, ContributedDoc{d.ID, shortID("d", d.ID.Digest), d.Path, d.version.Passages})
	}
	// Nobody named terms: those of the request must not be wider in this.
	if a.Keep && slices.ContainsFunc(docs, (*document).sensitive) {
		a.Sensitive = true
	}
	if a.Collection != "" {
		return out, n.requestCollection(ctx, m, docs, a.Contribution, out)
	}
	now := n.clock.now()
	o := n.draftOptions(m, docs, a.Contribution, now)
	o.Capture = dsai.Capture{Method: "request-file", Custody: dsai.CustodyDevice}
	b, until, words, err := consent.Draft(o)
	if err != nil {
		return nil, err
	}
	index, err := n.freeStatusIndex()
	if err != nil {
		return nil, err
	}
	out.Request = &ConsentRequest{
		Format: RequestFormat, Coop: n.charter.Subject.Name, Member: m.Name, Words: words, Titles: titles, Subject: b,
		From: now, Until: until, Status: *vc.NewStatusEntry(listURI(n.id), index),
	}
	return out, nil
}

// callConsentShow returns one consent with its signed form.
func (n *Node) callConsentShow(ctx context.Context, r Ref, _ func(any)) (*ConsentShown, error) {
	d, _, err := n.FindConsent(r.Ref)
	if err != nil {
		return nil, err
	}
	g := n.lib.grant(d)
	out := &ConsentShown{Consent: n.viewConsent(g), Joined: n.joinedTo(g)}
	if out.Signed, err = n.db.Raw(ctx, d); err != nil {
		return nil, err
	}
	if out.Withdrawals, err = n.withdrawalsOf(ctx, d); err != nil {
		return nil, err
	}
	about := []dsai.Digest{d}
	for _, id := range n.documentsOf(g) {
		about = append(about, id.Digest)
	}
	out.Objections, err = n.objectionsTo(ctx, about...)
	return out, err
}

// ConsentShown is a consent with its signed form, what joined its collection, what
// was withdrawn of it, and what members object about it or its documents.
type ConsentShown struct {
	view.Consent
	Signed      json.RawMessage  `json:"signed"`
	Joined      []Joined         `json:"joined"`
	Withdrawals []WithdrawalMade `json:"withdrawals"`
	Objections  []Objected       `json:"objections"`
}

// callPreview says what a withdrawal would take away.
func (n *Node) callPreview(ctx context.Context, r Ref, _ func(any)) (*view.Withdrawal, error) {
	return n.PreviewWithdrawal(ctx, r.Ref)
}

// PreviewWithdrawal says what a withdrawal would take away, or that it was made
// before.
func (n *Node) PreviewWithdrawal(ctx context.Context, ref string) (*view.Withdrawal, error) {
	c, docs, err := n.toWithdraw(ctx, ref)
	if was, ok := errors.AsType[*withdrawnError](err); ok {
		return n.viewWithdrawn(ctx, was)
	}
	if err != nil {
		return nil, err
	}
	g, command := n.lib.grant(c), "dsai consent revoke --sign "+c.String()
	for _, d := range docs {
		command += " --document " + shortID("d", d.Digest)
	}
	uses, err := n.db.UsesOfConsent(ctx, c, n.numbers(docs)...)
	if err != nil {
		return nil, err
	}
	leave := map[dsai.DocumentID]bool{} // with it
	for _, f := range n.followers(g, docs, n.lib.asItIs()) {
		for _, id := range f.documents {
			leave[id] = true
		}
	}
	if len(docs) == 0 {
		docs = n.documentsOf(g)
	}
	var shown []*document
	var stay []dsai.DocumentID
	for _, id := range docs {
		d := n.lib.documentByID(id)
		if d == nil {
			continue
		}
		shown = append(shown, d)
		if !leave[id] && n.stillGranted(d, g) {
			stay = append(stay, id)
		}
	}
	v := &view.Withdrawal{Ref: ref, Consent: n.viewConsent(g), Stay: stay, Uses: uses.Count, LastUse: uses.Last, Custody: g.Consent.Subject.Capture.Custody}
	if v.Documents, err = n.viewDocuments(ctx, shown...); err != nil {
		return nil, err
	}
	if m := n.lib.member(g.Consent.Subject.Member); m != nil && m.Custody != dsai.CustodyNode {
		v.Command = command
	}
	return v, nil
}

// RevokeArgs names what to withdraw.
type RevokeArgs struct {
	Ref    string `json:"ref"`
	Reason string `json:"reason"`
}

// callRevoke returns the signed WithdrawalReceipt.
// What was withdrawn before has the receipt that it was given then.
func (n *Node) callRevoke(ctx context.Context, a RevokeArgs, _ func(any)) (json.RawMessage, error) {
	seen := n.lib.asItIs() // before what the reference means is looked up
	c, docs, err := n.toWithdraw(ctx, a.Ref)
	if was, ok := errors.AsType[*withdrawnError](err); ok && !was.receipt.IsZero() {
		return n.db.Raw(ctx, was.receipt)
	}
	if err != nil {
		return nil, err
	}
	return n.withdraw(ctx, withdrawal{c, docs, a.Reason, seen})
}

// callRevocation accepts a revocation that was signed elsewhere.
func (n *Node) callRevocation(ctx context.Context, raw json.RawMessage, _ func(any)) (json.RawMessage, error) {
	return n.AcceptRevocation(ctx, raw)
}

// MarkGone takes documents out of the answers whose source files were deleted,
// and says how many. They stay in the store: a file that returns is used again.
func (n *Node) MarkGone(ctx context.Context, memberName string, paths []string) (int, error) {
	m, err := n.memberNamed(memberName)
	if err != nil {
		return 0, err
	}
	n.change.Lock()
	defer n.change.Unlock()
	gone := 0
	now := n.clock.now()
	for _, d := range n.lib.allDocuments() {
		if d.Member != m.ID || d.Gone != 0 || d.Secret == nil || !slices.Contains(paths, d.Path) {
			continue
		}
		err := n.db.Update(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.ReindexVersion(d.Version, store.IndexRemove), tx.SetGone(d.Num, now))
		})
		if err != nil {
			return gone, err
		}
		gone++
	}
	if gone == 0 {
		return 0, nil
	}
	return gone, n.afterIngest(ctx)
}

// OpenArgs names a cited passage: "last#1", or "r-0123#2".
type OpenArgs struct {
	Ref string `json:"ref"`
}

// Opened is a passage in its context.
type Opened struct {
	Document view.Document     `json:"document"`
	Passage  dsai.PassageBody  `json:"passage"`
	Before   *dsai.PassageBody `json:"before,omitempty"`
	After    *dsai.PassageBody `json:"after,omitempty"`
}

func (n *Node) callOpen(ctx context.Context, a OpenArgs, _ func(any)) (*Opened, error) {
	ref, num, ok := strings.Cut(a.Ref, "#")
	var number int
	if _, err := fmt.Sscanf(num, "%d", &number); !ok || err != nil || number < 1 {
		return nil, fmt.Errorf("open %q: want RECEIPT#NUMBER, such as last#1", a.Ref)
	}
	r, err := n.FindReceipt(ctx, ref)
	if err != nil {
		return nil, err
	}
	s, err := n.openReceipt(ctx, r.Digest)
	if err != nil {
		return nil, fmt.Errorf("open %q: that receipt has no passages", a.Ref)
	}
	if number > len(s.Subject.Used) {
		return nil, &control.Error{Kind: control.Usage, Message: fmt.Sprintf("open %q: the answer was given %d passages", a.Ref, len(s.Subject.Used)),
			Hint: "dsai explain REF lists them"}
	}
	u := s.Subject.Used[number-1]
	d := n.lib.documentByID(u.Document)
	if d == nil {
		return nil, fmt.Errorf("open %q: %w", a.Ref, store.ErrNotFound)
	}
	ps, err := n.db.PassagesOf(ctx, u.Version)
	if err != nil {
		return nil, err
	}
	out := &Opened{}
	if out.Document, err = n.viewDocument(ctx, d); err != nil {
		return nil, err
	}
	for _, p := range ps {
		var b dsai.PassageBody
		if p.Body == nil || json.Unmarshal(p.Body, &b) != nil {
			continue
		}
		switch p.Index {
		case u.Passage:
			out.Passage = b
		case u.Passage - 1:
			out.Before = &b
		case u.Passage + 1:
			out.After = &b
		}
	}
	if out.Passage.Text == "" {
		return nil, fmt.Errorf("open %q: the document was forgotten", a.Ref)
	}
	return out, nil
}

// Exported is everything about one member.
type Exported struct {
	Member    MemberShown       `json:"member"`
	Documents []DocumentText    `json:"documents"`
	Consents  []json.RawMessage `json:"consents"`
	Uses      []view.Use        `json:"uses"`

	Additions  []json.RawMessage `json:"additions"`  // to collections
	Objections []Objected        `json:"objections"` // by the member
}

func (n *Node) callExport(ctx context.Context, r Ref, _ func(any)) (*Exported, error) {
	m, err := n.memberNamed(r.Ref)
	if err != nil {
		return nil, err
	}
	out := &Exported{Documents: []DocumentText{}, Consents: []json.RawMessage{}, Additions: []json.RawMessage{},
		Member: n.memberShown(m)}
	docs := slices.DeleteFunc(n.lib.allDocuments(), func(d *document) bool { return d.Member != m.ID })
	shown, err := n.viewDocuments(ctx, docs...)
	if err != nil {
		return nil, err
	}
	var ids []dsai.DocumentID
	for i, d := range docs {
		ids = append(ids, d.ID)
		t, err := n.documentText(ctx, d, shown[i])
		if err != nil {
			return nil, err
		}
		out.Documents = append(out.Documents, *t)
	}
	out.Member.Documents = len(ids)
	for _, g := range n.lib.allGrants() {
		if g.Consent.Subject.Member == m.ID {
			out.Consents = append(out.Consents, g.Consent.Raw)
			for _, a := range n.lib.additionsTo(g) {
				out.Additions = append(out.Additions, a.Raw)
			}
		}
	}
	if out.Objections, err = n.objectionsWhere(ctx, func(o dsai.Objection) bool { return o.Member == m.ID }); err != nil {
		return nil, err
	}
	out.Uses, err = n.Uses(ctx, ids, 0)
	return out, err
}
