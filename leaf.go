// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

import "strconv"

// LeafKind is the first byte of a log leaf: what kind of credential it commits
// to. Values are never reused.
type LeafKind byte

// Leaf kinds.
const (
	LeafReceipt     LeafKind = 1
	LeafRefusal     LeafKind = 2
	LeafConsent     LeafKind = 3 // ConsentBundle, ConsentDelegation, CollectionAddition
	LeafRevocation  LeafKind = 4
	LeafWithdrawal  LeafKind = 5
	LeafStatusList  LeafKind = 6
	LeafIdentity    LeafKind = 7 // Charter, inceptions, KeyEvent
	LeafPolicy      LeafKind = 8
	LeafDerivation  LeafKind = 9
	LeafStatistics  LeafKind = 10
	LeafEpoch       LeafKind = 11
	LeafObjection   LeafKind = 12
	LeafUndertaking LeafKind = 13
)

// Leaf is a log entry: kind byte and Hash("leaf", salt, digest of the JCS form
// of the credential with its proof). Nothing personal is in it: once salt and
// body are erased it is a meaningless hash (spec/log.md#leaf).
func Leaf(kind LeafKind, salt Salt, body Digest) []byte {
	h := Hash("leaf", salt[:], body[:])
	return append([]byte{byte(kind)}, h[:]...)
}

// LogOrigin is the C2SP origin line of a node's log in one epoch.
func LogOrigin(n NodeID, epoch int) string {
	return n.String() + "/log/" + strconv.Itoa(epoch)
}
