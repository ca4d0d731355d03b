"""The ways an answer takes from a provider: to a bot, to a key check, and through the gateway.

Each way gets the same bytes of a provider and says what became of them, so that none knows better.
"""

import json
from dataclasses import dataclass

from core.gateway import attempts, calls
from core.gateway.models import WORKSPACE
from core.gateway.routing import Candidate, Offer
from core.gateway.upstream import Refused
from core.http import Timeouts
from core.providers import catalogue, client, endpoints
from core.providers.failures import Failure
from core.providers.formats import FORMATS
from core.providers.formats.request import ChatRequest, Text, Turn
from core.providers.formats.response import Failed, TextDelta, Usage
from core.providers.probe import probe
from core.providers.wire import Endpoint

SLUGS = {
    "chat": "google", "messages": "anthropic", "responses": "perplexity", "converse": "bedrock",
}  # fmt: skip
WIRES = {"chat": "openai", "messages": "anthropic"}
SECRETS = {"converse": json.dumps({"apiKey": "ABSK" + 40 * "x", "region": "us-east-1"})}
REQUEST = ChatRequest(turns=(Turn("user", (Text("Hello"),)),), max_tokens=16)


@dataclass
class Outcome:
    """`failure` is the kind, or "" for a whole answer; `passed` is what a program got of it, as bytes."""

    text: str = ""
    failure: str = ""
    tokens: tuple[int | None, int | None] = (None, None)
    passed: bytes = b""


def serve(monkeypatch, body, content_type, status=200):
    """Every request is answered so; a list arrives piece by piece."""

    class Exchange:
        def __init__(self, timeouts):
            self.status, self.headers = status, {"content-type": content_type}

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def send(self, *request):
            pass

        def buffers(self):
            return iter(body if isinstance(body, list) else [body])

        def read(self, limit_bytes):
            return b"".join(self.buffers())

        head = read

        def close(self):
            pass

        cancel = finish = close

    for module in (client, attempts):
        monkeypatch.setattr(module, "Exchange", Exchange)
    monkeypatch.setattr(endpoints, "timeouts", Timeouts)
    monkeypatch.setattr(endpoints, "endpoint", lambda slug: Endpoint(slug, "", "http://x.invalid"))


def endpoint_of(name):
    return Endpoint(SLUGS[name], WIRES.get(name, name), "http://x.invalid")


def to_bot(name):
    stream = client.stream_chat(endpoint_of(name), SECRETS.get(name, "key"), REQUEST, "m")
    return _of_parts(list(stream))


def to_check(name):
    """What a key check makes of it: whether the key passes, and the failure where it does not."""
    provider = catalogue.provider(SLUGS[name])
    outcome = probe(endpoint_of(name), SECRETS.get(name, "key"), provider, Timeouts())
    return Outcome(failure=str(outcome.failure.kind) if outcome.failure else "")


def translated(name, stream):
    """To a program that speaks another format."""
    caller = "messages" if name == "chat" else "chat"
    answer = _ask(caller, name, stream)
    if isinstance(answer, Refused):
        return Outcome(failure=str(answer.failure.kind))
    data = b"".join(answer.buffers)
    if not stream:
        response = FORMATS[caller].read_answer(json.loads(data))
        return Outcome(response.text, _kind(answer.failure), _tokens(answer.usage), data)
    read = _of_parts(list(FORMATS[caller].read_stream([data], "openai", "")))
    assert bool(read.failure) == bool(answer.failure), "The program has to learn how it ended."
    return Outcome(read.text, _kind(answer.failure), _tokens(answer.usage), data)


def passed_through(name, stream):
    """To a program of the same format."""
    answer = _ask(name, name, stream)
    if isinstance(answer, Refused):
        return Outcome(failure=str(answer.failure.kind))
    data = b"".join(answer.buffers)
    return Outcome("", _kind(answer.failure), _tokens(answer.usage), data)


def _ask(caller, route, stream):
    document = {"model": "m", "max_tokens": 16, "messages": [{"role": "user", "content": "Hello"}]}
    if caller == "responses":
        document = {"model": "m", "input": "Hello"}
    body = json.dumps(document | {"stream": stream}).encode()
    call = calls.read(caller, body, {})
    offer = Offer(catalogue.provider(SLUGS[route]), "x:m", "m", None)
    candidate = Candidate(offer, route, WORKSPACE, None)
    return attempts.prepare(candidate, call, SECRETS.get(route, "key"), "req_1").send()


def _of_parts(parts):
    *rest, last = parts
    text = "".join(part.text for part in rest if isinstance(part, TextDelta))
    usage = ([part for part in rest if isinstance(part, Usage)] or [Usage()])[-1]
    failure = last.failure if isinstance(last, Failed) else None
    return Outcome(text, _kind(failure), _tokens(usage))


def _kind(failure: Failure | None) -> str:
    return str(failure.kind) if failure else ""


def _tokens(usage):
    return usage.tokens_in, usage.tokens_out
