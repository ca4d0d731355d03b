"""The one way to a model: a request goes out in the provider's format, and events come back.

Nothing a provider does raises here; it all ends in a `Finished` or a `Failed`, in a `Completion` or
a `Failure`. The secret is an argument, never kept in an object, and scrubbed out of every message.
"""

import json
import re
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from core import http
from core.http import Exchange, HttpError, Timeouts
from core.providers import anthropic, converse, failures, fim, openai, responses
from core.providers.auth import outgoing
from core.providers.documents import Malformed, at, parse_object, text_at
from core.providers.failures import Failure, FailureKind
from core.providers.formats.sse import EventTooLarge
from core.providers.wire import (
    ChatRequest,
    Completion,
    Endpoint,
    Event,
    Failed,
    Finished,
    Text,
    Usage,
    Wire,
    WireName,
)

__all__ = ["ChatStream", "Timeouts", "complete_chat", "list_models", "post", "stream_chat"]

MAX_ANSWER_BYTES = 8 << 20
MAX_ERROR_BYTES = 64 << 10

_WIRES: dict[WireName, Wire] = {
    "openai": openai,
    "anthropic": anthropic,
    "responses": responses,
    "converse": converse,
    "fim": fim,
}
_DEFAULT = Timeouts()


class ChatStream:
    """The events of one answer: `Text`s, one `Usage` if known, then one `Finished` or `Failed`.

    Nothing is sent before the first event is asked for. Read once, by one thread or greenlet; only
    `cancel` may come from another.
    """

    def __init__(self, exchange: Exchange, events: Iterator[Event]) -> None:
        self._exchange = exchange
        self._events = events
        self._finished = False

    def __iter__(self) -> Iterator[Event]:
        try:
            for event in self._events:
                self._finished = isinstance(event, Finished)
                yield event
        finally:
            self.close()

    def cancel(self) -> None:
        """Ends the provider's work; the reader gets what is known of the usage, then `Failed`."""
        self._exchange.cancel()

    def close(self) -> None:
        """Lets go of the connection; before the answer is whole, that stops the provider."""
        if self._finished:
            self._exchange.finish()
        self._exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def stream_chat(
    endpoint: Endpoint, secret: str, request: ChatRequest, timeouts: Timeouts = _DEFAULT
) -> ChatStream:
    """Asks for an answer as a stream. Never raises for what the provider does."""
    exchange = Exchange(timeouts)
    return ChatStream(exchange, settled(_events(exchange, endpoint, secret, request)))


def complete_chat(
    endpoint: Endpoint, secret: str, request: ChatRequest, timeouts: Timeouts = _DEFAULT
) -> Completion | Failure:
    """Asks for an answer in one piece. Never raises for what the provider does."""
    try:
        with Exchange(timeouts) as exchange:
            failure = _send(exchange, endpoint, secret, request, stream=False)
            return failure or _whole(exchange, endpoint, secret)
    except HttpError as error:
        return failures.from_http(error)
    except Malformed:
        return failures.malformed()


def list_models(
    endpoint: Endpoint, secret: str, timeouts: Timeouts = _DEFAULT
) -> frozenset[str] | None:
    """The models that this key may use, by the provider's own names; None where it does not say."""
    out = outgoing.listing(endpoint, secret)
    if out is None:
        return None
    try:
        headers = {"user-agent": "mevichat"} | out.headers
        with http.request("GET", out.url, headers, timeouts=timeouts) as response:
            if not 200 <= response.status < 300:
                return None
            rows = at(parse_object(response.read(MAX_ANSWER_BYTES)), "data")
    except (HttpError, Malformed):
        return None
    listed = [text_at(row, "id") for row in rows] if isinstance(rows, list) else []
    return frozenset(filter(None, listed)) or None


def settled(events: Iterator[Event]) -> Iterator[Event]:
    """A format's events in the order that `ChatStream` promises, whatever ends them.

    The usage waits for the end, since it is reported in parts, and `Finished` waits for the usage.
    A connection that breaks after `Finished` took nothing from the answer.
    """
    usage = Usage()
    ending: Event = Failed(failures.truncated())
    try:
        for event in events:
            if isinstance(event, Text):
                yield event
            elif isinstance(event, Usage):
                usage = usage.updated(event)
            else:
                ending = event
    except HttpError as error:
        ending = ending if isinstance(ending, Finished) else Failed(failures.from_http(error))
    except (Malformed, EventTooLarge):
        ending = Failed(failures.malformed())
    if usage != Usage():
        yield usage
    yield ending


def _events(
    exchange: Exchange, endpoint: Endpoint, secret: str, request: ChatRequest
) -> Iterator[Event]:
    failure = _send(exchange, endpoint, secret, request, stream=True)
    if failure:
        yield Failed(failure)
    elif re.search("json|html", exchange.headers.get("content-type", "")):
        yield from _as_events(_whole(exchange, endpoint, secret))
    else:
        wire = _WIRES[endpoint.wire]
        yield from wire.events(exchange.buffers(), endpoint.provider_slug, secret)


def _send(
    exchange: Exchange, endpoint: Endpoint, secret: str, request: ChatRequest, *, stream: bool
) -> Failure | None:
    """Sends the request. Returns what its status says against it; raises `HttpError`."""
    wire = _WIRES[endpoint.wire]
    document = wire.body(request, stream=stream)
    return post(exchange, endpoint, secret, wire.ROUTE, document, request.model, stream)


def post(
    exchange: Exchange,
    endpoint: Endpoint,
    secret: str,
    route: str,
    document: dict[str, Any],
    model: str = "",
    stream: bool = False,
) -> Failure | None:
    """Sends a JSON object. Returns what the status says against it; raises `HttpError`."""
    if not outgoing.is_sendable(endpoint.provider_slug, secret):
        return Failure(FailureKind.rejected, "The key holds characters that no key can have.")
    body = json.dumps(document).encode()
    out = outgoing.prepared(endpoint, route, model, secret, body, stream=stream)
    exchange.send("POST", out.url, {"user-agent": "mevichat"} | out.headers, body)
    if 200 <= exchange.status < 300:
        return None
    return _refusal(exchange, endpoint.provider_slug, secret)


def _refusal(exchange: Exchange, provider: str, secret: str) -> Failure:
    """The status decides even where the body that explains it never comes."""
    try:
        body = exchange.head(MAX_ERROR_BYTES)
    except HttpError:
        body = b""
    return failures.classify(provider, exchange.status, exchange.headers, body, secret)


def _whole(exchange: Exchange, endpoint: Endpoint, secret: str) -> Completion | Failure:
    """Reads an answer in one piece. Raises `HttpError` and `Malformed`."""
    document = parse_object(exchange.read(MAX_ANSWER_BYTES))
    failure = failures.inside(endpoint.provider_slug, document, secret)
    return failure or _WIRES[endpoint.wire].completion(document)


def _as_events(answer: Completion | Failure) -> Iterator[Event]:
    if isinstance(answer, Failure):
        yield Failed(answer)
        return
    if answer.text:
        yield Text(answer.text)
    yield answer.usage
    yield Finished(answer.stop_reason)
