"""Watches an answer that passes through untouched: whether it is whole, what failed in it, its tokens.

Both official SDKs take a stream that broke off for a whole one. So its end marker is demanded here,
and an error inside is seen for what it is.
"""

from typing import Any

from core.providers import failures
from core.providers.documents import Malformed, at, count_at, parse_object, text_at
from core.providers.failures import Failure
from core.providers.formats import sse
from core.providers.wire import Usage

MAX_EVENT_BYTES = 16 << 20
_PRELUDES = {
    "messages": ("message_start", "content_block_start", "ping"),
    "responses": ("response.created", "response.in_progress", "response.queued"),
}
_ANTHROPIC_INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def usage_in(route: str, document: Any) -> Usage:
    """The tokens that a whole answer, or an event of a stream, tells of."""
    if route == "messages":
        return _anthropic(at(document, "message", "usage") or at(document, "usage"))
    if route == "responses":
        found = at(document, "usage") or at(document, "response", "usage")
        return Usage(count_at(found, "input_tokens"), count_at(found, "output_tokens"))
    found = at(document, "usage")
    return Usage(count_at(found, "prompt_tokens"), count_at(found, "completion_tokens"))


def _anthropic(found: Any) -> Usage:
    counts = [count_at(found, name) for name in _ANTHROPIC_INPUT]
    known = [count for count in counts if count is not None]
    return Usage(sum(known) if known else None, count_at(found, "output_tokens"))


class Watch:
    """Of one stream. After its end, `failure` is None exactly if the answer is whole."""

    def __init__(self, route: str, provider: str, secret: str) -> None:
        self._route, self._provider, self._secret = route, provider, secret
        self._parser = sse.Parser(MAX_EVENT_BYTES)
        self._whole = False
        self._failure: Failure | None = None
        self.usage = Usage()
        self.readable = True
        self.began = False
        """Whether anything of the answer itself was there: more than that it is about to begin."""
        self.bytes_seen = 0

    def feed(self, buffer: bytes) -> bool:
        """Looks at a piece. False if it cannot be read: then it is not to be passed on."""
        self.bytes_seen += len(buffer)
        try:
            for event in self._parser.feed(buffer):
                self._see(event.data)
        except (Malformed, sse.EventTooLarge):
            self._failure, self.readable = failures.malformed(), False
            return False
        return True

    def _see(self, data: str) -> None:
        if data == "[DONE]":
            return
        document = parse_object(data)
        if failure := self._failure_in(document):
            self._failure = self._failure or failure
        self.began = self.began or not self._is_prelude(document)
        self.usage = self.usage.updated(usage_in(self._route, document))
        self._whole = self._whole or self._is_end(document)

    def _failure_in(self, document: dict[str, Any]) -> Failure | None:
        inner = document.get("response")
        if document.get("type") == "response.failed" and isinstance(inner, dict):
            document = inner
        return failures.inside(self._provider, document, self._secret)

    def _is_prelude(self, document: dict[str, Any]) -> bool:
        if self._route in _PRELUDES:
            return text_at(document, "type") in _PRELUDES[self._route]
        delta = at(document, "choices", 0, "delta")
        return isinstance(delta, dict) and not any(
            delta.get(name) for name in set(delta) - {"role"}
        )

    def _is_end(self, document: dict[str, Any]) -> bool:
        kind = text_at(document, "type")
        if self._route == "messages":
            return kind == "message_stop"
        if self._route == "responses":
            return kind in ("response.completed", "response.incomplete")
        choices = document.get("choices")
        return isinstance(choices, list) and any(at(one, "finish_reason") for one in choices)

    @property
    def failed_inside(self) -> Failure | None:
        """What the provider itself said, or sent, against the answer."""
        return self._failure

    @property
    def failure(self) -> Failure | None:
        """As things are: an answer without its end marker is a failure of its own."""
        return self._failure or (None if self._whole else failures.truncated())
