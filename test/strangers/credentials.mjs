// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Credentials of a real node and of spec/vectors, verified by Digital Bazaar's
// implementation of W3C VC 2.0, Data Integrity and Bitstring Status List.
//
//	node credentials.mjs BEFORE.dsai AFTER.dsai KEPT WITHDRAWN VECTORS
//
// BEFORE uses the consents KEPT and WITHDRAWN (content digests); AFTER was made
// once the second was withdrawn.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {mock} from 'node:test';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as didKey from '@digitalbazaar/did-method-key';
import {createVerifyCryptosuite as ecdsa} from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {createVerifyCryptosuite as eddsa} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import {BitstringStatusList, checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {check, readJSON} from './report.mjs';

const suite = [ecdsa, eddsa].map(s => new DataIntegrityProof({cryptosuite: s()}));
const keys = didKey.driver();
keys.use({multibaseMultikeyHeader: 'zDna', fromMultibase: EcdsaMultikey.from});
keys.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Ed25519Multikey.from});

// loader resolves keys, and a status list's URI to the list that is given.
const loader = list => async url => {
  if (url.startsWith('did:key:')) {
    return {contextUrl: null, documentUrl: url, document: await keys.get({url})};
  }
  if (list && list.credentialSubject.id === `${url}#list`) {
    return {contextUrl: null, documentUrl: url, document: list};
  }
  return vc.defaultDocumentLoader(url);
};

const verify = (credential, {list, now} = {}) => vc.verifyCredential({
  credential, suite, now, documentLoader: loader(list),
  // verifyMatchingIssuers is false because a member issues the consent and the
  // revocation point named in it, a node, issues the list: whoever withdraws must
  // not depend on their own server, and a member has none. That the point is one
  // that the consent names is for dsai's own verifier to check.
  checkStatus: o => checkStatus({...o, suite, documentLoader: loader(list), verifyMatchingIssuers: false}),
});

const reasons = r => [r.error, r.statusResult?.error].filter(Boolean)
  .flatMap(e => [e, e.cause, ...(e.errors ?? []), ...(e.cause?.errors ?? [])]).filter(Boolean).map(e => e.message).join('; ');
const holds = r => assert.equal(r.verified, true, reasons(r));
const revoked = r => r.statusResult.results.map(x => x.status);

// at runs body at another time. checkStatus hands no time on to the check of the
// list, so the clock is moved.
const at = async (time, body) => {
  mock.timers.enable({apis: ['Date'], now: new Date(time)});
  try {
    return await body();
  } finally {
    mock.timers.reset();
  }
};

// refuses asserts that a changed copy fails by its signature and nothing else.
const refuses = async (credential, options, change) => {
  const changed = structuredClone(credential);
  await change(changed);
  const r = await verify(changed, options);
  assert.equal(r.verified, false, 'the changed copy verifies');
  assert.match(reasons(r), /Invalid signature/);
};

const [beforePath, afterPath, kept, withdrawn, vectors] = process.argv.slice(2);
const before = readJSON(beforePath);
const after = readJSON(afterPath);
const consent = digest => {
  const found = before.consents.find(c => c.id === `urn:dsai:${digest}`);
  assert(found, `the bundle has no consent ${digest}`);
  return found;
};
const [listBefore, listAfter] = [before.statusLists[0], after.statusLists[0]];

await check('vc: receipt is valid', async () => holds(await verify(before.receipt)));
await check('vc: receipt with a changed field is refused', () =>
  refuses(before.receipt, {}, c => { c.credentialSubject.tokens.completion += 1; }));

await check('vc: status list is valid', async () => holds(await verify(listAfter)));
await check('vc: status list with a cleared bit is refused', () =>
  refuses(listAfter, {}, async c => { c.credentialSubject.encodedList = await new BitstringStatusList({length: 131072}).encode(); }));

