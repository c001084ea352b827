// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Streams an answer into the page. Without this script the form works as it is.
// Everything from the node is set as text, never as markup.

const form = document.getElementById("ask");
const send = document.getElementById("send");
const result = document.getElementById("result");
const text = document.getElementById("text");
const sources = document.getElementById("sources");
const receipt = document.getElementById("receipt");

function element(name, properties, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

// isolated keeps a name's direction from turning the words around it.
const isolated = (name) => element("bdi", { textContent: name });

function busy(on) {
  send.disabled = on;
  result.setAttribute("aria-busy", String(on));
}

// link turns the marks of known sources into ways to them.
function link(answer, known) {
  text.replaceChildren();
  let from = 0;
  for (const m of answer.matchAll(/\[(\d{1,3})\]/g)) {
    const n = Number(m[1]);
    if (!known.some((s) => s.n === n)) continue;
    text.append(answer.slice(from, m.index), element("a", { className: "mark", href: `#source-${n}`, ariaLabel: `source ${n}`, textContent: String(n) }));
    from = m.index + m[0].length;
  }
  text.append(answer.slice(from));
}

function source(s) {
  const where = element("p", { className: "where" }, isolated(s.title));
  for (const h of s.where) where.append(" › ", isolated(h));
  if (s.page) where.append(`, page ${s.page}`);
  if (s.owner) where.append(" · ", isolated(s.owner));
  const quotes = s.quotes.map((q) => element("blockquote", { dir: "auto", textContent: q }));
  return element("li", { id: `source-${s.n}`, value: s.n }, where, ...quotes);
}

function end(answer, a) {
  link(answer, a.sources);
  if (a.refusal) {
    text.append(element("p", {}, element("strong", { textContent: "No answer." }), ` ${a.refusal.reason}.`));
    if (a.refusal.missing?.length) text.append(element("p", { textContent: `Not found: ${a.refusal.missing.join(", ")}` }));
  }
  if (a.note) text.append(element("p", { className: "note", textContent: a.note }));
  sources.replaceChildren(...a.sources.map(source));
  receipt.replaceChildren();
  if (!/^0*$/.test(a.receipt)) {
    receipt.append(element("a", { href: `/receipts/${a.receipt}`, textContent: `Receipt ${a.receipt.slice(0, 8)}` }));
    for (const tag of [a.assurance, a.model]) {
      if (tag) receipt.append(" ", element("span", { className: "tag", textContent: tag }));
    }
  }
}

function problem(words) {
  text.append(element("p", { className: "note", textContent: words }));
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const split = (held + value).split("\n");
    held = split.pop();
    yield* split;
  }
}

async function ask() {
  result.hidden = false;
  text.replaceChildren();
  sources.replaceChildren();
  receipt.replaceChildren();
  let answer = "";
  let ended = false;
  const response = await fetch("/ask/stream", { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (!(response.headers.get("Content-Type") ?? "").includes("ndjson")) {
    problem(response.status === 401 ? "Your session has ended. Open a new login link." : "The node could not answer.");
    return;
  }
  for await (const l of lines(response.body)) {
    const event = JSON.parse(l);
    if (event.text) {
      answer += event.text;
      text.append(event.text);
    } else if (event.end) {
      ended = true;
      end(answer, event.end);
    } else if (event.error) {
      ended = true;
      problem(event.error);
    }
  }
  if (!ended) problem("The connection broke off. The receipt is in the list of receipts.");
}

form.addEventListener("submit", async (e) => {
  e.preventDefault();
  if (send.disabled) return;
  busy(true);
  try {
    await ask();
  } catch {
    problem("The node cannot be reached.");
  } finally {
    busy(false);
  }
});
document.getElementById("question").addEventListener("keydown", (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
    e.preventDefault();
    form.requestSubmit();
  }
});
