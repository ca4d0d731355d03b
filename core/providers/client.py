"""Sends requests to models in their provider's format and reads the answers.

Nothing a provider does raises here: a stream ends in `Stop` or `Failed`, a call returns `ChatResponse`
or `Failure`. The secret is an argument, stored in no object, and scrubbed from every message.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from core import http
from core.http import Exchange, HttpError, Timeouts
from core.providers import failures
from core.providers.auth import outgoing
from core.providers.documents import Malformed, at, parse_object, text_at
from core.providers.failures import Failure, FailureKind
from core.providers.formats import FORMATS, whole
from core.providers.formats.bounds import MAX_ANSWER_BYTES, MAX_ERROR_BYTES
from core.providers.formats.request import ChatRequest
from core.providers.formats.response import ChatResponse, Failed, Part, Stop
from core.providers.formats.streams import is_stream, parts_of
from core.providers.wire import Endpoint

__all__ = ["ChatStream", "Timeouts", "complete_chat", "list_models", "post", "stream_chat"]

_DEFAULT = Timeouts()


class ChatStream:
    """The parts of one answer, of which the last is a `Stop` or a `Failed`; each `Usage` is a total.

    Nothing is sent before the first part is taken. Read once, by one thread or greenlet; only
    `cancel` may come from another.
    """

    def __init__(self, exchange: Exchange, parts: Iterator[Part]) -> None:
        self._exchange = exchange
        self._parts = parts
        self._is_whole = False

    def __iter__(self) -> Iterator[Part]:
        try:
            for part in self._parts:
                self._is_whole = isinstance(part, Stop)
                yield part
        finally:
            self.close()

    def cancel(self) -> None:
        """Ends the provider's work; the reader gets what is known of the usage, then `Failed`."""
        self._exchange.cancel()

    def close(self) -> None:
        """Lets go of the connection; before the answer is whole, that stops the provider."""
        if self._is_whole:
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
    endpoint: Endpoint,
    secret: str,
    request: ChatRequest,
    model: str,
    timeouts: Timeouts = _DEFAULT,
) -> ChatStream:
    """Requests an answer as a stream. `model` is the provider's own name for it.

    Never raises for what the provider does.
    """
    exchange = Exchange(timeouts)
    request = replace(request, stream=True)
    return ChatStream(exchange, _parts(exchange, endpoint, secret, request, model))


def complete_chat(
    endpoint: Endpoint,
    secret: str,
    request: ChatRequest,
    model: str,
    timeouts: Timeouts = _DEFAULT,
) -> ChatResponse | Failure:
    """Requests a complete answer. Never raises for what the provider does."""
    try:
        with Exchange(timeouts) as exchange:
            failure = _send(exchange, endpoint, secret, request, model)
            return failure or _read_whole(exchange, endpoint, secret)
    except HttpError as error:
        return failures.from_http(error)


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


def _parts(
    exchange: Exchange, endpoint: Endpoint, secret: str, request: ChatRequest, model: str
) -> Iterator[Part]:
    try:
        failure = _send(exchange, endpoint, secret, request, model)
        if failure is None and is_stream(exchange.headers):
            stream = FORMATS[endpoint.route].read_stream
            yield from stream(exchange.buffers(), endpoint.provider_slug, secret)
            return
        response = failure or _read_whole(exchange, endpoint, secret)
    except HttpError as error:
        response = failures.from_http(error)
    if isinstance(response, Failure):
        yield Failed(response)
    else:
        yield from parts_of(response)


def _send(
    exchange: Exchange, endpoint: Endpoint, secret: str, request: ChatRequest, model: str
) -> Failure | None:
    """Sends the request. Returns the failure if the status is not 2xx; raises `HttpError`."""
    document = FORMATS[endpoint.route].write_request(request, model)
    return post(exchange, endpoint, secret, endpoint.route, document, model, request.stream)


def post(
    exchange: Exchange,
    endpoint: Endpoint,
    secret: str,
    route: str,
    document: dict[str, Any],
    model: str = "",
    stream: bool = False,
) -> Failure | None:
    """Sends a JSON object. Returns the failure if the status is not 2xx; raises `HttpError`."""
    if not outgoing.is_sendable(endpoint.provider_slug, secret):
        return Failure(
            FailureKind.rejected, "The key contains characters that aren’t allowed in a key."
        )
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


def _read_whole(exchange: Exchange, endpoint: Endpoint, secret: str) -> ChatResponse | Failure:
    """Raises `HttpError`."""
    body = exchange.read(MAX_ANSWER_BYTES)
    return whole.read_whole(FORMATS[endpoint.route], body, endpoint.provider_slug, secret)
