"""OpenAI's errors, and what it objects to in a chat request."""

import re
from typing import Any

from .problems import Problem
from .wire import messages_fault

_BAD = "invalid_request_error"
_NO_QUOTA = "insufficient_quota"
_DOCS = "https://platform.openai.com/docs/guides/error-codes/api-errors"
_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_WANTS_COMPLETION_TOKENS = re.compile(r"(gpt-5|gpt-6|o[1-9])")
_FIXED_TEMPERATURE = re.compile(r"gpt-5(-mini|-nano)?(-\d{4}-\d\d-\d\d)?")

_SCOPES = (
    "You have insufficient permissions for this operation. Missing scopes: model.request. "
    "Check that you have the correct role in your organization (Reader, Writer, Owner) and "
    "project (Member, Owner), and if you're using a restricted API key, "
    "that it has the necessary scopes."
)
_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header "
    "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
)
_BAD_KEY = (
    "Incorrect API key provided: {starred_key}. "
    "You can find your API key at https://platform.openai.com/account/api-keys."
)
_REQUESTS = (
    "Rate limit reached for {model} in organization org-loopback on requests per min (RPM): "
    "Limit 3, Used 3, Requested 1. Please try again in 20s."
)
_TOKENS = (
    "Rate limit reached for {model} in organization org-loopback on tokens per min (TPM): "
    "Limit 30000, Used 29000, Requested 2000. Please try again in 20s."
)
_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    f"information on this error, read the docs: {_DOCS}."
)
_SPENT = "Your organization has reached its spend limit for this period."
_PROJECT_SPENT = "Your project has reached its spend limit for this period."
_REGION = "Country, region, or territory not supported"
_NO_MODEL = "The model `{model}` does not exist or you do not have access to it."
_SORRY = "The server had an error while processing your request. Sorry about that!"
_BUSY = "Our servers are currently overloaded. Please try again later."
_UNAVAILABLE = "service_unavailable_error"

_EMPTY = (
    "Invalid 'messages': empty array. Expected an array with minimum length 1, "
    "but got an empty array instead."
)
_ROLE = (
    "Invalid value: '%s'. Supported values are: "
    "'system', 'assistant', 'user', 'function', 'tool', and 'developer'."
)
_MAX_TOKENS = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead."
)
_TEMPERATURE = (
    "Unsupported value: 'temperature' does not support %s with this model. "
    "Only the default (1) value is supported."
)
_MOVED = {
    "messages": "input", "max_tokens": "max_output_tokens", "response_format": "text.format",
}  # fmt: skip
_UNSUPPORTED = (
    "Unsupported parameter: '%s'. In the Responses API, this parameter has moved to '%s'."
)
_LEAST_OUTPUT = 16
_TOO_FEW = (
    "Invalid 'max_output_tokens': integer below minimum value. "
    "Expected a value >= %s, but got %s instead."
)
_STREAM_OPTIONS = "The 'stream_options' parameter is only allowed when 'stream' is enabled."

# Status, type, message, code. Last in a status: the types of other vendors with this format.
PROBLEMS = (
    Problem(400, _BAD, "Invalid request."),
    Problem(401, _BAD, _BAD_KEY, "invalid_api_key", cause="bad_key"),
    Problem(401, _BAD, _NO_KEY, cause="no_key"),
    Problem(401, _BAD, _SCOPES, cause="missing_scope"),
    Problem(401, "authentication_error", "Authentication failed."),
    Problem(402, "unknown_error", "Insufficient Balance", _BAD, cause="low_balance"),
    Problem(403, "request_forbidden", _REGION, "unsupported_country_region_territory"),
    Problem(404, _BAD, _NO_MODEL, "model_not_found", cause="unknown_model"),
    Problem(404, _BAD, "Invalid URL", cause="no_route"),
    Problem(405, _BAD, "Not allowed to use this method here.", "method_not_allowed"),
    Problem(413, _BAD, "The request is too large.", "request_too_large"),
    Problem(429, "requests", _REQUESTS, "rate_limit_exceeded", None, "rate_limited", 20),
    Problem(429, "tokens", _TOKENS, "rate_limit_exceeded", retry_after_seconds=20),
    Problem(429, "rate_limit_error", _REQUESTS, "rate_limit_exceeded", retry_after_seconds=20),
    Problem(429, _NO_QUOTA, _QUOTA, "insufficient_quota", cause="insufficient_quota"),
    Problem(429, _NO_QUOTA, _SPENT, "organization_spend_limit_exceeded", cause="spend_limit"),
    Problem(429, _NO_QUOTA, _PROJECT_SPENT, "project_spend_limit_exceeded"),
    Problem(429, _NO_QUOTA, "Your credit balance is exhausted.", "credit_balance_exhausted"),
    Problem(500, "server_error", _SORRY),
    Problem(503, _UNAVAILABLE, _BUSY, "server_is_overloaded", cause="overloaded"),
    Problem(503, _UNAVAILABLE, "Slow down.", "slow_down"),
    Problem(503, "overloaded_error", _BUSY),
)


def objection_to(body: dict[str, Any]) -> Problem | None:
    """The first thing that is wrong with the body of a chat request."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        return Problem(400, _BAD, "you must provide a model parameter")
    return _messages_objection(body) or _parameter_objection(body)


def response_objection_to(body: dict[str, Any]) -> Problem | None:
    """The same of a request for a response."""
    for name in ("model", "input"):
        if not body.get(name):
            message = f"Missing required parameter: '{name}'."
            return _refused(message, "missing_required_parameter", name)
    for name, instead in _MOVED.items():
        if name in body:
            message = _UNSUPPORTED % (name, instead)
            return _refused(message, "unsupported_parameter", name)
    most = body.get("max_output_tokens")
    if most is not None and most < _LEAST_OUTPUT:
        message = _TOO_FEW % (_LEAST_OUTPUT, most)
        return _refused(message, "integer_below_min_value", "max_output_tokens")
    return None


def _messages_objection(body: dict[str, Any]) -> Problem | None:
    if "messages" not in body:
        message = "Missing required parameter: 'messages'."
        return _refused(message, "missing_required_parameter", "messages")
    if messages_fault(body):
        message = "Invalid type for 'messages': expected an array of objects."
        return _refused(message, "invalid_type", "messages")
    if not body["messages"]:
        return _refused(_EMPTY, "empty_array", "messages")
    for index, message in enumerate(body["messages"]):
        if message.get("role") not in _ROLES:
            return _refused(_ROLE % message.get("role"), "invalid_value", f"messages[{index}].role")
    return None


def _parameter_objection(body: dict[str, Any]) -> Problem | None:
    if body.get("max_tokens") is not None and _WANTS_COMPLETION_TOKENS.match(body["model"]):
        return _refused(_MAX_TOKENS, "unsupported_parameter", "max_tokens")
    if body.get("temperature") not in (None, 1) and _FIXED_TEMPERATURE.fullmatch(body["model"]):
        return _refused(_TEMPERATURE % body["temperature"], "unsupported_value", "temperature")
    if body.get("stream_options") and not body.get("stream"):
        return _refused(_STREAM_OPTIONS, None, "stream_options")
    return None


def _refused(message: str, code: str | None, param: str) -> Problem:
    return Problem(400, _BAD, message, code, param)
