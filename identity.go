// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

// Charter founds a co-op. It is signed by the founder's consent key; CoopID is
// Hash("charter", JCS(subject)). It exists before any chain (spec/identity.md).
type Charter struct {
	ID           string   `json:"id"` // did:key of the founder's consent key
	Name         string   `json:"name"`
	Nonce        Salt     `json:"nonce"`
	Constitution Digest   `json:"constitution"` // Hash("constitution", text)
	Founder      MemberID `json:"founder"`
	Node         NodeID   `json:"node"` // the founding node
}

// Custody says who can use a member's key.
type Custody string

// Custody values.
const (
	CustodyDevice Custody = "device" // only its owner can sign
	CustodyNode   Custody = "node"   // an operator keeps it; recorded and shown
)

// MemberInception names a member's two P-256 keys. It is signed by the consent
// key. The chain key, used for ballots and claims, appears only as a salted
// commitment, so that consents do not link to votes.
type MemberInception struct {
	ID         string  `json:"id"` // did:key of the consent key
	ConsentKey string  `json:"consentKey"`
	ChainKey   Digest  `json:"chainKeyCommitment"` // Commit("chain-key", salt, did:key)
	Custody    Custody `json:"custody"`
	Nonce      Salt    `json:"nonce"`
	// Recovery names the contacts that may rotate the keys together; empty
	// means that only the current key can.
	Recovery *Recovery `json:"recovery,omitempty"`
}

// Recovery is a k-of-n set of contacts and the delay in which the current key
// may cancel what they ask for.
type Recovery struct {
	Contacts  []string `json:"contacts"` // did:key
	Threshold int      `json:"threshold"`
	Delay     Seconds  `json:"delaySeconds"`
}

// NodeInception names a node's Ed25519 keys, one per use. It is signed by the
// receipt key.
type NodeInception struct {
	ID         string   `json:"id"` // did:key of the receipt key
	Operator   MemberID `json:"operator"`
	PeerKey    string   `json:"peerKey"`
	LogKey     string   `json:"logKey"`
	ReceiptKey string   `json:"receiptKey"`
	WitnessKey string   `json:"witnessKey"`
	Nonce      Salt     `json:"nonce"`
	Region     string   `json:"region"` // ISO 3166 code, or "" when not stated
}

// KeyEvent rotates keys under an unchanged MemberID or NodeID. It is signed by
// the key in force (the consent key, or the node's receipt key), or by enough
// recovery contacts, and always by the new key too. Events form a chain: each
// names the digest of the one before, the first that of the inception.
type KeyEvent struct {
	ID       string  `json:"id"` // did:key of the key in force before this event
	Of       Digest  `json:"of"` // the MemberID or NodeID
	Sequence int     `json:"sequence"`
	Previous Digest  `json:"previous"`
	Reason   string  `json:"reason"` // KeysRotated, KeysCompromised or KeysRecovered
	Keys     KeySet  `json:"keys"`
	Custody  Custody `json:"custody,omitempty"`
}

// Reasons of key events.
const (
	KeysRotated     = "rotation"
	KeysCompromised = "compromise" // the key before may be in other hands
	KeysRecovered   = "recovery"   // by recovery contacts
)

// KeySet holds the keys in force after a KeyEvent: for a member ConsentKey and
// ChainKey, for a node the other four.
type KeySet struct {
	ConsentKey string  `json:"consentKey,omitempty"`
	ChainKey   *Digest `json:"chainKeyCommitment,omitempty"`
	PeerKey    string  `json:"peerKey,omitempty"`
	LogKey     string  `json:"logKey,omitempty"`
	ReceiptKey string  `json:"receiptKey,omitempty"`
	WitnessKey string  `json:"witnessKey,omitempty"`
}

// PolicyAdoption puts a policy document in force. For a co-op without a chain
// it is signed by the founder; each adoption supersedes the one before.
type PolicyAdoption struct {
	ID       string  `json:"id"` // did:key of the founder's consent key
	Coop     CoopID  `json:"coop"`
	Policy   Digest  `json:"policy"` // Hash("policy", JCS(document))
	Sequence int     `json:"sequence"`
	Previous *Digest `json:"previous,omitempty"` // the PolicyAdoption it supersedes
}

// LogEpoch opens a log. The first epoch has no last checkpoint; a restore from
// backup opens a new epoch, whose first leaf names the last one known.
type LogEpoch struct {
	ID    string         `json:"id"` // did:key of the node's receipt key
	Coop  CoopID         `json:"coop"`
	Node  NodeID         `json:"node"`
	Epoch int            `json:"epoch"`
	Last  *CheckpointRef `json:"last,omitempty"`
}

// CheckpointRef names a state of a transparency log.
type CheckpointRef struct {
	Origin string `json:"origin"` // LogOrigin of the node and epoch
	Size   uint64 `json:"size"`   // leaves
	Root   Digest `json:"root"`   // RFC 6962 root
}
