// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// The official OpenAI client for JavaScript against a running node. It reads
// OPENAI_BASE_URL and OPENAI_API_KEY, as users set them. DSAI_QUESTION has an
// answer in the node's documents, DSAI_UNANSWERABLE none.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import {check} from './report.mjs';

let requests = 0;
const counted = (...args) => { requests += 1; return fetch(...args); };
const client = (options = {}) => new OpenAI({fetch: counted, maxRetries: 3, ...options});
const ask = (fields = {}) => ({
  model: 'dsai-extract-1', messages: [{role: 'user', content: process.env.DSAI_QUESTION}], ...fields,
});
const create = (fields, options) => client().chat.completions.create(ask(fields), options);

// fails asserts the class of an error, its members, and that nothing was retried.
async function fails(request, type, members) {
  requests = 0;
  const err = await request().then(() => assert.fail('the request succeeded'), e => e);
  assert(err instanceof type, `${err.constructor.name}: ${err.message}`);
  for (const [name, want] of Object.entries(members)) assert.equal(err[name], want, `${name} of ${err.message}`);
  assert.equal(requests, 1, 'requests sent');
}

let whole;
await check('openai npm: models.list', async () => {
  const ids = [];
  for await (const m of client().models.list()) ids.push(m.id);
  assert.deepEqual(ids, ['dsai-extract-1', 'tiny']);
});
await check('openai npm: chat', async () => {
  const {data, response} = await client().chat.completions.create(ask()).withResponse();
  const [choice] = data.choices;
  whole = choice.message.content;
  assert.match(whole, /\[1\]/);
  assert.equal(choice.finish_reason, 'stop');
  assert.equal(choice.message.annotations[0].type, 'url_citation');
  assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
  assert.match(data.dsai.receipt, /^[0-9a-f]{64}$/);
  assert.equal(response.headers.get('dsai-receipt'), data.dsai.receipt);
});
await check('openai npm: streaming with include_usage', async () => {
  let text = '', usage, finishes = [], receipt, last;
  for await (const chunk of await create({stream: true, stream_options: {include_usage: true}})) {
    last = chunk;
    usage = chunk.usage ?? usage;
    for (const c of chunk.choices) {
      text += c.delta.content ?? '';
      if (c.finish_reason) finishes.push(c.finish_reason), receipt = chunk.dsai?.receipt;
    }
  }
  assert.equal(text, whole);
  assert.deepEqual(finishes, ['stop']);
  assert.match(receipt ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(last.choices, []);
  assert(usage.completion_tokens > 0 && usage === last.usage);
});
await check('openai npm: streaming without usage has no chunk without choices', async () => {
  for await (const chunk of await create({stream: true})) {
    assert.equal(chunk.choices.length, 1);
    assert.equal(chunk.usage ?? null, null);
  }
});
await check('openai npm: a wrong key is an AuthenticationError', () =>
  fails(() => client({apiKey: 'wrong'}).chat.completions.create(ask()), OpenAI.AuthenticationError, {status: 401, code: 'invalid_api_key'}));
await check('openai npm: an unsupported field is a BadRequestError that names it', () =>
  fails(() => create({n: 2}), OpenAI.BadRequestError, {status: 400, param: 'n'}));
await check('openai npm: an unknown model is a NotFoundError', () =>
  fails(() => create({model: 'gpt-none'}), OpenAI.NotFoundError, {status: 404, code: 'model_not_found'}));
await check('openai npm: an endpoint that is not built is a NotFoundError', () =>
  fails(() => client().embeddings.create({model: 'dsai-extract-1', input: 'x'}), OpenAI.NotFoundError, {status: 404, code: 'unknown_url'}));
await check('openai npm: a refused purpose is a PermissionDeniedError, not retried', () =>
  fails(() => create({}, {headers: {'Dsai-Purpose': 'marketing'}}), OpenAI.PermissionDeniedError, {status: 403, code: 'purpose_not_undertaken'}));
await check('openai npm: no evidence is a readable answer', async () => {
  const r = await create({messages: [{role: 'user', content: process.env.DSAI_UNANSWERABLE}]});
  assert.match(r.choices[0].message.content, /^No answer: /);
  assert.equal(r.choices[0].finish_reason, 'stop');
  assert.equal(r.dsai.refusal.code, 'no_evidence');
});

// The same with a model file, whose weights come from a seed: what it says is no
// language, and all that a client can ask for has an effect.
const tiny = (fields = {}, options) => create({model: 'tiny', max_tokens: 24, ...fields}, options);
await check('openai npm: a model file has a fingerprint and a licence', async () => {
  const m = await client().models.retrieve('tiny');
  assert.equal(m.dsai.class, 'infer');
  assert.equal(m.dsai.license, 'Apache-2.0');
  assert.match(m.dsai.fingerprint, /^[0-9a-f]{64}$/);
});
let said, length; // the model may end its answer before 24 tokens, and always says the same
await check('openai npm: a model file answers, with exact usage', async () => {
  const r = await tiny();
  said = r.choices[0].message.content;
  assert.equal(r.dsai.assurance, 'replayable');
  assert.deepEqual(r.dsai.no_effect, []);
  length = r.usage.completion_tokens;
  assert(length > 2 && length <= 24);
  assert(r.usage.prompt_tokens > 100);
  assert.equal(r.choices[0].finish_reason, length === 24 ? 'length' : 'stop');
  const cut = await tiny({max_tokens: 2});
  assert.deepEqual([cut.usage.completion_tokens, cut.choices[0].finish_reason], [2, 'length']);
});
await check('openai npm: a model file streams the same', async () => {
  let text = '', usage;
  for await (const chunk of await tiny({stream: true, stream_options: {include_usage: true}})) {
    usage = chunk.usage ?? usage;
    for (const c of chunk.choices) text += c.delta.content ?? '';
  }
  assert.equal(text, said);
  assert.equal(usage.completion_tokens, length);
});
await check('openai npm: a seed gives the same answer, another one another', async () => {
  const texts = [];
  for (const seed of [1, 1, 2]) texts.push((await tiny({temperature: 1.5, seed})).choices[0].message.content);
  assert.equal(texts[0], texts[1]);
  assert.notEqual(texts[0], texts[2]);
});
await check('openai npm: logprobs of a model file, one for each token', async () => {
  const r = await tiny({logprobs: true, top_logprobs: 2});
  const {content} = r.choices[0].logprobs;
  assert.equal(content.length, r.usage.completion_tokens);
  for (const t of content) {
    assert(t.logprob <= 0 && t.top_logprobs.length === 2 && t.top_logprobs[0].logprob >= t.logprob);
  }
});
await check('openai npm: logprobs while streaming', async () => {
  let n = 0;
  for await (const chunk of await tiny({stream: true, logprobs: true})) for (const c of chunk.choices) n += c.logprobs?.content.length ?? 0;
  assert.equal(n, length);
});
await check('openai npm: a stop text ends a model file', async () => {
  const whole = await tiny({temperature: 1.5, seed: 1});
  const stop = whole.choices[0].message.content.split(' ').find(w => w.length > 3 && /^[a-z]+$/.test(w));
  assert(stop, `no word in the answer`);
  const r = await tiny({temperature: 1.5, seed: 1, stop: [stop]});
  assert.equal(r.choices[0].finish_reason, 'stop');
  assert(!r.choices[0].message.content.split('Sources:')[0].includes(stop));
  assert(r.usage.completion_tokens <= whole.usage.completion_tokens);
});
await check('openai npm: penalties, top_p and what is beyond OpenAI', async () => {
  const r = await tiny({temperature: 1, top_p: 0.5, frequency_penalty: 1, presence_penalty: 1, top_k: 20, min_p: 0.05, seed: 3, max_tokens: undefined, max_completion_tokens: 8});
  assert(r.usage.completion_tokens <= 8);
  assert.deepEqual(r.dsai.no_effect, []);
});
