"""Errors in the client's format, returned in place of an answer.

An invalid token is 401 (checked earlier), no key 404, no balance 402, all keys failed 502: clients
retry or stop by the status alone. A provider's error about the request is passed on, scrubbed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import Invalid
from core.gateway.billing import money
from core.gateway.request_log.writer import Record
from core.gateway.routing import Decision
from core.gateway.upstream import Refused
from core.providers import formats

EXHAUSTED = "upstream_credentials_exhausted"
NO_BALANCE = "no_balance"
NOT_PAID_FROM_BALANCE = "not_paid_from_balance"

_PASSED = ("retry-after", "retry-after-ms", "x-should-retry", "request-id", "openai-processing-ms")
_PASSED_BEGINNINGS = ("x-ratelimit-", "anthropic-ratelimit-")
_RETRYABLE = frozenset({429, 500, 502, 503, 504, 529})

_SENTENCES = {
    "model_not_found": "There’s no model “{model}” here. GET /v1/models lists the available models.",
    "format_not_served": "“{model}” isn’t available at this endpoint. Try another one, such as "
    "/v1/chat/completions.",
    "no_key_for_model": "This workspace has no key that serves “{model}”{why}. Add one in the console, "
    "under Provider keys.",
    EXHAUSTED: "Every key of this workspace that serves “{model}” is marked invalid{why}. Replace it in "
    "the console, under Provider keys.",
    NO_BALANCE: "The balance of this workspace doesn’t cover this request{why}, and it has no key of its own "
    "that serves “{model}”. Add a key or top up the balance.",
}
_WHOLE_WINDOW = (
    ": it contains an image, a file or an earlier answer, so the model’s whole context window is "
    "reserved for it"
)
_OWED = ": it still owes {usd} for an earlier request"
_STATUSES = {EXHAUSTED: 502, NO_BALANCE: 402}


@dataclass
class Reply:
    """What the client gets. `body` is complete bytes, a stream, or empty until `with_body` fills it."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""
    code: str = ""
    message: str = ""


def of_decision(decision: Decision, model: str) -> Reply:
    """Why no provider gets the request."""
    reasons = ", ".join(f"{one.provider}: {one.reason}" for one in decision.skipped)
    return _reply(decision.refusal, model, f" ({reasons})" if reasons else "")


def without_balance(model: str, unseen: bool = False) -> Reply:
    return _reply(NO_BALANCE, model, _WHOLE_WINDOW if unseen else "")


def in_debt(model: str, owed_microusd: int) -> Reply:
    """An earlier request cost more than its hold, and the rest hasn't been paid."""
    return _reply(NO_BALANCE, model, _OWED.format(usd=money.format_usd(owed_microusd)))


def not_bounded(error: Invalid) -> Reply:
    """A field of the request makes its cost unbounded, so the balance can't pay for it."""
    return Reply(400, code=NOT_PAID_FROM_BALANCE, message=error.message)


def non_token_charge(name: str) -> Reply:
    """An extra that is not priced by tokens, so the balance cannot pay for it."""
    message = (
        f"“{name[:60]}” has charges beyond tokens, and the balance pays for tokens only. Remove it, or add "
        "your own key in the console, under Provider keys."
    )
    return Reply(400, code=NOT_PAID_FROM_BALANCE, message=message)


def exhausted(last: Refused | None, wait_seconds: float) -> Reply:
    """Every key failed, or is in its cooldown for `wait_seconds`.

    502 rather than 401, so that clients don't think their own gateway token is invalid.
    """
    why = last.failure.message if last else "Its provider is rate-limiting it."
    reply = Reply(502, code=EXHAUSTED)
    reply.message = f"No key of this workspace got an answer. The last error: {why}"
    reply.headers = passed_headers(last.headers) if last else {}
    if wait := (last and last.failure.retry_after_seconds) or wait_seconds:
        reply.headers.setdefault("retry-after", str(max(1, round(wait))))
    return reply


def untranslatable(error: Invalid) -> Reply:
    """No provider of the model has a format that can express the whole request."""
    return Reply(400, code=error.code, message=error.message)


def internal(route: str, request_id: str) -> Reply:
    """An error on our side."""
    message = "Something went wrong on our end. Your request isn’t the cause; the server log has the details."
    body = formats.errors.body(route, 500, "internal", message, {"request_id": request_id})
    return Reply(500, {"content-type": "application/json"}, json.dumps(body).encode(), "internal")


def final(refused: Refused, same_format: bool) -> Reply:
    """The provider's error about the request: its own body in the same format, else its message."""
    status = refused.status or 502
    code = refused.failure.provider_code or str(refused.failure.kind)
    reply = Reply(status, passed_headers(refused.headers), code=code[:40])
    reply.message = refused.failure.message
    if same_format and refused.body and "json" in refused.headers.get("content-type", ""):
        reply.body = refused.body
    return reply


def with_body(reply: Reply, route: str, record: Record) -> Reply:
    """The reply with its JSON body, if it has none yet."""
    reply.headers["content-type"] = "application/json"
    if not reply.body:
        reply.body = json.dumps(
            formats.errors.body(
                route, reply.status, reply.code, reply.message, _facts(reply, record)
            )
        ).encode()
    return reply


def trail(attempts: list[dict[str, Any]]) -> str:
    """`anthropic 401 rejected, bedrock 200`: for a header."""
    tries = ([one["provider"], str(one["status"] or "-"), one["kind"]] for one in attempts)
    return ", ".join(" ".join(filter(None, words)) for words in tries)


def passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A provider's headers about waiting, rate limits and request ids, which clients get too."""
    return {
        name: text
        for name, text in headers.items()
        if name in _PASSED or name.startswith(_PASSED_BEGINNINGS)
    }


def _reply(code: str, model: str, why: str = "") -> Reply:
    message = _SENTENCES[code].format(model=model[:100], why=why)
    return Reply(_STATUSES.get(code, 404), code=code, message=message)


def _facts(reply: Reply, record: Record) -> dict[str, Any]:
    return {
        "request_id": record.id,
        "provider": record.provider,
        "source": record.key_source,
        "retryable": reply.status in _RETRYABLE,
        "retry_after": reply.headers.get("retry-after"),
        "attempts": record.attempts,
    }
