// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

const (
	founded = dsai.Time(1_700_000_000)
	rotated = founded + 1000 // the second member's key
	granted = founded + 2000 // consents
	started = founded + 9000 // the answer
	answers = purpose.Namespace + "SearchFunctionalities"
)

// scene is a co-op of two members on one node that gave one answer. Its fields
// let a test do one thing wrong before it is signed, so that only the check in
// question can find it.
type scene struct {
	t    testing.TB
	seed string // keys and ids; two scenes of one seed are the same co-op

	ceiling  int // of the policy on the age of status lists, 0 = that of the one here
	question string
	policy   func(text []byte) []byte // the document; nil: as it is

	consent  func(i int, c *dsai.Credential[dsai.ConsentBundle])
	signer   func(i int) vc.Signer // of consent i, nil = the usual
	delegate func(i int, d *dsai.Credential[dsai.ConsentDelegation])
	list     func(l *dsai.Credential[dsai.StatusList], bits *vc.Bits)
	receipt  func(r *dsai.InferenceReceipt)
	leaf     func(leaf []byte) // in the log
	bundle   func(b *dsai.Bundle)
	signs    func(r *dsai.Credential[dsai.InferenceReceipt]) vc.Signer
	logKey   string // name of the key that signs checkpoints

	cosigners []string
	signed    map[int]signedTree
	coop      dsai.CoopID
	node      dsai.NodeID
	m         [2]dsai.MemberID
}

// digest returns the digest that the scene calls name.
func (s *scene) digest(name string) dsai.Digest { return dsai.Hash("test", []byte(s.seed+name)) }
func (s *scene) salt(name string) dsai.Salt     { return dsai.Salt(s.digest("salt " + name)) }

func (s *scene) document(i int) dsai.DocumentID {
	return dsai.DocumentID{Digest: s.digest("document " + strconv.Itoa(i))}
}

func (s *scene) member(name string) vc.Signer {
	d := s.digest("member key " + name)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
	must(s.t, err)
	signer, err := vc.NewMemberSigner(key)
	must(s.t, err)
	return signer
}

func (s *scene) nodeKey(name string) ed25519.PrivateKey {
	d := s.digest("node key " + name)
	return ed25519.NewKeyFromSeed(d[:])
}

func (s *scene) nodeSigner(name string) vc.Signer {
	signer, err := vc.NewNodeSigner(s.nodeKey(name))
	must(s.t, err)
	return signer
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// issue seals one credential of the scene.
func issue[S any](s *scene, c dsai.Credential[S], signers ...vc.Signer) vc.Sealed[S] {
	s.t.Helper()
	out, err := vc.Issue(c, c.ValidFrom, signers...)
	must(s.t, err)
	return out
}

// sorted returns the raw forms in the order of their digests.
func sorted[S any](list ...vc.Sealed[S]) []json.RawMessage {
	slices.SortFunc(list, func(a, b vc.Sealed[S]) int { return bytes.Compare(a.Digest[:], b.Digest[:]) })
	out := []json.RawMessage{}
	for _, s := range list {
		out = append(out, s.Raw)
	}
	return slices.CompactFunc(out, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })
}

// tree is an RFC 6962 tree in memory.
type tree struct {
	hashes []tlog.Hash
	size   int64
}

func newTree(t testing.TB, leaves [][]byte) *tree {
	tr := &tree{}
	for _, leaf := range leaves {
		tr.add(t, leaf)
	}
	return tr
}

func (t *tree) add(tb testing.TB, leaf []byte) {
	h, err := tlog.StoredHashes(t.size, leaf, t)
	must(tb, err)
	t.hashes, t.size = append(t.hashes, h...), t.size+1
}

// ReadHashes implements tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, t.hashes[i])
	}
	return out, nil
}

func (t *tree) root(tb testing.TB, size int) dsai.Digest {
	h, err := tlog.TreeHash(int64(size), t)
	must(tb, err)
	return dsai.Digest(h)
}

