// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// The receipt's place in the log, checked by the Merkle and signed-note code of
// sigstore-js. The leaf is made from spec/encoding.md and spec/log.md alone, so
// this also checks that they say enough.
//
//	node log.mjs BUNDLE.dsai TRUST DIR
//
// It leaves leaf, proof and vkey in DIR, for test/torchwood.

import assert from 'node:assert/strict';
import {createHash, createPublicKey} from 'node:crypto';
import fs from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import canonicalize from 'canonicalize';
import {check, readJSON} from './report.mjs';

// Not part of that package's interface, which takes Sigstore's own bundles only.
const require = createRequire(import.meta.url);
const {verifyCheckpoint} = require('@sigstore/verify/dist/tlog/checkpoint.js');
const {verifyMerkleInclusion} = require('@sigstore/verify/dist/tlog/merkle.js');

// spec/encoding.md, Hash
function hash(domain, ...parts) {
  const h = createHash('sha256').update(`dsai/1/${domain}\0`);
  for (const part of parts) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(part.length));
    h.update(length).update(part);
  }
  return h.digest();
}

// spec/log.md, Leaf
const kinds = {InferenceReceipt: 1, RefusalReceipt: 2};
function leafOf(credential, salt) {
  const body = hash('body', Buffer.from(canonicalize(credential)));
  return Buffer.concat([Buffer.from([kinds[credential.type[1]]]), hash('leaf', Buffer.from(salt, 'hex'), body)]);
}

// c2sp.org/tlog-proof@v1
function parseProof(text) {
  const end = text.indexOf('\n\n');
  const [format, index, ...hashes] = text.slice(0, end).split('\n');
  assert.equal(format, 'c2sp.org/tlog-proof@v1');
  assert.match(index, /^index \d+$/);
  return {
    logIndex: index.slice('index '.length),
    hashes: hashes.map(h => Buffer.from(h, 'base64')),
    checkpoint: {envelope: text.slice(end + 2)},
  };
}

// logKey returns the log's key as sigstore-js and as c2sp.org/signed-note have it.
async function logKey(origin, did) {
  const multikey = await Ed25519Multikey.from({type: 'Multikey', publicKeyMultibase: did.slice('did:key:'.length)});
  const {publicKey} = await multikey.export({publicKey: true, raw: true});
  const typed = Buffer.concat([Buffer.from([1]), publicKey]);
  const id = createHash('sha256').update(`${origin}\n`).update(typed).digest().subarray(0, 4);
  const x = Buffer.from(publicKey).toString('base64url');
  return {
    vkey: `${origin}+${id.toString('hex')}+${typed.toString('base64')}`,
    tlog: {logID: id, baseURL: origin, publicKey: createPublicKey({format: 'jwk', key: {kty: 'OKP', crv: 'Ed25519', x}})},
  };
}

const [bundlePath, trustPath, dir] = process.argv.slice(2);
const bundle = readJSON(bundlePath);
const trust = readJSON(trustPath);
const leaf = leafOf(bundle.receipt, bundle.salt);
const inclusionProof = parseProof(bundle.proof);
const origin = bundle.receipt.credentialSubject.log;
const key = await logKey(origin, trust.nodes[0].logKeys[0]);
const entry = {inclusionProof, canonicalizedBody: leaf};

let checkpoint;
await check('sigstore: checkpoint is signed by the log key of the trust file', () => {
  checkpoint = verifyCheckpoint(entry, [key.tlog]);
  assert.equal(checkpoint.origin, origin);
});
await check('sigstore: checkpoint with another size is refused', () => {
  const envelope = inclusionProof.checkpoint.envelope.replace(/\n(\d+)\n/, '\n1$1\n');
  assert.throws(() => verifyCheckpoint({inclusionProof: {checkpoint: {envelope}}}, [key.tlog]), /invalid checkpoint signature/);
});
await check('sigstore: receipt is in the log', () => verifyMerkleInclusion(entry, checkpoint));
await check('sigstore: any changed byte of the leaf is refused', () => {
  for (let i = 0; i < leaf.length; i++) {
    const canonicalizedBody = Buffer.from(leaf);
    canonicalizedBody[i] ^= 1;
    assert.throws(() => verifyMerkleInclusion({inclusionProof, canonicalizedBody}, checkpoint), /does not match/, `byte ${i}`);
  }
});
await check('sigstore: a changed receipt has another leaf', () => {
  const changed = structuredClone(bundle.receipt);
  changed.credentialSubject.tokens.completion += 1;
  const canonicalizedBody = leafOf(changed, bundle.salt);
  assert.throws(() => verifyMerkleInclusion({inclusionProof, canonicalizedBody}, checkpoint), /does not match/);
});

fs.writeFileSync(path.join(dir, 'leaf'), leaf);
fs.writeFileSync(path.join(dir, 'proof'), bundle.proof);
fs.writeFileSync(path.join(dir, 'vkey'), key.vkey);
