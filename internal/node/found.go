// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/internal/verifiable/tlog"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Names of key files. A member's keys carry the start of its id.
const (
	keyReceipt = "node-receipt"
	keyLog     = "node-log"
	keyPeer    = "node-peer"
	keyWitness = "node-witness"

	secretMAC       = "mac"       // finds equal sources; never logged
	secretPseudonym = "pseudonym" // turns requesters into monthly pseudonyms
)

// Names of meta values.
const (
	metaCharter = "charter" // credential digests
	metaNode    = "node"
	metaConsole = "console" // the operator's own undertaking
	metaEpoch   = "epoch"
	metaStats   = "statistics" // root and credential of the pinned statistics
)

// FoundOptions are the choices of Found.
type FoundOptions struct {
	Coop   string // name, for people
	Member string // founder's name
	Region string // ISO 3166 code; "" = not stated
	Now    func() time.Time
}

// Found makes a co-op of one: a founder, a node, a charter, a first policy and
// an empty log. It refuses a home that exists with ErrHomeTaken, and leaves
// nothing behind when it is interrupted.
func Found(ctx context.Context, h Home, o FoundOptions) error {
	if _, err := h.format(); err == nil {
		return fmt.Errorf("found co-op in %s: %w", h, ErrHomeTaken)
	}
	if st, err := os.Lstat(string(h)); err == nil && !st.IsDir() {
		return fmt.Errorf("found co-op in %s: it is not a folder: %w", h, fs.ErrExist)
	}
	es, err := os.ReadDir(string(h))
	// Whoever verified before founding has a trust folder here already.
	if trusting := len(es) == 1 && es[0].Name() == filepath.Base(h.Trust()); err == nil && len(es) > 0 && !trusting {
		return fmt.Errorf("found co-op in %s: the folder is not empty: %w", h, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(string(h)), 0o700); err != nil {
		return fmt.Errorf("found co-op: %w", err)
	}
	// All is made beside its place and moved there whole.
	draft, err := os.MkdirTemp(filepath.Dir(string(h)), ".dsai-founding-")
	if err != nil {
		return fmt.Errorf("found co-op: %w", err)
	}
	defer os.RemoveAll(draft)
	if err := found(ctx, Home(draft), o); err != nil {
		return fmt.Errorf("found co-op: %w", err)
	}
	if err := adoptTrust(h, Home(draft)); err != nil {
		return fmt.Errorf("found co-op: keep trust files: %w", err)
	}
	if err := os.Remove(string(h)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("found co-op: %w", err)
	}
	return durable.Rename(draft, string(h))
}

// adoptTrust moves the trust files that were there before the co-op.
func adoptTrust(from, to Home) error {
	if _, err := os.Stat(from.Trust()); err != nil {
		return nil // none: the usual case
	}
	return errors.Join(os.Remove(to.Trust()), durable.Rename(from.Trust(), to.Trust()))
}

func found(ctx context.Context, h Home, o FoundOptions) error {
	ring, err := keys.Create(h.Keys())
	if err != nil {
		return err
	}
	now := dsai.At(o.Now())
	founder, err := newMember(ring, o.Member, now)
	if err != nil {
		return err
	}
	node, signer, err := newNode(ring, founder.member.ID, o.Region, now)
	if err != nil {
		return err
	}
	nodeID, err := vc.NodeID(node.Subject)
	if err != nil {
		return err
	}
	charter, err := vc.Issue(vc.New(dsai.TypeCharter, founder.signer.DID(), dsai.Charter{
		ID: founder.signer.DID(), Name: o.Coop, Nonce: newSalt(), Constitution: policy.ConstitutionDigest(),
		Founder: founder.member.ID, Node: nodeID,
	}, now, 0), now, founder.signer)
	if err != nil {
		return err
	}
	db, err := store.Create(ctx, h.Database())
	if err != nil {
		return err
	}
	defer db.Close()
	if err := durable.WriteJournal(h.Opened()); err != nil {
		return err
	}
	db.SetEpoch(1)
	coop, err := vc.CharterID(charter.Subject)
	if err != nil {
		return err
	}
	if err := foundRecords(ctx, db, foundation{now, coop, nodeID, founder, node, charter, signer}); err != nil {
		return err
	}
	if err := createLog(ctx, h, ring, nodeID, 1, keyLog); err != nil {
		return err
	}
	ix, err := retrieve.Create(h.Index())
	if err != nil {
		return err
	}
	if err := ix.Close(); err != nil {
		return err
	}
	if _, err := retrieve.CreateEpochs(h.Statistics()); err != nil {
		return err
	}
	if err := os.Mkdir(h.Trust(), 0o700); err != nil {
		return err
	}
	return h.setFormat(Format)
}

// foundation is what a co-op begins with.
type foundation struct {
	now     dsai.Time
	coop    dsai.CoopID
	nodeID  dsai.NodeID
	founder newcomer
	node    vc.Sealed[dsai.NodeInception]
	charter vc.Sealed[dsai.Charter]
	signer  vc.Signer // of the node
}

// foundRecords writes the first records, in the order in which they enter the
// log: the epoch comes first.
func foundRecords(ctx context.Context, db *store.Store, f foundation) error {
	epoch, err := vc.Issue(vc.New(dsai.TypeLogEpoch, f.signer.DID(), dsai.LogEpoch{
		ID: f.signer.DID(), Coop: f.coop, Node: f.nodeID, Epoch: 1,
	}, f.now, 0), f.now, f.signer)
	if err != nil {
		return err
	}
	adoption, err := vc.Issue(vc.New(dsai.TypePolicyAdoption, f.founder.signer.DID(), dsai.PolicyAdoption{
		ID: f.founder.signer.DID(), Coop: f.coop, Policy: policy.Default().Digest(), Sequence: 1,
	}, f.now, 0), f.now, f.founder.signer)
	if err != nil {
		return err
	}
	console, err := newUndertaking(f.founder.signer, undertakingTerms{
		member: f.founder.member.ID, coop: f.coop, node: f.nodeID, now: f.now,
		purposes: purpose.ShortIRIs(), def: purpose.MustParse("answers"),
	})
	if err != nil {
		return err
	}
	return db.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.Put(record(epoch, dsai.LeafEpoch, f.now)),
			tx.Put(record(f.founder.inception, dsai.LeafIdentity, f.now)),
			tx.Put(record(f.node, dsai.LeafIdentity, f.now)),
			tx.Put(record(f.charter, dsai.LeafIdentity, f.now)),
			tx.Put(record(adoption, dsai.LeafPolicy, f.now)),
			tx.Put(record(console, dsai.LeafUndertaking, f.now)),
			tx.AddMember(f.founder.member),
			tx.SetMeta(metaCharter, f.charter.Digest[:]),
			tx.SetMeta(metaNode, f.node.Digest[:]),
			tx.SetMeta(metaConsole, console.Digest[:]),
			tx.SetMeta(metaEpoch, []byte("1")),
			tx.SetMeta(metaRewritten, []byte{}),
			tx.SetMeta(policyKey(policy.Default().Digest()), policy.Default().Canonical()),
		)
	})
}

