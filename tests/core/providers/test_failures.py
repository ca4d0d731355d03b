"""What every known refusal means; and no body, however odd, misleads, raises or leaks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http import Cancelled, Cut, HttpError, NotSendable, TimedOut, Unreachable
from core.providers import catalogue, failure_rules
from core.providers.failures import (
    KEY_FAULTS,
    Failure,
    FailureKind,
    classify,
    from_http,
    inside,
    is_key_fault,
)
from tests.marker import MARKER, anthropic_key, openai_key


def error(message="no", **fields):
    return {"error": {"message": message, **fields}}


def anthropic(kind, message="no", code=None):
    details = {"details": {"error_code": code}} if code else {}
    return {"type": "error", "error": {"type": kind, "message": message, **details}}


def google(status, reason=None, message="no"):
    return [error(message, code=0, status=status, details=[{"reason": reason}])]


# Provider, status, body, meaning: the rows of the fact sheet, then ours.
MEANINGS = [
    # A wrong key
    ("anthropic", 401, anthropic("authentication_error"), "rejected"),
    ("openai", 401, error(type="invalid_request_error", code="invalid_api_key"), "rejected"),
    ("openai", 401, error(type="invalid_request_error", code=None), "rejected"),
    ("xai", 400, {"code": "x", "error": "Incorrect API key provided: xa***yz"}, "rejected"),
    ("xai", 401, {"error": "no auth"}, "rejected"),
    ("google", 400, google("INVALID_ARGUMENT", "API_KEY_INVALID"), "rejected"),
    ("google", 400, google("INVALID_ARGUMENT", message="API key not valid."), "rejected"),
    ("bedrock", 403, {"code": "UnrecognizedClientException", "message": "x"}, "rejected"),
    ("bedrock", 403, {"code": "InvalidSignatureException", "Message": "we calculated"}, "rejected"),
    ("fireworks", 403, error("Invalid API key"), "rejected"),
    ("novita", 403, {"code": 403, "reason": "INVALID_API_KEY", "message": "x"}, "rejected"),
    ("minimax", 401, anthropic("authorized_error", "login fail (1004)"), "rejected"),
    ("minimax", 200, {"base_resp": {"status_code": 2049, "status_msg": "bad"}}, "rejected"),
    ("moonshot", 401, error(type="incorrect_api_key_error"), "rejected"),
    ("zai", 401, error(code="1002"), "rejected"),
    ("xiaomi", 401, error("Invalid API Key", code="401", type="invalid_key"), "rejected"),
    ("mistral", 401, {"object": "error", "message": "Unauthorized", "type": "x"}, "rejected"),
    ("somebody", 401, b"", "rejected"),
    # A good key that may not
    ("anthropic", 403, anthropic("permission_error"), "no_permission"),
    ("anthropic", 429, anthropic("rate_limit_error", code="organization_on_hold"), "no_permission"),
    ("openai", 403, error(code="unsupported_country_region_territory"), "no_permission"),
    ("openai", 401, error("Missing scopes: model.request.", code=None), "no_permission"),
    ("google", 403, google("PERMISSION_DENIED"), "no_permission"),
    ("google", 400, google("FAILED_PRECONDITION"), "no_permission"),
    ("bedrock", 403, {"code": "AccessDeniedException"}, "no_permission"),
    ("zai", 403, error(code="1220"), "no_permission"),
    ("mistral", 403, {"message": "inactive subscription"}, "no_permission"),
    ("somebody", 403, b"<html>", "no_permission"),
    # No credit
    ("anthropic", 402, anthropic("billing_error"), "no_credit"),
    (
        "anthropic",
        400,
        anthropic("invalid_request_error", "Your credit balance is too low to …"),
        "no_credit",
    ),
    (
        "anthropic",
        400,
        anthropic("invalid_request_error", "You have reached your specified API usage limits."),
        "no_credit",
    ),
    ("openai", 429, error(type="insufficient_quota", code="insufficient_quota"), "no_credit"),
    ("openai", 429, error(type="insufficient_quota", code=None), "no_credit"),
    ("openai", 429, error(code="credit_balance_exhausted"), "no_credit"),
    ("openai", 429, error(code="organization_spend_limit_exceeded"), "no_credit"),
    ("openai", 429, error(code="project_spend_limit_exceeded"), "no_credit"),
    ("deepseek", 402, error("Insufficient Balance"), "no_credit"),
    ("moonshot", 429, error(type="exceeded_current_quota_error"), "no_credit"),
    ("zai", 429, error(code="1113"), "no_credit"),
    ("xai", 429, {"error": "Your team used all available credits"}, "no_credit"),
    ("xai", 403, {"error": "Your newly created team doesn't have any credits yet"}, "no_credit"),
    ("novita", 400, {"reason": "BILLING_BALANCE_NOT_ENOUGH", "code": 400}, "no_credit"),
    ("minimax", 500, error("insufficient balance (1008)", type="api_error"), "no_credit"),
    ("fireworks", 412, {"error": "account suspended"}, "no_credit"),
    ("xiaomi", 402, error("x"), "no_credit"),
    ("somebody", 429, error(code="insufficient_quota"), "no_credit"),
    # Wait
    ("anthropic", 429, anthropic("rate_limit_error"), "rate_limited"),
    ("anthropic", 429, anthropic("rate_limit_error", code="ramp_limit_exceeded"), "rate_limited"),
    ("openai", 429, error(type="tokens", code="rate_limit_exceeded"), "rate_limited"),
    ("google", 429, google("RESOURCE_EXHAUSTED"), "rate_limited"),
    ("bedrock", 429, {"code": "ThrottlingException"}, "rate_limited"),
    ("zai", 429, error(code="1302"), "rate_limited"),
    ("somebody", 429, b"slow down please", "rate_limited"),
    (
        "anthropic",
        429,
        anthropic("rate_limit_error", code="enforced_spend_limit_reached"),
        "window_exhausted",
    ),
    ("zai", 429, error(code="1308"), "window_exhausted"),
    ("minimax", 200, {"base_resp": {"status_code": 2056}}, "window_exhausted"),
    # Overloaded, away
    ("anthropic", 529, anthropic("overloaded_error"), "overloaded"),
    ("openai", 503, error(code="server_is_overloaded"), "overloaded"),
    ("openai", 503, b"", "overloaded"),
    ("moonshot", 429, error(type="engine_overloaded_error"), "overloaded"),
    ("zai", 429, error(code="1305"), "overloaded"),
    ("bedrock", 429, {"code": "ModelNotReadyException"}, "overloaded"),
    ("mistral", 429, {"message": "Service tier capacity exceeded for x."}, "overloaded"),
    ("somebody", 529, b"", "overloaded"),
    ("anthropic", 500, anthropic("api_error"), "unavailable"),
    ("openai", 500, error(type="server_error"), "unavailable"),
    ("somebody", 502, b"<html>", "unavailable"),
    ("somebody", 504, b"", "unavailable"),
    ("somebody", 302, b"", "unavailable"),
    ("somebody", 408, b"", "timed_out"),
    # Credentials refused for a while
    ("xiaomi", 401, error("busy", code="401"), "transient_auth"),
    ("bedrock", 400, {"code": "RequestExpired"}, "transient_auth"),
    (
        "bedrock",
        403,
        {"code": "InvalidSignatureException", "message": "Signature expired: 1 < 2"},
        "transient_auth",
    ),
    # The model, the request
    ("anthropic", 404, anthropic("not_found_error", "model: x"), "model_unavailable"),
    ("openai", 404, error(code="model_not_found"), "model_unavailable"),
    ("openai", 403, error(code="model_not_found"), "model_unavailable"),
    ("fireworks", 404, b"", "model_unavailable"),
    ("novita", 403, {"code": 403, "reason": "model_access_denied"}, "model_unavailable"),
    ("zai", 429, error(code="1311"), "model_unavailable"),
    (
        "bedrock",
        400,
        {"code": "ValidationException", "message": "use an inference profile"},
        "model_unavailable",
    ),
    ("anthropic", 400, anthropic("invalid_request_error"), "bad_request"),
    ("anthropic", 413, anthropic("request_too_large"), "bad_request"),
    ("openai", 400, error(type="invalid_request_error"), "bad_request"),
    ("xai", 403, {"error": "Content violates usage guidelines"}, "bad_request"),
    ("mistral", 422, {"detail": [{"msg": "Field required"}]}, "bad_request"),
    ("somebody", 418, b"", "bad_request"),
]

# The same, provider by provider, as its own section of the fact sheet lists its statuses and codes.
MEANINGS += [
    ("bedrock", status, {"code": code, "message": "no"}, expected_kind)
    for status, code, expected_kind in [
        (403, "InvalidClientTokenId", "rejected"),
        (403, "ExpiredTokenException", "rejected"),
        (403, "MissingAuthenticationTokenException", "rejected"),
        (403, "SignatureDoesNotMatch", "transient_auth"),
        (400, "IncompleteSignature", "bad_request"),
        (400, "ValidationException", "bad_request"),
        (400, "ServiceQuotaExceededException", "rate_limited"),
        (404, "ResourceNotFoundException", "model_unavailable"),
        (408, "ModelTimeoutException", "timed_out"),
        (424, "ModelErrorException", "unavailable"),
        (500, "InternalServerException", "unavailable"),
        (503, "ServiceUnavailableException", "overloaded"),
    ]
]
MEANINGS += [
    ("zai", status, error(code=code), expected_kind)
    for status, code, expected_kind in [
        (401, "1000", "rejected"),
        (401, "1004", "rejected"),
        (400, "1211", "model_unavailable"),
        (400, "1301", "bad_request"),
        (429, "1303", "rate_limited"),
        (429, "1304", "window_exhausted"),
        (429, "1309", "no_credit"),
        (429, "1310", "window_exhausted"),
        (429, "1312", "overloaded"),
        (429, "1313", "window_exhausted"),
    ]
]
MEANINGS += [
    ("minimax", 200, {"base_resp": {"status_code": code, "status_msg": "no"}}, expected_kind)
    for code, expected_kind in [
        (1000, "unavailable"),
        (1001, "timed_out"),
        (1002, "rate_limited"),
        (1004, "rejected"),
        (1008, "no_credit"),
        (1039, "rate_limited"),
        (2013, "bad_request"),
    ]
]
MEANINGS += [
    ("moonshot", status, error(type=kind), expected_kind)
    for status, kind, expected_kind in [
        (401, "invalid_authentication_error", "rejected"),
        (403, "permission_denied_error", "no_permission"),
        (404, "resource_not_found_error", "model_unavailable"),
        (429, "rate_limit_reached_error", "rate_limited"),
        (400, "content_filter", "bad_request"),
        (400, "invalid_request_error", "bad_request"),
    ]
]
MEANINGS += [
    ("google", status, google(code), expected_kind)
    for status, code, expected_kind in [
        (401, "UNAUTHENTICATED", "rejected"),
        (404, "NOT_FOUND", "model_unavailable"),
        (500, "INTERNAL", "unavailable"),
        (503, "UNAVAILABLE", "overloaded"),
        (504, "DEADLINE_EXCEEDED", "timed_out"),
        (400, "INVALID_ARGUMENT", "bad_request"),
    ]
]
MEANINGS += [
    ("mistral", 402, {"object": "error", "message": "Payment required"}, "no_credit"),
    ("codestral", 401, {"message": "Unauthorized"}, "rejected"),
    ("codestral", 403, {"message": "Inactive subscription"}, "no_permission"),
    ("codestral", 429, {"message": "Service tier capacity exceeded"}, "overloaded"),
    ("deepseek", 401, error("Authentication Fails"), "rejected"),
    ("deepseek", 422, error("Invalid Parameters"), "bad_request"),
    ("deepseek", 429, error("Rate Limit Reached"), "rate_limited"),
    ("deepseek", 503, error("Server Overloaded"), "overloaded"),
    ("xai", 429, {"error": "You reached your monthly spending limit"}, "no_credit"),
    ("xai", 429, {"error": "Too many requests"}, "rate_limited"),
    ("xai", 403, {"error": "This key is blocked"}, "no_permission"),
    ("xai", 400, {"error": "Unknown field"}, "bad_request"),
    ("minimax", 402, error(type="insufficient_balance_error"), "no_credit"),
    ("perplexity", 401, error(type="unauthorized"), "rejected"),
    ("perplexity", 402, error("no credit"), "no_credit"),
    ("perplexity", 429, error("50 per minute"), "rate_limited"),
    ("fireworks", 401, {"error": "unauthorized"}, "rejected"),
    ("fireworks", 402, {"error": "spend limit"}, "no_credit"),
    ("fireworks", 403, {"error": "forbidden"}, "no_permission"),
    ("fireworks", 429, error("x"), "rate_limited"),
    ("fireworks", 503, error("x"), "unavailable"),
    ("novita", 401, {"message": "incorrect key"}, "rejected"),
    ("novita", 403, {"reason": "NOT_ENOUGH_BALANCE", "code": 403}, "no_credit"),
    ("novita", 429, {"message": "RPM"}, "rate_limited"),
    ("inception", 401, error("x"), "rejected"),
    ("inception", 402, error("x"), "no_credit"),
    ("inception", 403, error("x"), "no_permission"),
    ("inception", 429, error("x"), "rate_limited"),
    ("xiaomi", 403, error("risk control", code="403"), "no_permission"),
    ("xiaomi", 429, error("x", code="429"), "rate_limited"),
    ("xiaomi", 421, error("x", code="421"), "bad_request"),
    ("zai", 429, anthropic("rate_limit_error") | error(code="1113"), "no_credit"),
]


def test_every_provider_has_rows_for_a_wrong_key_and_for_waiting():
    rows = {(provider, expected_kind) for provider, _, _, expected_kind in MEANINGS}
    slugs = {provider.slug for provider in catalogue.byok_providers()}
    assert not {slug for slug in slugs if (slug, "rejected") not in rows}
    waiting = {"rate_limited", "overloaded", "window_exhausted"}
    assert not slugs - {slug for slug, expected_kind in rows if expected_kind in waiting}


def test_the_kind_of_aws_stands_in_a_header():
    headers = {"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/"}
    assert classify("bedrock", 429, headers, b'{"message": "slow"}').kind == "rate_limited"
    headers = {"x-amzn-errortype": "com.amazon#UnrecognizedClientException"}
    assert classify("bedrock", 403, headers, b'{"Message": "no"}').kind == "rejected"


def as_bytes(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.mark.parametrize(("provider", "status", "body", "expected_kind"), MEANINGS)
def test_the_same_failure_has_one_meaning_across_providers(provider, status, body, expected_kind):
    assert classify(provider, status, {}, as_bytes(body)).kind == expected_kind


def test_only_three_kinds_are_a_verdict_against_the_key():
    faults = {kind for kind in FailureKind if is_key_fault(Failure(kind, ""))}
    assert faults == KEY_FAULTS == {"rejected", "no_permission", "no_credit"}


CODES = sorted({code for rules in failure_rules._TABLE.values() for code in rules.codes})
WORDS = sorted({w for rules in failure_rules._TABLE.values() for w, _ in rules.keywords})


@given(
    st.sampled_from([*failure_rules._TABLE, "somebody"]),
    st.sampled_from([429, 500, 502, 503, 504, 529]),
    st.sampled_from(CODES),
    st.sampled_from([*WORDS, "invalid api key"]),
)
def test_no_429_or_5xx_ever_says_that_the_key_is_wrong(provider, status, code, words):
    body = as_bytes(error(words, code=code, type=code))
    assert classify(provider, status, {}, body).kind is not FailureKind.rejected


MESSAGES = [
    (b'{"error": {"message": "so it is"}}', "so it is"),
    (b'[{"error": {"message": "so it is"}}]', "so it is"),
    (b'{"error": "so it is"}', "so it is"),
    (b'{"message": "so it is"}', "so it is"),
    (b'{"Message": "so it is"}', "so it is"),
    (b'{"detail": "so it is"}', "so it is"),
    (b'{"detail": [{"msg": "so it is"}]}', "so it is"),
    (b"so it is\n", "so it is"),
    (b'{"error": {"message": "so\\n\\t it\\u2028 is\\u0000"}}', "so it is"),
    (b'{"error": {"message": "  "}, "message": "so it is"}', "so it is"),
    (b'{"error": {"message": {"a": 1}}, "message": "so it is"}', "so it is"),
    (b'{"error": {"message": "\\ud83d half"}}', "\ufffd half"),
]
WITHOUT_WORDS = [
    b"",
    b"<html><h1>502</h1></html>",
    b"{",
    b"[]",
    b"[1]",
    b"null",
    b'"x"',
    b"[" * 50_000,
    b"x" * 2_000_000,
    b'{"error": {"details": 5, "code": [], "message": 7}}',
    b'{"error": {"details": [1, null, {"retryDelay": 3}]}, "base_resp": 1}',
    b'{"message": "' + b"x" * 8_000_000 + b'"}',
    b'{"code": 1' + b"0" * 5000 + b"}",
    b"\xff\xfe<",
]


@pytest.mark.parametrize(("body", "message"), MESSAGES)
def test_the_providers_words_are_found_in_every_shape(body, message):
    assert classify("somebody", 400, {}, body).message == message


@pytest.mark.parametrize("body", WITHOUT_WORDS)
def test_a_body_without_words_still_gives_a_short_sentence(body):
    failure = classify("somebody", 502, {}, body)
    assert failure.kind is FailureKind.unavailable
    assert "\n" not in failure.message
    assert 5 < len(failure.message) <= 300


@given(st.binary(max_size=300), st.sampled_from([200, 302, 400, 401, 429, 500]))
def test_no_body_whatever_makes_classify_raise(body, status):
    assert len(classify("anthropic", status, {}, body).message) <= 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "details", "detail", "type", "base_resp"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_document_whatever_makes_classify_raise(document):
    failure = classify("google", 400, {}, json.dumps(document).encode())
    assert failure.message
    if isinstance(document, dict):
        inside("minimax", document)


def test_a_long_message_is_cut_to_300_characters():
    message = classify("openai", 500, {}, as_bytes(error("word " * 1000))).message
    assert len(message) == 300
    assert message.endswith("…")


@pytest.mark.parametrize("key", [anthropic_key(), openai_key(), f"{MARKER}without-a-prefix"])
@pytest.mark.parametrize("cut", [0, 285, 296])
def test_no_field_of_a_failure_holds_the_key(key, cut):
    words = "x" * cut + f" bad key {key}"
    headers = {"request-id": f"req_{key[:60]}", "x-amzn-errortype": key[:60]}
    failure = classify("xai", 400, headers, as_bytes(error(words, code=key[:80])), key)
    assert not [
        run for run in (key[at : at + 8] for at in range(len(key) - 7)) if run in repr(failure)
    ]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:37 GMT"}, None),
        (
            {
                "retry-after": "Sun, 22 Nov 2026 12:00:37 GMT",
                "date": "Sun, 22 Nov 2026 12:00:00 GMT",
            },
            37,
        ),
    ],
)
def test_how_long_to_wait_is_read_from_the_headers(headers, seconds):
    assert classify("openai", 429, headers, b"").retry_after_seconds == seconds


def test_how_long_to_wait_is_read_from_googles_body():
    details = [{"@type": "x"}, {"retryDelay": "37s"}]
    body = as_bytes([error(code=429, status="RESOURCE_EXHAUSTED", details=details)])
    assert classify("google", 429, {}, body).retry_after_seconds == 37


@pytest.mark.parametrize(
    ("headers", "body", "request_id", "code"),
    [
        ({"request-id": "req_1"}, anthropic("api_error"), "req_1", "api_error"),
        ({"x-request-id": "req_2"}, error(code="slow_down", type="y"), "req_2", "slow_down"),
        ({}, {"type": "error", "request_id": "req_3", "error": {"type": "x"}}, "req_3", "x"),
        ({"x-amzn-errortype": "a#Throttling:http://x"}, {"message": "m"}, None, "Throttling"),
        ({"request-id": "r" * 500}, {}, None, None),
    ],
)
def test_a_failure_names_the_request_and_the_code(headers, body, request_id, code):
    failure = classify("anthropic", 500, headers, as_bytes(body))
    assert (failure.request_id, failure.provider_code, failure.status) == (request_id, code, 500)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (anthropic("overloaded_error"), "overloaded"),
        (anthropic("something_new"), "unavailable"),
        (error(code=429), "rate_limited"),
        (error(code="529"), "overloaded"),
        ({"error": "text"}, "unavailable"),
        ({"status": "failed", "error": {"message": "x"}}, "unavailable"),
        ({"error": None, "choices": []}, None),
        ({"type": "message", "usage": {}}, None),
        ({"base_resp": {"status_code": 0}}, None),
    ],
)
def test_an_error_inside_a_body_that_began_well_is_found(document, kind):
    failure = inside("anthropic", document)
    assert (failure and failure.kind) == kind


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (TimedOut(), "timed_out"),
        (Cut(), "truncated"),
        (Cancelled(), "cancelled"),
        (Unreachable(), "unavailable"),
        (NotSendable(), "bad_request"),
        (HttpError(), "malformed"),
    ],
)
def test_a_request_without_a_whole_answer_is_a_failure_too(raised, kind):
    assert from_http(raised) == Failure(kind, raised.message)


@pytest.mark.parametrize(
    "text", ['[x]\nstatuses = { 401 = "odd" }', "[x]\nstatus = {}", '[x]\nstatuses = { a = "b" }']
)
def test_a_table_that_breaks_its_own_form_is_refused(text):
    with pytest.raises((ValueError, TypeError)):
        failure_rules.load(text)