await check('vc: consent is valid and not revoked', async () => {
  for (const list of [listBefore, listAfter]) {
    const r = await verify(consent(kept), {list});
    holds(r);
    assert.deepEqual(revoked(r), [false]);
  }
});
await check('vc: consent with an added operation is refused', () =>
  refuses(consent(kept), {list: listAfter}, c => { c.credentialSubject.operations.push('fine-tune'); }));

// This library calls a credential verified when its signature and its list's
// hold, whatever the list says: only statusResult tells that it was revoked.
await check('vc: withdrawn consent is revoked in statusResult', async () => {
  assert.deepEqual(revoked(await verify(consent(withdrawn), {list: listBefore})), [false]);
  const r = await verify(consent(withdrawn), {list: listAfter});
  holds(r);
  assert.deepEqual(revoked(r), [true]);
});
await check('vc: a withdrawal sets one bit', async () => {
  const bits = await BitstringStatusList.decode({encodedList: listAfter.credentialSubject.encodedList});
  let set = 0;
  for (let i = 0; i < bits.length; i++) set += bits.getStatus(i);
  assert.deepEqual([bits.length, set], [131072, 1]);
});

await check('vc: consent with an expired status list is refused', async () => {
  const r = await at(Date.now() + 3600_000, () => verify(consent(kept), {list: listAfter}));
  assert.equal(r.verified, false, 'it verifies');
  assert.match(reasons(r), /"BitstringStatusListCredential" not verified.* is after "validUntil"/);
});
await check('vc: consent without its status list is refused', async () => {
  const r = await verify(consent(kept));
  assert.equal(r.verified, false, 'it verifies');
  assert.match(reasons(r), /Could not load "BitstringStatusListCredential"/);
});

// The vectors are verified when they were signed, those with a status when the
// list was.
const list = readJSON(path.join(vectors, 'credential-BitstringStatusListCredential.json')).credential;
const signed = credential => [].concat(credential.proof)[0].created;
for (const file of fs.readdirSync(vectors).filter(f => f.startsWith('credential-'))) {
  const {type, credential} = readJSON(path.join(vectors, file));
  const now = signed(credential.credentialStatus ? list : credential);
  await check(`vc: vector ${type} is valid`, () => at(now, async () => holds(await verify(credential, {list, now}))));
}

// A proof set is signed by several, such as the old and the new key, or k of n
// recovery contacts. This library calls it verified when any one signature holds
// and its maker is the issuer, so each signature is asked for by itself: it must
// be by the key that it names, over the document without the set.
const anyPurpose = {validate: async () => ({valid: true})};
const signatures = async credential => {
  const {proof, ...document} = credential;
  return Promise.all([].concat(proof).map(p => suite.find(s => s.cryptosuite === p.cryptosuite)
    .verifyProof({proof: p, document, purpose: anyPurpose, documentLoader: loader()})));
};
const holding = async credential => (await signatures(credential)).map(r => r.verified);

let sets = 0;
for (const file of fs.readdirSync(vectors).filter(f => f.startsWith('credential-'))) {
  const {type, credential} = readJSON(path.join(vectors, file));
  if (!Array.isArray(credential.proof)) continue;
  sets++;
  const all = credential.proof.map(() => true);
  await check(`vc: proof set of ${type}: ${all.length} of ${all.length} signatures are valid, by different keys`, async () => {
    assert.deepEqual(await holding(credential), all);
    assert.equal(new Set(credential.proof.map(p => p.verificationMethod)).size, all.length);
  });
  for (const i of all.keys()) {
    await check(`vc: proof set of ${type}: signature ${i + 1} by another of its keys is refused, and no other`, async () => {
      const changed = structuredClone(credential);
      changed.proof[i].verificationMethod = credential.proof[(i + 1) % all.length].verificationMethod;
      assert.deepEqual(await holding(changed), all.map((_, j) => j !== i));
    });
  }
  await check(`vc: proof set of ${type}: a changed document leaves no signature valid`, async () => {
    const changed = structuredClone(credential);
    changed.credentialSubject.sequence += 1;
    assert.deepEqual(await holding(changed), all.map(() => false));
  });
}
await check('vc: the vectors hold a proof set', () => assert(sets > 0));