func (t *tree) prove(tb testing.TB, size, index int) []dsai.Digest {
	p, err := tlog.ProveRecord(int64(size), int64(index), t)
	must(tb, err)
	out := []dsai.Digest{}
	for _, h := range p {
		out = append(out, dsai.Digest(h))
	}
	return out
}

// identity is what founds the co-op.
type identity struct {
	members   []vc.Sealed[dsai.MemberInception]
	event     vc.Sealed[dsai.KeyEvent]
	node      vc.Sealed[dsai.NodeInception]
	charter   vc.Sealed[dsai.Charter]
	policy    []byte
	adoption  vc.Sealed[dsai.PolicyAdoption]
	undertake vc.Sealed[dsai.Undertaking]
}

func (s *scene) found() identity {
	var id identity
	for i, name := range []string{"one", "two"} {
		k := s.member(name)
		m := dsai.MemberInception{ID: k.DID(), ConsentKey: k.DID(), ChainKey: s.digest("chain " + name), Custody: dsai.CustodyDevice, Nonce: s.salt(name)}
		id.members = append(id.members, issue(s, vc.New(dsai.TypeMemberInception, k.DID(), m, founded, 0), k))
		var err error
		s.m[i], err = vc.MemberID(m)
		must(s.t, err)
	}
	chain, two, next := s.digest("chain two b"), s.member("two"), s.member("two b")
	id.event = issue(s, vc.New(dsai.TypeKeyEvent, two.DID(), dsai.KeyEvent{
		ID: two.DID(), Of: s.m[1].Digest, Sequence: 1, Previous: id.members[1].Digest, Reason: "rotation",
		Keys: dsai.KeySet{ConsentKey: next.DID(), ChainKey: &chain}, Custody: dsai.CustodyDevice,
	}, rotated, 0), two, next)

	r := s.nodeSigner("receipt")
	n := dsai.NodeInception{ID: r.DID(), Operator: s.m[0], PeerKey: s.nodeSigner("peer").DID(), LogKey: s.nodeSigner("log").DID(),
		ReceiptKey: r.DID(), WitnessKey: s.nodeSigner("witness").DID(), Nonce: s.salt("node"), Region: "DE"}
	id.node = issue(s, vc.New(dsai.TypeNodeInception, r.DID(), n, founded, 0), r)
	var err error
	s.node, err = vc.NodeID(n)
	must(s.t, err)

	one := s.member("one")
	c := dsai.Charter{ID: one.DID(), Name: "Clinic", Nonce: s.salt("charter"), Constitution: s.digest("constitution"), Founder: s.m[0], Node: s.node}
	id.charter = issue(s, vc.New(dsai.TypeCharter, one.DID(), c, founded, 0), one)
	s.coop, err = vc.CharterID(c)
	must(s.t, err)

	id.policy = fmt.Appendf(nil, `{"name":"first","parameters":{"engines":["extract","infer","upstream"],"maxStatusAgeSeconds":%d,"models":[]},"rules":[{"effect":"deny","id":"nobody","when":"false"},{"effect":"allow","id":"members-may-ask","when":"true"}]}`, cmp.Or(s.ceiling, 60))
	if s.policy != nil {
		id.policy = s.policy(id.policy)
	}
	d, err := vc.PolicyDigest(id.policy)
	must(s.t, err)
	id.adoption = issue(s, vc.New(dsai.TypePolicyAdoption, one.DID(), dsai.PolicyAdoption{ID: one.DID(), Coop: s.coop, Policy: d}, founded, 0), one)
	id.undertake = issue(s, vc.New(dsai.TypeUndertaking, one.DID(), dsai.Undertaking{
		ID: one.DID(), Member: s.m[0], Coop: s.coop, Requester: s.digest("requester"), Role: dsai.RecipientCoop,
		Purposes: []string{answers}, Default: answers, Operators: []dsai.NodeID{s.node}, SpendCap: "0",
	}, granted, granted+100_000), one)
	return id
}