// newcomer is a member just made, with its signer.
type newcomer struct {
	member    store.Member
	inception vc.Sealed[dsai.MemberInception]
	signer    vc.Signer
}

// newMember makes a member whose keys this node keeps, and says so.
func newMember(ring *keys.Ring, name string, now dsai.Time) (newcomer, error) {
	// The key files are named after the member's id, which depends on the keys:
	// they are made under a random name first.
	draft := "draft-" + newSalt().String()[:12]
	signer, err := ring.NewMember(draft + "-consent")
	if err != nil {
		return newcomer{}, err
	}
	chain, err := ring.NewMember(draft + "-chain")
	if err != nil {
		return newcomer{}, err
	}
	salt := newSalt()
	inception, err := vc.Issue(vc.New(dsai.TypeMemberInception, signer.DID(), dsai.MemberInception{
		ID: signer.DID(), ConsentKey: signer.DID(), ChainKey: dsai.Commit("chain-key", salt, []byte(chain.DID())),
		Custody: dsai.CustodyNode, Nonce: newSalt(),
	}, now, 0), now, signer)
	if err != nil {
		return newcomer{}, err
	}
	id, err := vc.MemberID(inception.Subject)
	if err != nil {
		return newcomer{}, err
	}
	for _, use := range []string{"-consent", "-chain"} {
		if err := ring.Rename(draft+use, memberKey(id)+use); err != nil {
			return newcomer{}, err
		}
	}
	return newcomer{store.Member{
		ID: id, Name: name, DID: signer.DID(), Custody: dsai.CustodyNode,
		Inception: inception.Digest, Secrets: salt[:], Created: now,
	}, inception, signer}, nil
}

