// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package consent decides whether a member's signed grant permits a use, at a
// moment, under a status list: the gate of the verifiable layer.
//
// A Grant is built once from opened credentials and asked many times. Whatever
// a grant does not name is denied, and whatever cannot be known (a missing or
// stale list, a clock that went back) counts as a withdrawal. The package also
// holds the rules that belong to that decision: the clock, attenuation along
// delegations, the bound on staleness, and the words in which a member is told
// what was agreed.
//
// It never checks a signature or whose key it is (vc and the caller do), never
// looks at a policy (a policy can only take away: see Query.StatusCeiling), and
// reads no clock, file or state. The node, verify and the command line may
// import it. See spec/consent.md.
package consent