// grants are the consents and what they rest on: two by the first member, one
// over a collection by the second under their second key, one by a delegate.
type grants struct {
	consents    []vc.Sealed[dsai.ConsentBundle]
	delegations []vc.Sealed[dsai.ConsentDelegation]
	addition    vc.Sealed[dsai.CollectionAddition]
	list        vc.Sealed[dsai.StatusList]
}

const listName = "https://node.example/status/1"

func (s *scene) version(i int) dsai.Digest { return s.digest("version " + strconv.Itoa(i)) }

func (s *scene) grant() grants {
	var g grants
	purposes := dsai.Purposes{Allow: []string{answers}, Deny: []string{purpose.Namespace + "Marketing"}, Vocabulary: purpose.Vocabulary, Digest: purpose.Digest()}
	one, two, delegate := s.member("one"), s.member("two b"), s.member("delegate")
	collection, frozen := s.digest("collection"), s.version(0)
	scopes := []dsai.DataScope{
		{Documents: []dsai.DocumentGrant{{Document: s.document(0), Mode: dsai.ModeFrozen, Version: &frozen}}},
		{Documents: []dsai.DocumentGrant{{Document: s.document(1), Mode: dsai.ModeFollowing}}},
		{Documents: []dsai.DocumentGrant{}, Collection: &collection},
		{Documents: []dsai.DocumentGrant{{Document: s.document(3), Mode: dsai.ModeFollowing}}},
	}
	// Two links: the second member lets one key, and that key another, consent.
	holder := two
	for i, next := range []vc.Signer{s.member("between"), delegate} {
		d := vc.New(dsai.TypeConsentDelegation, holder.DID(), dsai.ConsentDelegation{
			ID: holder.DID(), Member: s.m[1], Coop: s.coop, Delegate: next.DID(), Purposes: purposes,
			Ops: []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}, Engines: []dsai.EngineClass{dsai.EngineExtract}, Data: scopes[3], Depth: 1 - i,
		}, granted-10, granted+50_000)
		d.Status = vc.NewStatusEntry(listName, 2000+i)
		if i > 0 {
			d.Subject.Parent = &g.delegations[0].Digest
		}
		s.delegate(i, &d)
		g.delegations = append(g.delegations, issue(s, d, holder))
		holder = next
	}

	for i, scope := range scopes {
		k, m, chain := one, s.m[0], []dsai.Digest(nil)
		if i >= 2 {
			k, m = two, s.m[1]
		}
		subject := k.DID()
		if i == 3 {
			k, chain = delegate, []dsai.Digest{g.delegations[0].Digest, g.delegations[1].Digest}
		}
		c := vc.New(dsai.TypeConsentBundle, k.DID(), dsai.ConsentBundle{
			ID: subject, Member: m, Coop: s.coop, Steward: s.node, Data: scope, RightsBasis: "asserted:own", Categories: []string{},
			Purposes: purposes, Operations: []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}, Engines: []dsai.EngineClass{dsai.EngineExtract},
			Recipients: []string{dsai.RecipientCoop}, Regions: []string{"DE"}, Output: dsai.OutputLimits{QuoteMax: 500},
			Revenue: dsai.RevenueTerms{Share: "policy", Payee: m}, RevocationPoints: []dsai.NodeID{s.node}, MaxStatusAge: 300, Retention: 60,
			Notice: dsai.Notice{Digest: s.digest("notice"), Language: "en"}, Capture: dsai.Capture{Method: "cli", Custody: dsai.CustodyDevice},
			Delegation: chain,
		}, granted, granted+40_000)
		c.Status = vc.NewStatusEntry(listName, 1000+i)
		s.consent(i, &c)
		if other := s.signer(i); other != nil {
			k, c.Issuer, c.Subject.ID = other, other.DID(), other.DID()
		}
		g.consents = append(g.consents, issue(s, c, k))
	}
	g.addition = issue(s, vc.New(dsai.TypeCollectionAddition, two.DID(), dsai.CollectionAddition{
		ID: two.DID(), Member: s.m[1], Coop: s.coop, Collection: collection,
		Document: dsai.DocumentGrant{Document: s.document(2), Mode: dsai.ModeFollowing},
	}, granted, 0), two)

	var bits vc.Bits
	must(s.t, bits.Revoke(7)) // somebody else's
	l := vc.New(dsai.TypeStatusList, s.nodeSigner("receipt").DID(), dsai.StatusList{
		ID: vc.ListID(listName), Type: vc.StatusListType, StatusPurpose: vc.StatusPurpose, Coop: s.coop, Node: s.node, Sequence: 5,
	}, started-60, started+240)
	s.list(&l, &bits)
	text, err := vc.EncodeBits(&bits)
	must(s.t, err)
	l.Subject.EncodedList = text
	g.list = issue(s, l, s.nodeSigner("receipt"))
	return g
}

