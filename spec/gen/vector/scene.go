// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"dsai.example/dsai"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Moments of the scene, in seconds after its begin.
const (
	begin   = dsai.Time(1_767_225_600) // 2026-01-01T00:00:00Z
	rotated = begin + 1_000
	granted = begin + 2_000
	derived = begin + 3_000
	asked   = begin + 9_000
	signed  = asked + 2
	logged  = asked + 3
	later   = asked + 500
)

// scene is a co-op of two members on one node: Ada founded it and keeps her key
// on the node; Bea rotated her key and lets a delegate consent to a collection.
// One question was answered and one refused, then Bea withdrew.
type scene struct {
	credentials []sample // one of each type
	log         []entry  // the node's log, in order

	coop     dsai.CoopID
	node     dsai.NodeID
	ada, bea dsai.MemberID
	origin   string

	charter, inception, adaInception, beaInception, event []byte
	adoption, undertaking, statistics                     sealed
	policy                                                *policy.Policy
	delegation, addition, list                            sealed
	consents, derivations                                 [2]sealed
	passages                                              [2]*tree
	terms                                                 *tree
	receipt                                               sealed
	openings                                              dsai.Openings
	used                                                  []dsai.Use
}

// sealed is a credential of any type.
type sealed struct {
	raw          []byte
	digest, body dsai.Digest
}

func erase[S any](c vc.Sealed[S]) sealed { return sealed{c.Raw, c.Digest, c.Body} }

func newScene() *scene {
	s := &scene{}
	s.found()
	s.grant()
	s.derive()
	s.pin()
	s.answer()
	s.refuse()
	s.withdraw()
	return s
}

// by is who signs what, valid from when, logged as what.
func by(from dsai.Time, kind dsai.LeafKind, signers ...vc.Signer) signing {
	return signing{from: from, kind: kind, signers: signers}
}

func (t signing) to(until dsai.Time) signing { t.until = until; return t }

// found issues everything that says who is who.
func (s *scene) found() {
	ada, bea, bea2, n := member("ada consent"), member("bea consent"), member("bea consent 2"), node("receipt")
	adaSubject := dsai.MemberInception{
		ID: ada.DID(), ConsentKey: ada.DID(), ChainKey: dsai.Commit("chain-key", salt("ada chain"), []byte(member("ada chain").DID())),
		Custody: dsai.CustodyNode, Nonce: salt("ada"),
	}
	beaSubject := dsai.MemberInception{
		ID: bea.DID(), ConsentKey: bea.DID(), ChainKey: dsai.Commit("chain-key", salt("bea chain"), []byte(member("bea chain").DID())),
		Custody: dsai.CustodyDevice, Nonce: salt("bea"),
		Recovery: &dsai.Recovery{Contacts: []string{member("contact 1").DID(), member("contact 2").DID()}, Threshold: 2, Delay: 7 * 24 * 3600},
	}
	nodeSubject := dsai.NodeInception{
		ID: n.DID(), Operator: must1(vc.MemberID(adaSubject)), PeerKey: node("peer").DID(), LogKey: node("log").DID(),
		ReceiptKey: n.DID(), WitnessKey: node("witness").DID(), Nonce: salt("node"), Region: "KE",
	}
	s.ada, s.bea, s.node = must1(vc.MemberID(adaSubject)), must1(vc.MemberID(beaSubject)), must1(vc.NodeID(nodeSubject))
	charter := dsai.Charter{
		ID: ada.DID(), Name: "Clinic", Nonce: salt("charter"), Constitution: dsai.Hash("constitution", []byte("Silence is not consent.\n")),
		Founder: s.ada, Node: s.node,
	}
	s.coop, s.origin = must1(vc.CharterID(charter)), dsai.LogOrigin(s.node, 1)

	issue(s, dsai.TypeLogEpoch, dsai.LogEpoch{ID: n.DID(), Coop: s.coop, Node: s.node, Epoch: 1}, by(begin, dsai.LeafEpoch, n))
	beaInception := issue(s, dsai.TypeMemberInception, beaSubject, by(begin, dsai.LeafIdentity, bea))
	s.founds(s.bea.Digest)
	s.adaInception = issue(s, dsai.TypeMemberInception, adaSubject, by(begin, dsai.LeafIdentity, ada)).Raw
	s.inception = issue(s, dsai.TypeNodeInception, nodeSubject, by(begin, dsai.LeafIdentity, n)).Raw
	s.founds(s.node.Digest)
	s.charter = issue(s, dsai.TypeCharter, charter, by(begin, dsai.LeafIdentity, ada)).Raw
	s.founds(s.coop.Digest)

	s.policy = must1(policy.Parse([]byte(policyText)))
	s.adoption = erase(issue(s, dsai.TypePolicyAdoption, dsai.PolicyAdoption{
		ID: ada.DID(), Coop: s.coop, Policy: s.policy.Digest(), Sequence: 1,
	}, by(begin, dsai.LeafPolicy, ada)))
	s.undertaking = erase(issue(s, dsai.TypeUndertaking, dsai.Undertaking{
		ID: ada.DID(), Member: s.ada, Coop: s.coop, Requester: seed("requester"), Role: dsai.RecipientCoop,
		Purposes: []string{answers}, Default: answers, Operators: []dsai.NodeID{s.node}, SpendCap: "1000000",
	}, by(begin, dsai.LeafUndertaking, ada).to(begin+365*24*3600)))

	chain := dsai.Commit("chain-key", salt("bea chain 2"), []byte(member("bea chain").DID()))
	s.beaInception = beaInception.Raw
	s.event = issue(s, dsai.TypeKeyEvent, dsai.KeyEvent{
		ID: bea.DID(), Of: s.bea.Digest, Sequence: 1, Previous: beaInception.Digest, Reason: "rotation",
		Keys: dsai.KeySet{ConsentKey: bea2.DID(), ChainKey: &chain}, Custody: dsai.CustodyDevice,
	}, by(rotated, dsai.LeafIdentity, bea, bea2)).Raw
}

