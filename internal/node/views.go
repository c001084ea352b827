// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/view"
)

// shortID is how people see a digest: the letter of its kind and dsai.Digest.Short.
func shortID(kind string, d dsai.Digest) string { return kind + "-" + d.Short() }

func shortPurpose(iri string) string {
	if iri == "" {
		return ""
	}
	if s := purpose.Short(iri); s != "" {
		return s
	}
	return iri
}

func shortPurposes(iris []string) []string {
	out := []string{}
	for _, i := range iris {
		out = append(out, shortPurpose(i))
	}
	return out
}

// Documents lists what the node holds, newest first.
func (n *Node) Documents(ctx context.Context) ([]view.Document, error) {
	all := n.lib.allDocuments()
	slices.Reverse(all)
	return n.viewDocuments(ctx, all...)
}

// viewDocuments shows documents. It asks the store the same for one as for all.
func (n *Node) viewDocuments(ctx context.Context, documents ...*document) ([]view.Document, error) {
	counts, err := n.db.UseCounts(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := n.db.VersionCounts(ctx)
	if err != nil {
		return nil, err
	}
	consents := map[*grant]*view.Consent{}
	out := []view.Document{}
	for _, d := range documents {
		uses := counts[d.Num]
		v := view.Document{
			ID: d.ID, Short: shortID("d", d.ID.Digest), Title: inert.Line(d.Title), Path: d.Path, Owner: n.memberName(d.Member), Member: d.Member,
			MediaType: d.version.Media, Language: d.version.Language, Versions: versions[d.Num], Passages: d.version.Passages, Bytes: d.version.Bytes,
			Added: d.Created, Sensitive: d.sensitive(), Uses: uses.Count, LastUse: uses.Last, State: n.documentState(d),
		}
		if g := d.governing(); g != nil {
			if consents[g] == nil {
				c := n.viewTerms(g) // without the documents, or each would be shown with all
				consents[g] = &c
			}
			v.Consent = consents[g]
		}
		out = append(out, v)
	}
	return out, nil
}

// viewDocument shows one document.
func (n *Node) viewDocument(ctx context.Context, d *document) (view.Document, error) {
	vs, err := n.viewDocuments(ctx, d)
	if err != nil {
		return view.Document{}, err
	}
	return vs[0], nil
}

// stateWithdrawn is the state of a document whose member took it back.
const stateWithdrawn = "withdrawn"

// documentState says in a word or two whether a document can be used at all. It
// can be in more than one of these states, of which people are told the first.
func (n *Node) documentState(d *document) string {
	switch {
	case d.Secret == nil:
		return "forgotten"
	case d.Gone != 0:
		return "deleted"
	case !d.Quarantine.IsZero():
		return "quarantined"
	}
	switch g := d.governing(); {
	case g == nil:
		return "no consent"
	case d.withdrawn():
		return stateWithdrawn
	case n.clock.now() > g.Consent.ValidUntil:
		return "expired"
	}
	return "in use"
}

// Consents lists every consent, newest first.
func (n *Node) Consents(context.Context) ([]view.Consent, error) {
	out := []view.Consent{}
	for _, g := range n.lib.allGrants() {
		out = append(out, n.viewConsent(g))
	}
	return out, nil
}

func (n *Node) viewConsent(g *grant) view.Consent {
	v := n.viewTerms(g)
	v.Documents, v.Withdrawn = []string{}, []string{}
	for _, id := range n.documentsOf(g) {
		v.Documents = append(v.Documents, shortID("d", id.Digest))
		if _, ok := g.Withdrawn(id); ok && g.state.Revoked == 0 {
			v.Withdrawn = append(v.Withdrawn, shortID("d", id.Digest))
		}
	}
	return v
}

// viewTerms is viewConsent without the documents.
func (n *Node) viewTerms(g *grant) view.Consent {
	b := g.Consent.Subject
	v := view.Consent{
		Digest: g.Consent.Digest, Short: shortID("c", g.Consent.Digest), Owner: n.memberName(b.Member), Member: b.Member,
		Custody: b.Capture.Custody, Purposes: shortPurposes(b.Purposes.Allow), Denied: shortPurposes(b.Purposes.Deny),
		From: g.Consent.ValidFrom, Until: g.Consent.ValidUntil, Revoked: g.state.Revoked,
		Words: consent.Words(b, g.Consent.ValidUntil), State: "in force",
		Collection: n.collectionName(g),
	}
	switch {
	case g.state.Revoked != 0:
		v.State = "revoked"
	case !g.state.Superseded.IsZero():
		v.State = "superseded"
	case n.clock.now() > g.Consent.ValidUntil:
		v.State = "expired"
	}
	return v
}

// Receipts lists outcomes, newest first: all of them for the operator, else the
// requester's own. Signatures are checked of those on the page, no others.
func (n *Node) Receipts(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Receipt, error) {
	before, err := n.receiptsBefore(ctx, who, p.After)
	if err != nil {
		return nil, err
	}
	var rows []store.Receipt
	if who.Entitled {
		rows, err = n.db.Receipts(ctx, before, p.Limit)
	} else {
		rows, err = n.db.ReceiptsOf(ctx, who.Subject.Requester, before, p.Limit)
	}
	if err != nil {
		return nil, err
	}
	names := n.requesterNames(ctx)
	out := []view.Receipt{}
	for _, r := range rows {
		v, err := n.viewReceipt(ctx, r, names)
		if err != nil {
			return nil, err
		}
		if !who.Entitled && v.Code != "" {
			v.Code = publicCode(v.Code)
		}
		out = append(out, v)
	}
	return out, nil
}

// receiptsBefore returns the number below which a page of receipts lies: that of
// the row that the page before ended with. What names no row of the requester's is
// followed by none.
func (n *Node) receiptsBefore(ctx context.Context, who *pipeline.Requester, after string) (int64, error) {
	if after == "" {
		return store.Newest, nil
	}
	d, err := dsai.ParseDigest(after)
	if err != nil {
		return 0, nil
	}
	r, err := n.db.Receipt(ctx, d)
	if isNotFound(err) || err == nil && !who.Entitled && r.Requester != who.Subject.Requester {
		return 0, nil
	}
	return r.Num, err
}

// publicCode is the refusal code that outsiders, and signed receipts, carry.
func publicCode(c dsai.Code) dsai.Code {
	if c == "" {
		return ""
	}
	return (&dsai.Refusal{Code: c}).Public().Code
}

func (n *Node) viewReceipt(ctx context.Context, r store.Receipt, names requesterNames) (view.Receipt, error) {
	v := view.Receipt{
		Digest: r.Digest, Short: shortID("r", r.Digest), At: r.At, Purpose: shortPurpose(r.Purpose), Requester: names.of(r.Requester),
		Model: r.Model, Ended: r.Ended, Code: r.Code,
	}
	var err error
	if _, v.Index, err = n.db.Index(ctx, r.Digest); err != nil {
		return v, err
	}
	if r.Openings != nil {
		var o dsai.Openings
		if err := json.Unmarshal(r.Openings, &o); err != nil {
			return v, fmt.Errorf("read openings: %w", err)
		}
		if o.Prompt != nil {
			v.Question = inert.Line(o.Prompt.Text)
		}
	}
	if r.Code == "" {
		s, err := n.openReceipt(ctx, r.Digest)
		if err != nil {
			return v, err
		}
		v.Assurance, v.Passages = s.Subject.Assurance, len(s.Subject.Used)
	}
	return v, nil
}

// requesterNames names who asked: the console, or an API key.
type requesterNames map[dsai.Digest]string

func (m requesterNames) of(requester dsai.Digest) string {
	return cmp.Or(m[requester], shortID("k", requester))
}

// requesterNames reads the names once for a whole list. Without them people see
// short ids, which is no reason to show nothing.
func (n *Node) requesterNames(ctx context.Context) requesterNames {
	names := requesterNames{n.console.Subject.Requester: "console"}
	ks, err := n.db.Keys(ctx)
	if err != nil {
		return names
	}
	for _, k := range ks {
		if u, err := n.undertakingOf(ctx, k.Undertaking); err == nil {
			names[u.Subject.Requester] = k.Name
		}
	}
	return names
}

// Uses lists what was done with documents, newest first, refusals and
// withdrawals included.
func (n *Node) Uses(ctx context.Context, documents []dsai.DocumentID, since dsai.Time) ([]view.Use, error) {
	byNum := map[int64]*document{}
	var nums []int64
	for _, id := range documents {
		if d := n.lib.documentByID(id); d != nil {
			byNum[d.Num] = d
			nums = append(nums, d.Num)
		}
	}
	rows, err := n.db.Uses(ctx, nums, since)
	if err != nil {
		return nil, err
	}
	names := n.requesterNames(ctx)
	out := []view.Use{}
	for _, r := range rows {
		d := byNum[r.Document]
		u := view.Use{
			At: r.At, Receipt: r.Digest, Short: shortID("r", r.Digest), Requester: names.of(r.Requester), Purpose: shortPurpose(r.Purpose),
			Document: shortID("d", d.ID.Digest), Title: inert.Line(d.Title), Quoted: inert.Line(r.Quoted), Outcome: "answered", Code: r.Code,
		}
		switch {
		case r.Code != "" && r.Consent.IsZero(): // withheld, whatever the others had for the question
			u.Outcome = "refused"
			if r.Code == dsai.CodeNoEvidence {
				u.Code = dsai.CodeNoGrant
			}
		case r.Code != "":
			u.Outcome = "unanswered" // found for the question, and nothing was answered
		case r.Chars == 0:
			u.Outcome = "considered" // given to the engine, and not quoted
		}
		out = append(out, u)
	}
	objections, err := n.objectionUses(ctx, byNum, out, since)
	if err != nil {
		return nil, err
	}
	out = append(append(out, objections...), n.withdrawals(byNum, since)...)
	slices.SortStableFunc(out, func(a, b view.Use) int { return int(b.At - a.At) })
	return out, nil
}

// withdrawals lists when documents were withdrawn: not when one of several
// consents ended that a document was lent under.
func (n *Node) withdrawals(documents map[int64]*document, since dsai.Time) []view.Use {
	var out []view.Use
	for _, d := range documents {
		for _, g := range d.grants {
			if at, ok := g.Withdrawn(d.ID); ok && at >= since && !d.lentBeside(g, at) {
				out = append(out, view.Use{At: at, Document: shortID("d", d.ID.Digest), Title: inert.Line(d.Title), Outcome: "withdrawn"})
			}
		}
	}
	return out
}

// lentBeside reports whether another consent covered a document when one ended. Of
// two that ended in one second the one that decided counts.
func (d *document) lentBeside(but *grant, at dsai.Time) bool {
	return slices.ContainsFunc(d.grants, func(g *grant) bool {
		taken, ended := g.Withdrawn(d.ID)
		last := !ended || taken > at || taken == at && g == d.governing()
		return g != but && g.state.Superseded.IsZero() && g.Consent.ValidFrom <= at && g.Consent.ValidUntil >= at && last
	})
}

// Status is the state of the node at a glance.
func (n *Node) Status(ctx context.Context) (*view.Status, error) {
	at := n.clock.moment()
	v := &view.Status{
		Version: n.cfg.Version, Home: string(n.home), Coop: n.charter.Subject.Name, CoopID: n.coop.String(), Node: n.id.String(),
		Members: len(n.lib.allMembers()), Policy: n.policy.Load().Digest().String(), Clock: "trusted", LogOrigin: n.log.current().origin, Warnings: []string{},
	}
	if at.Untrusted != "" {
		v.Clock = string(at.Untrusted)
		v.Warnings = append(v.Warnings, "what is consented to "+at.Untrusted.Words())
	}
	for _, d := range n.lib.allDocuments() {
		if d.Secret != nil && d.Gone == 0 {
			v.Documents++
		}
	}
	for _, g := range n.lib.allGrants() {
		if g.stands(at.Now) {
			v.Consents++
		}
	}
	var err error
	if v.Passages, err = n.db.CountPassages(ctx); err != nil {
		return nil, err
	}
	if v.Receipts, v.Refusals, err = n.db.CountReceipts(ctx); err != nil {
		return nil, err
	}
	if v.LogPending, err = n.db.CountPending(ctx); err != nil {
		return nil, err
	}
	cp, err := n.log.current().Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	v.LogSize = cp.Size
	v.DiskBytes = diskBytes(string(n.home))
	n.mu.RLock()
	v.Started, v.Listen, v.Running = n.started, n.listen, n.started != 0
	n.mu.RUnlock()
	return v, nil
}

// Citations describes the quoted passages of an answer, one row each, in the
// order of their numbers.
func (n *Node) Citations(o *pipeline.Output) []view.Citation {
	out := []view.Citation{}
	for i, p := range o.Plan.Evidence.Passages {
		for _, q := range o.Quotes {
			if q.N != i+1 {
				continue
			}
			out = append(out, view.Citation{
				N: q.N, Document: p.Use.Document, Short: shortID("d", p.Use.Document.Digest), Title: inert.Line(p.Body.Title), Owner: inert.Line(p.Name),
				Heading: p.Body.Heading, Page: p.Body.Page, Passage: p.Use.Commitment, Start: q.Start, End: q.End,
				Consent: p.Use.Consent, Quote: quoteText(p.Body, q),
			})
		}
	}
	return out
}

// FindDocuments finds documents by short or full id, path, file name, or the
// name of their member.
func (n *Node) FindDocuments(ref string) []dsai.DocumentID {
	var out []dsai.DocumentID
	hex := strings.TrimPrefix(strings.ToLower(ref), "d-")
	for _, d := range n.lib.allDocuments() {
		switch {
		case ref == "",
			len(hex) >= 4 && strings.HasPrefix(d.ID.String(), hex),
			d.Path == ref, filepath.Base(d.Path) == ref, strings.HasPrefix(d.Path, strings.TrimSuffix(ref, "/")+"/"),
			strings.EqualFold(n.memberName(d.Member), ref):
			out = append(out, d.ID)
		}
	}
	return out
}

// FindReceipt finds a receipt by "last", or the start of its digest.
func (n *Node) FindReceipt(ctx context.Context, ref string) (store.Receipt, error) {
	if ref == "" || ref == "last" {
		r, err := n.db.LastReceipt(ctx)
		if err != nil {
			err = fmt.Errorf("last receipt: %w", err)
		}
		return r, err
	}
	hex := strings.TrimPrefix(strings.ToLower(ref), "r-")
	rows, err := n.db.ReceiptsByPrefix(ctx, hex)
	switch {
	case err != nil:
		return store.Receipt{}, err
	case len(rows) == 0:
		return store.Receipt{}, &missingError{"receipt", ref, "see dsai receipts"}
	case len(rows) > 1:
		return store.Receipt{}, fmt.Errorf("receipt %q: %w: %d receipts begin so", ref, store.ErrAmbiguous, len(rows))
	}
	return rows[0], nil
}

// FindConsent finds what to withdraw: a consent by the start of its digest or
// the name of its collection, or by a document, path or file name that it names. Documents is empty when the
// whole consent is meant.
func (n *Node) FindConsent(ref string) (c dsai.Digest, documents []dsai.DocumentID, err error) {
	hex := strings.TrimPrefix(strings.ToLower(ref), "c-")
	var found []dsai.Digest
	for _, g := range n.lib.allGrants() {
		if len(hex) >= 4 && strings.HasPrefix(g.Consent.Digest.String(), hex) && !strings.HasPrefix(ref, "d-") {
			found = append(found, g.Consent.Digest)
		}
	}
	if len(found) == 1 {
		return found[0], nil, nil
	}
	ids := n.FindDocuments(ref)
	named, err := n.collectionGrant(ref)
	if len(found) > 1 || ref == "" || named != nil && len(ids) > 0 {
		return c, nil, fmt.Errorf("consent %q: %w", ref, store.ErrAmbiguous)
	}
	if err != nil {
		return c, nil, err
	}
	if named != nil {
		return named.Consent.Digest, nil, nil
	}
	for _, id := range ids {
		g := n.inForce(n.lib.documentByID(id))
		if g == nil {
			continue
		}
		if !c.IsZero() && c != g.Consent.Digest {
			return c, nil, fmt.Errorf("%q names documents under several consents: %w", ref, store.ErrAmbiguous)
		}
		c, documents = g.Consent.Digest, append(documents, id)
	}
	if c.IsZero() {
		return c, nil, &missingError{"consent, or document under one that is in force,", ref, "see dsai consent list, dsai docs list"}
	}
	// A collection also stands for what joins it later: it goes by its own name.
	if g := n.lib.grant(c); g.Consent.Subject.Data.Collection == nil && len(documents) == len(n.documentsOf(g)) {
		documents = nil // all of it
	}
	return c, documents, nil
}

// inForce returns the newest consent that still covers a document.
func (n *Node) inForce(d *document) *grant {
	at := n.clock.moment()
	for _, g := range d.grants {
		if !g.stands(at.Now) {
			continue
		}
		if _, r := g.Covers(at, d.ID, d.Version); r == consent.OK || r == consent.Quarantined {
			return g
		}
	}
	return nil
}