// passages are the derivations, and what was used of them.
type passages struct {
	derivations []vc.Sealed[dsai.Derivation]
	used        []dsai.Use
	proofs      []dsai.PassageProof
	openings    []dsai.PassageOpening
}

const perDocument = 7

func (s *scene) derive(g grants) passages {
	var p passages
	r := s.nodeSigner("receipt")
	for doc := range g.consents {
		var leaves [][]byte
		var opened []dsai.PassageOpening
		for i := range perDocument {
			text := fmt.Sprintf("Sentence %d of document %d says what to do.", i, doc)
			b := dsai.PassageBody{Title: "Guide", Heading: []string{"Care"}, Page: 1, Start: i * 100, End: i*100 + len(text), Language: "en", Text: text}
			canon, err := vc.Canonical(b)
			must(s.t, err)
			salt := s.salt(fmt.Sprintf("passage %d %d", doc, i))
			leaves = append(leaves, dsai.PassageLeaf(s.document(doc), i, dsai.PassageCommitment(salt, canon)))
			opened = append(opened, dsai.PassageOpening{Salt: salt, Body: b})
		}
		tr := newTree(s.t, leaves)
		d := issue(s, vc.New(dsai.TypeDerivation, r.DID(), dsai.Derivation{
			ID: r.DID(), Coop: s.coop, Node: s.node, Document: s.document(doc), Version: s.version(doc), Extractor: "plain/1",
			Chunker: "cut/1", Unicode: "15.0.0", Language: "en", Passages: perDocument, Root: tr.root(s.t, perDocument),
		}, granted+5, 0), r)
		p.derivations = append(p.derivations, d)
		chosen := []int{doc}
		if doc == 1 {
			chosen = []int{1, 6}
		}
		for _, i := range chosen {
			canon, err := vc.Canonical(opened[i].Body)
			must(s.t, err)
			u := dsai.Use{Document: s.document(doc), Version: s.version(doc), Derivation: d.Digest, Passage: i,
				Commitment: dsai.PassageCommitment(opened[i].Salt, canon), Consent: g.consents[doc].Digest, Status: g.list.Digest}
			if doc == 2 {
				u.Addition = &g.addition.Digest
			}
			p.used = append(p.used, u)
			p.proofs = append(p.proofs, dsai.PassageProof{Hashes: tr.prove(s.t, perDocument, i)})
			opened[i].N = len(p.used)
			p.openings = append(p.openings, opened[i])
		}
	}
	return p
}