func memberKey(id dsai.MemberID) string { return "member-" + id.String()[:16] }

func newNode(ring *keys.Ring, operator dsai.MemberID, region string, now dsai.Time) (vc.Sealed[dsai.NodeInception], vc.Signer, error) {
	var none vc.Sealed[dsai.NodeInception]
	dids := map[string]string{}
	for _, name := range []string{keyReceipt, keyLog, keyPeer, keyWitness} {
		s, err := ring.NewNode(name)
		if err != nil {
			return none, nil, err
		}
		dids[name] = s.DID()
	}
	signer, err := ring.Signer(keyReceipt)
	if err != nil {
		return none, nil, err
	}
	n, err := vc.Issue(vc.New(dsai.TypeNodeInception, signer.DID(), dsai.NodeInception{
		ID: signer.DID(), Operator: operator, Region: region, Nonce: newSalt(),
		PeerKey: dids[keyPeer], LogKey: dids[keyLog], ReceiptKey: dids[keyReceipt], WitnessKey: dids[keyWitness],
	}, now, 0), now, signer)
	return n, signer, err
}

func createLog(ctx context.Context, h Home, ring *keys.Ring, n dsai.NodeID, epoch int, keyFile string) error {
	key, err := ring.Ed25519(keyFile)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(h.Log(epoch)), 0o700); err != nil {
		return err
	}
	l, err := tlog.Create(ctx, tlog.Config{Dir: h.Log(epoch), Origin: dsai.LogOrigin(n, epoch), Key: key})
	if err != nil {
		return err
	}
	return l.Close()
}

type undertakingTerms struct {
	member   dsai.MemberID
	coop     dsai.CoopID
	node     dsai.NodeID
	now      dsai.Time
	until    dsai.Time
	purposes []string
	def      string
}

func newUndertaking(s vc.Signer, t undertakingTerms) (vc.Sealed[dsai.Undertaking], error) {
	return vc.Issue(vc.New(dsai.TypeUndertaking, s.DID(), dsai.Undertaking{
		ID: s.DID(), Member: t.member, Coop: t.coop, Requester: dsai.Digest(newSalt()), Role: dsai.RecipientCoop,
		Purposes: t.purposes, Default: t.def, Operators: []dsai.NodeID{t.node}, SpendCap: "0",
	}, t.now, t.until), t.now, s)
}

// record is the row of a sealed credential.
func record[S any](s vc.Sealed[S], kind dsai.LeafKind, now dsai.Time) store.Credential {
	c := store.Credential{Digest: s.Digest, Type: s.Type[1], Raw: s.Raw, Created: now, Kind: kind, Body: s.Body}
	if kind != 0 {
		c.Salt = newSalt()
	}
	return c
}

// newSalt returns 32 fresh random bytes.
func newSalt() dsai.Salt {
	var s dsai.Salt
	rand.Read(s[:]) // never fails (crypto/rand)
	return s
}
