// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package vc issues and opens credentials: canonical JSON, strict decoding,
// did:key, Data Integrity proofs and status lists.
//
// Whatever it returns has one form. A document is accepted only when encoding
// what was understood gives back the bytes that were received, so an unknown
// field, a key in another case or a second spelling of a value never gets in.
//
// It never decides whether a credential is trusted, in force or fitting: it
// knows keys, not people. It reads no clock, no files and no randomness. Every
// package of the verifiable layer may import it, and so may verify and keys.
//
// Formats: spec/credential.md and spec/encoding.md; W3C VC Data Model 2.0, VC
// Data Integrity EdDSA (eddsa-jcs-2022) and ECDSA (ecdsa-jcs-2019)
// Cryptosuites 1.0, Bitstring Status List 1.0, RFC 8785 (JCS).
package vc