// rank signs statistics over five terms and proves two of them.
func (s *scene) rank() (vc.Sealed[dsai.Statistics], []dsai.TermProof) {
	words := []string{"dose", "fever", "give", "sentence", "water"}
	var leaves [][]byte
	for i, w := range words {
		leaves = append(leaves, dsai.TermLeaf(s.salt("term "+w), "en", w, i+2))
	}
	tr := newTree(s.t, leaves)
	r := s.nodeSigner("receipt")
	st := issue(s, vc.New(dsai.TypeStatistics, r.DID(), dsai.Statistics{
		ID: r.DID(), Coop: s.coop, Node: s.node, Ranking: "bm25i/1", Fields: []dsai.FieldStats{{Field: "en", Passages: 28, Tokens: 300}, {Field: "fr"}},
		Terms: len(words), Root: tr.root(s.t, len(words)),
	}, granted+10, 0), r)
	var proofs []dsai.TermProof
	for _, i := range []int{1, 3} {
		proofs = append(proofs, dsai.TermProof{Field: "en", Term: words[i], Salt: s.salt("term " + words[i]), DF: i + 2, Index: i, Hashes: tr.prove(s.t, len(words), i)})
	}
	return st, proofs
}

// open fills in what the receipt commits to.
func (s *scene) open(r *dsai.InferenceReceipt) *dsai.Openings {
	canon := func(v any) string {
		b, err := vc.Canonical(v)
		must(s.t, err)
		return string(b)
	}
	payees := [][32]byte{s.m[0].Digest, s.m[1].Digest}
	slices.SortFunc(payees, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	texts := []struct {
		domain, text string
		want         *dsai.Digest
	}{
		{dsai.DomainPrompt, s.question, &r.Prompt}, {dsai.DomainResponse, "Do what it says [1].", &r.Response},
		{dsai.DomainQuotes, canon([]dsai.Quote{{N: 1, Start: 0, End: 8}, {N: 3, Start: 600, End: 620}}), &r.Quotes},
		{dsai.DomainExcluded, canon(dsai.Excluded{Counts: []dsai.ExcludedCount{{Reason: "no_grant", Count: 2}}}), &r.Excluded},
		{dsai.DomainSettlement, canon(dsai.SettlementRecord{Price: r.Price, Shares: []dsai.SettlementShare{
			{Payee: payees[0], Role: "contributor", Amount: "40"}, {Payee: payees[1], Role: "contributor", Amount: "50"}}}), &r.Settlement},
		{dsai.DomainTrace, canon(map[string]any{"sentences": 1}), &r.Trace},
	}
	o := &dsai.Openings{}
	slots := []**dsai.Opening{&o.Prompt, &o.Response, &o.Quotes, &o.Excluded, &o.Settlement, &o.Trace}
	for i, x := range texts {
		salt := s.salt(x.domain)
		*x.want = dsai.Commit(x.domain, salt, []byte(x.text))
		*slots[i] = &dsai.Opening{Salt: salt, Text: x.text}
	}
	return o
}

const logIndex, logSize = 9, 13

// appendTo puts the leaf into the node's log and returns its tlog-proof, the
// checkpoint cosigned by two witnesses.
func (s *scene) appendTo(origin string, leaf []byte) string {
	s.leaf(leaf)
	leaves := make([][]byte, logSize)
	for i := range leaves {
		d := s.digest("leaf " + strconv.Itoa(i))
		leaves[i] = append([]byte{byte(dsai.LeafConsent)}, d[:]...)
	}
	leaves[logIndex] = leaf
	return s.prove(origin, newTree(s.t, leaves), logSize, logIndex)
}

// prove returns the tlog-proof of one leaf of a log of size.
func (s *scene) prove(origin string, tr *tree, size, index int) string {
	p := proof.TLogProof{Index: uint64(index), Checkpoint: s.checkpoint(origin, tr, size)}
	for _, h := range tr.prove(s.t, size, index) {
		p.Hashes = append(p.Hashes, h)
	}
	return string(p.Marshal())
}

func (s *scene) checkpoint(origin string, tr *tree, size int) []byte {
	if cached, ok := s.signed[size]; ok && cached.tree == tr {
		return cached.note
	}
	root := tr.root(s.t, size)
	text := log.Checkpoint{Origin: origin, Size: uint64(size), Hash: root[:]}.Marshal()
	signers := []note.Signer{s.logSigner(origin)}
	for _, w := range s.cosigners {
		skey, _ := s.witness(w)
		signer, err := fnote.NewSignerForCosignatureV1(skey)
		must(s.t, err)
		signers = append(signers, signer)
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, signers...)
	must(s.t, err)
	s.signed = map[int]signedTree{size: {tr, signed}}
	return signed
}

// signedTree is a tree with its checkpoint.
type signedTree struct {
	tree *tree
	note []byte
}

func (s *scene) logSigner(origin string) note.Signer {
	key := s.nodeKey(s.logKey)
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	must(s.t, err)
	v, err := note.NewVerifier(vkey)
	must(s.t, err)
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, v.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...))))
	must(s.t, err)
	return signer
}

