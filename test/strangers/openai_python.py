# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0

"""The official OpenAI client for Python against a running node; see openai.mjs."""

import os
import sys

import httpx
import openai

requests = 0


def count(_request):
    global requests
    requests += 1


def client(**options):
    http = httpx.Client(trust_env=False, event_hooks={"request": [count]})
    return openai.OpenAI(max_retries=3, http_client=http, **options)


def ask(question=os.environ["DSAI_QUESTION"], **fields):
    return {"model": "dsai-extract-1", "messages": [{"role": "user", "content": question}]} | fields


def fails(request, error, **members):
    """Asserts the class of an error, its members, and that nothing was retried."""
    global requests
    requests = 0
    try:
        request()
    except openai.APIStatusError as e:
        got = {name: getattr(e, name) for name in members}
        assert isinstance(e, error) and got == members, f"{type(e).__name__} {got}: {e}"
        assert requests == 1, f"{requests} requests sent"
        return
    raise AssertionError("the request succeeded")


def models():
    ids = [m.id for m in client().models.list()]
    assert ids == ["dsai-extract-1", "tiny"], ids


def chat():
    raw = client().chat.completions.with_raw_response.create(**ask())
    answer = raw.parse()
    choice = answer.choices[0]
    assert "[1]" in choice.message.content and choice.finish_reason == "stop", choice
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens, answer.usage
    assert raw.headers["dsai-receipt"] == answer.model_extra["dsai"]["receipt"], raw.headers
    return choice.message.content


def streaming():
    stream = client().chat.completions.create(**ask(stream=True, stream_options={"include_usage": True}))
    chunks = list(stream)
    text = "".join(c.delta.content or "" for chunk in chunks for c in chunk.choices)
    finishes = [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason]
    assert text == chat() and finishes == ["stop"], (text, finishes)
    assert not chunks[-1].choices and chunks[-1].usage.completion_tokens > 0, chunks[-1]


def wrong_key():
    fails(lambda: client(api_key="wrong").chat.completions.create(**ask()),
          openai.AuthenticationError, status_code=401, code="invalid_api_key")


def unsupported():
    fails(lambda: client().chat.completions.create(**ask(n=2)), openai.BadRequestError, status_code=400, param="n")


def not_built():
    fails(lambda: client().embeddings.create(model="dsai-extract-1", input="x"),
          openai.NotFoundError, status_code=404, code="unknown_url")


def refused():
    fails(lambda: client().chat.completions.create(**ask(), extra_headers={"Dsai-Purpose": "marketing"}),
          openai.PermissionDeniedError, status_code=403, code="purpose_not_undertaken")


def no_evidence():
    answer = client().chat.completions.create(**ask(os.environ["DSAI_UNANSWERABLE"]))
    assert answer.choices[0].message.content.startswith("No answer: "), answer
    assert answer.model_extra["dsai"]["refusal"]["code"] == "no_evidence", answer


failed = False
for name, body in {
    "models.list": models,
    "chat": chat,
    "streaming with include_usage": streaming,
    "a wrong key is an AuthenticationError": wrong_key,
    "an unsupported field is a BadRequestError that names it": unsupported,
    "an endpoint that is not built is a NotFoundError": not_built,
    "a refused purpose is a PermissionDeniedError, not retried": refused,
    "no evidence is a readable answer": no_evidence,
}.items():
    try:
        body()
        print(f"ok       openai python: {name}")
    except Exception as e:  # one failure hides no other
        failed = True
        print(f"FAIL     openai python: {name}: {e!r}")
sys.exit(failed)
