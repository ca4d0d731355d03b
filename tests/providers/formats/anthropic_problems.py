"""Anthropic's errors, and what it objects to in a messages request."""

from collections.abc import Iterator
from typing import Any

from .problems import Problem
from .wire import messages_fault

_BAD = "invalid_request_error"
_RATE = "rate_limit_error"
_REQUIRED = ("model", "max_tokens", "messages")
_OPENAI_ONLY = (
    "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "n", "presence_penalty",
    "response_format", "seed", "stop", "stream_options", "user",
)  # fmt: skip

_LOW_BALANCE = (
    "Your credit balance is too low to access the Anthropic API. "
    "Please go to Plans & Billing to upgrade or purchase credits."
)
_BILLING = "Your account has a billing issue. Please check your payment details."
_NOT_PERMITTED = "Your API key does not have permission to use the specified resource."
_TOO_LARGE = "Request exceeds the maximum allowed number of bytes."
_WAIT = "This request would exceed your account's rate limit. Please try again later."
_SPENT = "You have reached your specified API usage limits."
_CONTRACT_SPENT = "Your organization has reached the spend limit of its contract."
_RAMP = "Your usage is growing faster than your organization's limit allows."
_SYSTEM_ROLE = (
    'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
    'not "system" as an input message role.'
)

# Status, type, message, code (which goes into details.error_code).
PROBLEMS = (
    Problem(400, _BAD, "Invalid request."),
    Problem(400, _BAD, _LOW_BALANCE, cause="low_balance"),
    Problem(401, "authentication_error", "invalid x-api-key", cause="bad_key"),
    Problem(401, "authentication_error", "x-api-key header is required", cause="no_key"),
    Problem(402, "billing_error", _BILLING, cause="insufficient_quota"),
    Problem(403, "permission_error", _NOT_PERMITTED, cause="missing_scope"),
    Problem(404, "not_found_error", "model: {model}", cause="unknown_model"),
    Problem(404, "not_found_error", "Not Found", cause="no_route"),
    Problem(405, _BAD, "Method Not Allowed"),
    Problem(413, "request_too_large", _TOO_LARGE),
    Problem(429, _RATE, _WAIT, cause="rate_limited", retry_after_seconds=20),
    Problem(429, _RATE, _SPENT, "enforced_spend_limit_reached", cause="spend_limit"),
    Problem(429, _RATE, _CONTRACT_SPENT, "contract_spend_limit_reached"),
    Problem(429, _RATE, _RAMP, "ramp_limit_exceeded", retry_after_seconds=20),
    Problem(429, _RATE, "Your organization is on hold.", "organization_on_hold"),
    Problem(500, "api_error", "Internal server error"),
    Problem(504, "timeout_error", "The request timed out."),
    Problem(529, "overloaded_error", "Overloaded", cause="overloaded"),
)


def objection_to(body: dict[str, Any]) -> Problem | None:
    """The first thing that is wrong with the body of a messages request."""
    message = next(_objections(body), None)
    return Problem(400, _BAD, message) if message else None


def _objections(body: dict[str, Any]) -> Iterator[str]:
    yield from (f"{name}: Field required" for name in _REQUIRED if body.get(name) is None)
    yield from (f"{name}: Extra inputs are not permitted" for name in _OPENAI_ONLY if name in body)
    if not isinstance(body["max_tokens"], int):
        yield "max_tokens: Input should be a valid integer"
    elif body["max_tokens"] < 1:
        yield "max_tokens: must be greater than or equal to 1"
    if not isinstance(body["model"], str):
        yield "model: Input should be a valid string"
    temperature = body.get("temperature")
    if isinstance(temperature, int | float) and not 0 <= temperature <= 1:
        yield "temperature: range: 0..1"
    yield from _messages_objections(body)


def _messages_objections(body: dict[str, Any]) -> Iterator[str]:
    if messages_fault(body):
        yield "messages: Input should be a valid list"
    if not body["messages"]:
        yield "messages: at least one message is required"
    for index, message in enumerate(body["messages"]):
        yield from _message_objections(index, message)


def _message_objections(index: int, message: dict[str, Any]) -> Iterator[str]:
    role = message.get("role")
    if role == "system":
        yield _SYSTEM_ROLE
    if role not in ("user", "assistant"):
        yield f"messages.{index}.role: Input should be 'user' or 'assistant'"
    content = message.get("content")
    if role == "user" and isinstance(content, str) and not content.strip():
        yield "messages: text content blocks must be non-empty"