// witness returns the keys of a witness, which are the same for every co-op.
func (s *scene) witness(name string) (skey, vkey string) {
	seed := dsai.Hash("test witness", []byte(name))
	skey, vkey, err := note.GenerateKey(bytes.NewReader(seed[:]), name)
	must(s.t, err)
	return skey, vkey
}

// newScene returns a scene in which nothing is wrong.
func newScene(t testing.TB, seed string) *scene {
	t.Helper()
	s := &scene{
		t: t, seed: seed, logKey: "log", question: "What to do?", cosigners: []string{"w1.example", "w2.example"},
		consent:  func(int, *dsai.Credential[dsai.ConsentBundle]) {},
		signer:   func(int) vc.Signer { return nil },
		delegate: func(int, *dsai.Credential[dsai.ConsentDelegation]) {},
		list:     func(*dsai.Credential[dsai.StatusList], *vc.Bits) {},
		receipt:  func(*dsai.InferenceReceipt) {},
		leaf:     func([]byte) {},
		bundle:   func(*dsai.Bundle) {},
	}
	s.signs = func(*dsai.Credential[dsai.InferenceReceipt]) vc.Signer { return s.nodeSigner("receipt") }
	s.found()
	return s
}

// trust pins the node, and requires all that cosign its log.
func (s *scene) trust() *dsai.Trust {
	t := &dsai.Trust{
		Format: dsai.TrustFormat, Name: "clinic", Coop: s.coop, Witnesses: []dsai.TrustWitness{}, Threshold: len(s.cosigners),
		Nodes: []dsai.TrustNode{{Node: s.node, LogKeys: []string{s.nodeSigner("log").DID()}, ReceiptKeys: []string{s.nodeSigner("receipt").DID()}}},
	}
	for i, name := range s.cosigners {
		_, vkey := s.witness(name)
		t.Witnesses = append(t.Witnesses, dsai.TrustWitness{Operator: []string{"first", "second"}[i], Key: vkey})
	}
	return t
}

// stage is all of a bundle that many answers may share.
type stage struct {
	id     identity
	policy dsai.Digest
	g      grants
	p      passages
	st     vc.Sealed[dsai.Statistics]
	terms  []dsai.TermProof
}

func (s *scene) set() stage {
	s.t.Helper()
	x := stage{id: s.found()}
	x.g = s.grant()
	x.p = s.derive(x.g)
	x.st, x.terms = s.rank()
	var err error
	x.policy, err = vc.PolicyDigest(x.id.policy)
	must(s.t, err)
	return x
}