var (
	answers   = purpose.MustParse("answers")
	marketing = purpose.MustParse("marketing")
)

const listURI = "urn:dsai:vector:status"

func document(i int) dsai.DocumentID {
	return dsai.DocumentID{Digest: seed([]string{"first document", "second document"}[i])}
}

func version(i int) dsai.Digest {
	return dsai.Commit("version", salt("version"), []byte(sources[i]))
}

// consentSubject is what both consents have in common.
func (s *scene) consentSubject(key vc.Signer, of dsai.MemberID, data dsai.DataScope) dsai.ConsentBundle {
	return dsai.ConsentBundle{
		ID: key.DID(), Member: of, Coop: s.coop, Steward: s.node, Data: data, RightsBasis: "asserted:own", Categories: []string{},
		Purposes:   dsai.Purposes{Allow: []string{answers}, Deny: []string{marketing}, Vocabulary: purpose.Vocabulary, Digest: purpose.Digest()},
		Operations: []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}, Engines: []dsai.EngineClass{dsai.EngineExtract, dsai.EngineUpstream},
		Recipients: []string{dsai.RecipientCoop}, Regions: []string{"KE"}, Output: dsai.OutputLimits{QuoteMax: 2000},
		Revenue: dsai.RevenueTerms{Share: "policy", Payee: of}, RevocationPoints: []dsai.NodeID{s.node}, MaxStatusAge: 300, Retention: 0,
		Notice:  dsai.Notice{Digest: consent.NoticeDigest("These are the words shown.\n"), Language: "en"},
		Capture: dsai.Capture{Method: "cli", Custody: dsai.CustodyNode},
	}
}

// grant issues the two consents and what they rest on.
func (s *scene) grant() {
	ada, bea, delegate, n := member("ada consent"), member("bea consent 2"), member("bea delegate"), node("receipt")
	frozen, collection := version(0), seed("collection")
	first := s.consentSubject(ada, s.ada, dsai.DataScope{Documents: []dsai.DocumentGrant{{Document: document(0), Mode: dsai.ModeFrozen, Version: &frozen}}})
	second := s.consentSubject(bea, s.bea, dsai.DataScope{Documents: []dsai.DocumentGrant{}, Collection: &collection})

	t := by(granted-10, dsai.LeafConsent, bea).to(granted + 365*24*3600)
	t.status = vc.NewStatusEntry(listURI, 2)
	s.delegation = erase(issue(s, dsai.TypeConsentDelegation, dsai.ConsentDelegation{
		ID: bea.DID(), Member: s.bea, Coop: s.coop, Delegate: delegate.DID(), Purposes: second.Purposes,
		Ops: second.Operations, Engines: second.Engines, Data: second.Data, Depth: 0,
	}, t))
	second.Capture.Custody = dsai.CustodyDevice
	second.Delegation = []dsai.Digest{s.delegation.digest}

	// The delegated one comes first: it has more fields to show.
	t = by(granted, dsai.LeafConsent, delegate).to(granted + 30*24*3600)
	t.status = vc.NewStatusEntry(listURI, 131071)
	s.consents[1] = erase(issue(s, dsai.TypeConsentBundle, second, t))
	t = by(granted, dsai.LeafConsent, ada).to(granted + 30*24*3600)
	t.status = vc.NewStatusEntry(listURI, 0)
	s.consents[0] = erase(issue(s, dsai.TypeConsentBundle, first, t))
	s.addition = erase(issue(s, dsai.TypeCollectionAddition, dsai.CollectionAddition{
		ID: bea.DID(), Member: s.bea, Coop: s.coop, Collection: collection,
		Document: dsai.DocumentGrant{Document: document(1), Mode: dsai.ModeFollowing},
	}, by(granted+1, dsai.LeafConsent, bea)))

	s.list = erase(issue(s, dsai.TypeStatusList, dsai.StatusList{
		ID: vc.ListID(listURI), Type: vc.StatusListType, StatusPurpose: vc.StatusPurpose, EncodedList: encodedList,
		Coop: s.coop, Node: s.node, Sequence: 5,
	}, by(asked-60, dsai.LeafStatusList, n).to(asked+240)))
}

// withdraw issues what follows a change of mind.
func (s *scene) withdraw() {
	bea, n := member("bea consent 2"), node("receipt")
	r := issue(s, dsai.TypeRevocation, dsai.Revocation{
		ID: bea.DID(), Member: s.bea, Coop: s.coop, Consent: s.consents[1].digest, Documents: []dsai.DocumentID{document(1)},
		Effective: later, Reason: "no longer right",
	}, by(later, dsai.LeafRevocation, bea))
	issue(s, dsai.TypeWithdrawalReceipt, dsai.WithdrawalReceipt{
		ID: n.DID(), Coop: s.coop, Node: s.node, Member: s.bea, Revocation: r.Digest, Consent: s.consents[1].digest,
		Documents: []dsai.DocumentID{document(1)}, Effective: later, LastUse: asked, Uses: 1, Purged: []string{}, Quarantine: []dsai.DocumentID{},
	}, by(later+1, dsai.LeafWithdrawal, n))
	issue(s, dsai.TypeObjection, dsai.Objection{
		ID: bea.DID(), Member: s.bea, Coop: s.coop, Kind: "objection", Against: s.policy.Digest(), Reason: "the price is too high",
	}, by(later+2, dsai.LeafObjection, bea))
}
