"""Errors in the caller's own form, as answers and at the end of a stream."""

import json

import pytest

from core.errors import Invalid
from core.providers.formats import FORMATS, errors

FACTS = {
    "request_id": "req_1", "provider": "somebody", "source": "workspace",
    "retryable": True, "retry_after": 3, "attempts": [],
}  # fmt: skip
OPENAI_ROUTES = ["chat", "responses", "completions", "fim", "embeddings"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"), (401, "authentication_error"), (402, "billing_error"),
        (403, "permission_error"), (404, "not_found_error"), (413, "request_too_large"),
        (422, "invalid_request_error"), (429, "rate_limit_error"), (500, "api_error"),
        (502, "api_error"), (503, "api_error"), (504, "timeout_error"), (529, "overloaded_error"),
    ],
)  # fmt: skip
def test_an_error_has_anthropics_type_for_its_status(status, kind):
    found = errors.body("messages", status, "some_code", "What to do.", FACTS)
    assert found == {
        "type": "error",
        "error": {"type": kind, "message": "What to do."},
        "request_id": "req_1",
        "gateway": FACTS,
    }


def test_anthropics_sdk_is_told_to_go_on_without_a_thread():
    with pytest.raises(Invalid) as refused:
        FORMATS["messages"].read_request({"messages": [], "thread": {"type": "create"}})
    error = refused.value
    assert error.field == "thread"
    found = errors.body("messages", 400, error.code, error.message, FACTS)
    details = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
    assert found["error"]["details"] == details


@pytest.mark.parametrize("route", OPENAI_ROUTES)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"), (401, "authentication_error"), (402, "insufficient_quota"),
        (403, "permission_error"), (404, "invalid_request_error"), (413, "invalid_request_error"),
        (429, "rate_limit_error"), (502, "server_error"),
    ],
)  # fmt: skip
def test_an_error_has_openais_form_everywhere_else(route, status, kind):
    found = errors.body(route, status, "some_code", "What to do.", FACTS)
    error = {"message": "What to do.", "type": kind, "param": None, "code": "some_code"}
    assert found == {"error": error | {"gateway": FACTS}}


def data_of(event):
    return json.loads(event.decode().split("data: ", 1)[1])


def test_a_chat_stream_ends_with_a_chunk_that_is_an_error():
    found = errors.in_stream("chat", "upstream_rate_limited", "Wait.")
    assert found.startswith(b'data: {"error":{')
    assert found.endswith(b"\n\n")
    error = data_of(found)["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "upstream_rate_limited")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("upstream_overloaded", "overloaded_error"), ("upstream_window_exhausted", "rate_limit_error"),
        ("upstream_timed_out", "timeout_error"), ("upstream_bad_request", "invalid_request_error"),
        ("upstream_truncated", "api_error"), ("upstream_rejected", "api_error"),
        ("anything", "api_error"),
    ],
)  # fmt: skip
def test_a_messages_stream_ends_with_an_error_event(code, kind):
    found = errors.in_stream("messages", code, "It broke.")
    assert found.startswith(b"event: error\n")
    assert data_of(found) == {"type": "error", "error": {"type": kind, "message": "It broke."}}


def test_a_responses_stream_ends_as_failed_with_what_makes_the_sdk_raise():
    found = errors.in_stream("responses", "upstream_truncated", "It broke.")
    assert found.startswith(b"event: response.failed\n")
    document = data_of(found)
    assert document["response"]["status"] == "failed"
    assert document["response"]["error"] == {"code": "server_error", "message": "It broke."}
    assert document["error"]["message"] == "It broke."