// answer signs the receipt of one answer and opens what it commits to.
func (s *scene) answer(x stage) (vc.Sealed[dsai.InferenceReceipt], *dsai.Openings) {
	s.t.Helper()
	k := s.nodeSigner("receipt")
	r := dsai.InferenceReceipt{
		ID: k.DID(), Coop: s.coop, Node: s.node, Request: s.digest("request"), Requester: s.digest("pseudonym"), Undertaking: x.id.undertake.Digest,
		Purpose: answers, DeclaredBy: "undertaking",
		Model:    dsai.ModelRef{ID: "dsai-extract-1", Class: dsai.EngineExtract, Fingerprint: dsai.Hash("engine", []byte("dsai-extract-1")), Engine: "extract/1", Profile: "integer"},
		Sampling: "none", Region: "DE", Policy: x.policy, Adoption: x.id.adoption.Digest, Rule: "members-may-ask",
		Operations: []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}, Used: x.p.used, Statistics: x.st.Digest,
		Energy: dsai.Energy{Joules: "0", Source: "none", Scope: "process", Method: "unknown"}, Tokens: dsai.Tokens{Prompt: 3, Completion: 5, Unit: "word"},
		Price: "90", Assurance: dsai.Replayable, Evidence: []dsai.Evidence{}, Started: started, Ended: dsai.EndedComplete,
		Previous: dsai.CheckpointRef{Origin: dsai.LogOrigin(s.node, 0), Size: 4, Root: s.digest("earlier")},
		Log:      dsai.LogOrigin(s.node, 0), AppendBy: started + 70,
	}
	o := s.open(&r)
	o.Passages, o.Terms = x.p.openings, x.terms
	s.receipt(&r)
	c := vc.New(dsai.TypeInferenceReceipt, k.DID(), r, started+2, 0)
	return issue(s, c, s.signs(&c)), o
}

// logLeaf is how the log commits to a receipt.
func (s *scene) logLeaf(r vc.Sealed[dsai.InferenceReceipt]) []byte {
	return dsai.Leaf(dsai.LeafReceipt, s.salt("leaf"), r.Body)
}

// assemble returns the bundle of an answer.
func (s *scene) assemble(x stage, receipt vc.Sealed[dsai.InferenceReceipt], proof string, o *dsai.Openings) []byte {
	s.t.Helper()
	b := dsai.Bundle{
		Format: dsai.BundleFormat, Receipt: receipt.Raw, Salt: s.salt("leaf"), Proof: proof,
		Charter: x.id.charter.Raw, Node: x.id.node.Raw, Members: sorted(x.id.members...), KeyEvents: sorted(x.id.event), Undertaking: x.id.undertake.Raw,
		Policy: x.id.policy, Adoptions: sorted(x.id.adoption), Consents: sorted(x.g.consents...), Delegations: sorted(x.g.delegations...),
		Additions: sorted(x.g.addition), Revocations: []json.RawMessage{}, StatusLists: sorted(x.g.list), Derivations: sorted(x.p.derivations...),
		Passages: x.p.proofs, Statistics: x.st.Raw, Openings: o,
	}
	s.bundle(&b)
	raw, err := vc.Canonical(b)
	must(s.t, err)
	return raw
}

// raw signs everything and returns the bundle.
func (s *scene) raw() []byte {
	s.t.Helper()
	x := s.set()
	receipt, o := s.answer(x)
	return s.assemble(x, receipt, s.appendTo(receipt.Subject.Log, s.logLeaf(receipt)), o)
}

// withRevocation adds the first member's revocation of their second consent,
// effective after the answer.
func withRevocation(s *scene) func(*dsai.Bundle) {
	return func(b *dsai.Bundle) {
		for _, raw := range b.Consents {
			c, err := vc.Open[dsai.ConsentBundle](raw, dsai.TypeConsentBundle)
			must(s.t, err)
			if c.Subject.Member == s.m[0] {
				b.Revocations = sorted(s.revoke(c.Digest, started+1))
			}
		}
	}
}

func (s *scene) revoke(consent dsai.Digest, at dsai.Time) vc.Sealed[dsai.Revocation] {
	one := s.member("one")
	return issue(s, vc.New(dsai.TypeRevocation, one.DID(), dsai.Revocation{
		ID: one.DID(), Member: s.m[0], Coop: s.coop, Consent: consent, Effective: at}, at, 0), one)
}
