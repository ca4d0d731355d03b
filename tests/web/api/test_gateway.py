"""The gateway as a program sees it: who may call, what goes through untouched, what is refused how."""

import gc
import json
import socket
import sys
from datetime import timedelta

import pytest

from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.accounts.memberships import remove
from core.accounts.roles import Role
from core.gateway import access, calls, serving, tokens
from core.keys import store
from tests import marker
from tests.bot_client import key_of, make_key
from tests.databases import on_both_databases
from tests.programs import HELLO, PATHS, Program
from tests.providers import Reply
from tests.web.console.test_query_counts import Queries

GPT, CLAUDE = "gpt-5-mini", "claude-haiku-4-5"
CODE = "codestral-latest"
OF_ANTHROPIC = ("messages", "count_tokens")


@pytest.fixture
def program(app, cast):
    make_key(cast.workspace, "openai")
    make_key(cast.workspace, "anthropic")
    make_key(cast.workspace, "codestral")
    return Program(app, cast.workspace, cast.member)


def direct(provider, route, body, **headers):
    """The provider's own answer to the same bytes."""
    import http.client

    auth = {"authorization": f"Bearer {marker.openai_key()}"}
    if route in OF_ANTHROPIC:
        auth = {"x-api-key": marker.anthropic_key()}
    connection = http.client.HTTPConnection("127.0.0.1", provider.port)
    sent = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
    connection.request("POST", PATHS[route], body, sent | auth | headers)
    return connection.getresponse().read()


def body_of(route, model, **more):
    document = {"model": model, "messages": HELLO, "max_completion_tokens": 50, **more}
    if route != "chat":
        document["max_tokens"] = document.pop("max_completion_tokens")
    if route == "responses":
        document = {"model": model, "input": HELLO, "max_output_tokens": 50, **more}
    if route == "fim":
        document = {"model": model, "prompt": "def f(", "suffix": "return a", **more}
    return json.dumps(document, indent=1).encode()


def same(ours, theirs):
    """But for the ids and times that each answer has of its own."""
    import re

    blank = rb'"(id|created|created_at|request_id|item_id|call_id)": ?("[^"]*"|\d+)'
    return re.sub(blank, b"", ours) == re.sub(blank, b"", theirs)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("route", "model"),
    [("chat", GPT), ("responses", GPT), ("fim", CODE), ("messages", CLAUDE)],
)
def test_both_ways_the_bytes_are_the_providers_and_the_programs(
    program, provider, route, model, stream
):
    body = body_of(route, model, stream=stream, odd={"kept": 1.50})
    answer = program.ask(route, body)
    assert answer.status_code == 200, answer.text
    assert provider.chats[-1].raw == body
    assert same(answer.data, direct(provider, route, body))
    assert answer.headers.get("content-length") == (None if stream else str(len(answer.data)))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fields", "reply"),
    [
        (
            {"tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}}]},
            Reply.tool_call("look", {"at": "Bern"}),
        ),
        ({"text": {"format": {"type": "json_object"}}}, Reply.answer('{"a": 1}')),
        ({"max_output_tokens": 16}, Reply.answer("cut off", at_limit=True)),
        ({"previous_response_id": "resp_1", "store": True, "include": ["a"]}, Reply()),
    ],
    ids=["tools", "json", "limit", "earlier"],
)
def test_a_response_passes_as_it_is_asked_and_as_it_is_answered(
    program, provider, fields, reply, stream
):
    body = body_of("responses", GPT, stream=stream, **fields)
    provider.next(reply, times=2)
    answer = program.ask("responses", body)
    assert answer.status_code == 200, answer.text
    assert provider.chats[-1].raw == body
    assert same(answer.data, direct(provider, "responses", body))
    row = program.logged()[0]
    assert (row.route, row.code, row.estimated) == ("responses", "", False)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"max_output_tokens": 1}, "integer_below_min_value"),
        ({"max_tokens": 9}, "unsupported_parameter"),
    ],
)
def test_what_openai_refuses_of_a_response_comes_back_in_its_own_words(
    program, provider, wrong, code
):
    body = body_of("responses", GPT, **wrong)
    answer = program.ask("responses", body)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, code)
    assert same(answer.data, direct(provider, "responses", body))


@pytest.mark.parametrize("broken", [Reply.cut(1), Reply.truncated(2), Reply.error_event()])
def test_a_response_that_breaks_off_is_no_whole_one(program, provider, broken):
    provider.next(broken)
    answer = program.ask("responses", body_of("responses", GPT, stream=True))
    assert b"response.completed" not in answer.data
    ends = (b"event: response.failed\n", b"event: error\n")
    assert answer.data.split(b"\n\n")[-2].startswith(ends)
    assert program.logged()[0].code.startswith("upstream_")


def test_tokens_are_counted_by_anthropic_itself(program, provider):
    body = body_of("count_tokens", CLAUDE)
    answer = program.ask("count_tokens", body)
    assert answer.json == {"input_tokens": 1}
    assert (provider.calls[-1].raw, provider.calls[-1].path) == (body, PATHS["count_tokens"])
    assert answer.data == direct(provider, "count_tokens", body)


@pytest.mark.parametrize(("route", "model"), [("chat", GPT), ("chat", CLAUDE)])
def test_a_stream_that_runs_keeps_nothing_of_what_was_asked(program, cast, route, model):
    """Agents ask with megabytes and read for minutes: a thousand of them would fill the memory."""
    body = body_of(route, model, stream=True, metadata={"a word": "that is nowhere else"})
    caller = access.authenticate([program.token], program.client.application.secret_key)
    held = sys.getrefcount(body)
    reply = serving.serve(caller, calls.read(route, body, {}), "req_1")
    assert next(reply.body) and sys.getrefcount(body) == held
    assert not [one for one in gc.get_objects() if isinstance(one, dict) and "a word" in one]
    assert b"".join(reply.body)


def test_a_model_with_its_provider_before_it_is_only_renamed(program, provider):
    body = body_of("chat", "openai/gpt-5-mini")
    assert program.ask("chat", body).status_code == 200
    assert provider.chats[-1].raw == body.replace(b"openai/gpt-5-mini", b"gpt-5-mini")


def test_minis_streams_are_free_and_go_on_as_they_came(program, provider):
    body = body_of("chat", "mevichat-mini", stream=True, seed=1).replace(
        b'"mevichat-mini"', b'"mevichat/mevichat-mini"'
    )
    assert program.ask("chat", body).status_code == 200
    assert provider.chats[-1].raw == body.replace(b"mevichat/mevichat-mini", b"mevichat-mini")


def test_a_model_that_is_newer_than_the_catalogue_goes_to_whose_it_is(program, provider):
    answer = program.messages("claude-haiku-99")
    assert answer.status_code == 200
    assert provider.chats[-1].body["model"] == "claude-haiku-99"


def test_of_the_headers_the_versions_pass_and_the_rest_does_not(program, provider):
    headers = {
        "anthropic-beta": "one-2026,two-2026",
        "anthropic-version": "2026-10-21",
        "openai-organization": "org-mine",
        "x-forwarded-host": "elsewhere.example",
        "x-api-key": "sk-ant-somebody-elses",
        "cookie": "mine=1",
        "x-stainless-lang": "python",
    }
    program.ask("messages", body_of("messages", CLAUDE), **headers)
    sent = provider.chats[-1].headers
    assert sent["anthropic-beta"] == "one-2026,two-2026"
    assert sent["anthropic-version"] == "2026-10-21"
    assert sent["x-api-key"] == marker.anthropic_key()
    for name in ("openai-organization", "x-forwarded-host", "cookie", "authorization"):
        assert name not in sent


def test_limits_and_waits_of_the_provider_come_back(program, provider):
    limits = {"x-ratelimit-remaining-requests": "7", "anthropic-ratelimit-tokens-limit": "9"}
    provider.next(
        Reply().with_headers(limits | {"set-cookie": "theirs=1", "openai-organization": "o"})
    )
    answer = program.chat(GPT)
    assert {name: answer.headers[name] for name in limits} == limits
    assert "set-cookie" not in answer.headers and "openai-organization" not in answer.headers


LEAKY_HEADERS = {
    "x-ratelimit-key": marker.openai_key(),
    "x-ratelimit-owner": f"key {marker.openai_key()[4:30]} of yours",
    "x-ratelimit-other": f"sk-proj-{'a0' * 12}",
    "x-ratelimit-token": f"eyJ{'a0' * 9}.eyJ{'a0' * 9}.{'a0' * 4}",
    "anthropic-ratelimit-long": "7" * 201,
    "request-id": "req_é",
    "x-internal-host": "10.0.0.7",
    "x-served-by": "gpu-7.cluster.local",
    "server": "theirs",
    "set-cookie": "theirs=1",
    "content-security-policy": "none",
    "access-control-allow-origin": "*",
    "strict-transport-security": "max-age=1",
    "location": "https://elsewhere.example",
}


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("stream", [False, True])
def test_no_header_of_the_providers_has_a_key_or_anything_else_in_it(
    program, provider, status, stream
):
    reply = Reply() if status == 200 else Reply.status(400, message="No.")
    for name, text in LEAKY_HEADERS.items():
        provider.next(reply.with_headers({name: text, "x-ratelimit-limit-tokens": "9"}))
        answer = program.chat(GPT, stream=stream)
        assert answer.status_code == status and answer.data, name
        assert answer.headers["x-ratelimit-limit-tokens"] == "9", name
        assert answer.headers.get(name, "") != text, name


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("stream", [False, True])
def test_a_response_with_a_control_character_in_a_header_is_not_passed_on(
    program, provider, status, stream
):
    broken = Reply() if status == 200 else Reply.status(400, message="No.")
    provider.next(broken.with_headers({"retry-after": "1\x00"}))
    answer = program.chat(GPT, stream=stream)
    assert answer.status_code == 200 and answer.data  # that of the second attempt
    assert len(provider.calls) == 2
    assert not any("\x00" in value for value in answer.headers.values())


@pytest.mark.parametrize("stream", [False, True])
def test_the_type_of_an_answer_is_ours_whatever_the_provider_says(program, provider, stream):
    says = "text/event-stream; x=<script>" if stream else "text/html"
    provider.next(Reply().with_headers({"content-type": says}))
    written = "text/event-stream; charset=utf-8" if stream else "application/json"
    assert program.chat(GPT, stream=stream).headers["content-type"] == written


def test_an_answer_says_who_served_it_with_whose_key(program):
    answer = program.chat(GPT)
    headers = {
        name: answer.headers[f"x-mevichat-{name}"] for name in ("provider", "model", "key-source")
    }
    assert headers == {
        "provider": "openai",
        "model": "openai:gpt-5-mini",
        "key-source": "workspace",
    }
    assert answer.headers["x-mevichat-attempts"] == "openai 200"
    assert float(answer.headers["x-mevichat-overhead-ms"]) >= 0
    assert answer.headers["x-request-id"] == program.logged()[0].id


CANARIES = [
    {"api_base": "{}"}, {"base_url": "{}"}, {"extra_headers": {"host": "{}"}}, {"endpoint": "{}"},
    {"model_list": [{"api_base": "{}"}]}, {"metadata": {"base_url": "{}"}}, {"proxy": "{}"},
    {"litellm_params": {"api_base": "{}"}}, {"custom_host": "{}"}, {"webhook_url": "{}"},
]  # fmt: skip


@pytest.fixture
def canary():
    """A listener that nobody is to call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def is_untouched(canary):
    try:
        canary.accept()
    except BlockingIOError:
        return True
    return False


@pytest.mark.parametrize("field", CANARIES)
def test_no_field_moves_the_providers_host(program, provider, canary, field):
    address = f"http://127.0.0.1:{canary.getsockname()[1]}/v1"
    body = json.loads(body_of("chat", GPT)) | json.loads(json.dumps(field).replace("{}", address))
    program.ask("chat", body)
    assert is_untouched(canary) and provider.chats


@pytest.mark.parametrize(
    "model",
    [
        "http://127.0.0.1:{}/v1", "openai/../../x", "openai/gpt-5-mini?x=http://127.0.0.1:{}",
        "openai/http://127.0.0.1:{}", "anthropic/a@127.0.0.1:{}", "bedrock/x.127.0.0.1:{}/",
    ],
)  # fmt: skip
def test_no_model_moves_the_providers_host(program, canary, model):
    answer = program.chat(model.format(canary.getsockname()[1]))
    assert is_untouched(canary) and answer.status_code in (200, 400, 404)


def test_no_header_or_query_moves_the_providers_host(program, provider, canary):
    address = f"127.0.0.1:{canary.getsockname()[1]}"
    names = ("x-api-base", "x-upstream", "x-forwarded-host", "x-portkey-custom-host", "forwarded")
    headers = dict.fromkeys(names, f"http://{address}") | {
        "Authorization": f"Bearer {program.token}"
    }
    url = f"{PATHS['chat']}?api_base=http://{address}&beta=http://{address}"
    answer = program.client.post(url, data=body_of("chat", GPT), headers=headers)
    assert answer.status_code == 200 and is_untouched(canary)
    assert provider.chats[-1].path == "/v1/chat/completions"


# Who may call


FORMS = [
    lambda token: {"Authorization": f"Bearer {token}"},
    lambda token: {"Authorization": f"bearer   {token} "},
    lambda token: {"Authorization": token},
    lambda token: {"x-api-key": token},
    lambda token: {"x-api-key": token, "Authorization": "Bearer sk-somebody"},
]


def call(program, headers):
    return program.client.post(PATHS["chat"], data=body_of("chat", GPT), headers=headers)


@pytest.mark.parametrize("form", FORMS)
def test_a_token_is_taken_in_every_header_that_sdks_use(program, form):
    assert call(program, form(program.token)).status_code == 200


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", ["revoked", "expired", "left"])
def test_a_token_that_is_over_is_refused_at_once_in_every_form(
    program, cast, provider, shift_clock, form, end
):
    assert call(program, form(program.token)).status_code == 200
    place = workspaces.membership(cast.member.id, cast.workspace.slug)
    if end == "revoked":
        tokens.revoke(tokens.get(cast.workspace.id, program.row.id), OPERATOR)
    elif end == "left":
        remove(place, OPERATOR)
    else:
        tokens.replace(program.row, timedelta(0), OPERATOR, program.client.application.secret_key)
    before = len(provider.chats)
    answer = call(program, form(program.token))
    assert (answer.status_code, len(provider.chats)) == (401, before)
    assert answer.json["error"]["code"] == "bad_token"


HOSTILE = [
    "", "Bearer", "Bearer ", "Bearer mvg_", "Basic YTpi", "Bearer " + "x" * 8_000, "Bearer \xff\xfe",
    "mvg_" + "0" * 42, "Bearer mvg_" + "é" * 42, "Bearer null", "Bearer 0", "Bearer a\tb",
    "Bearer mvv_" + "a" * 42,
    "Bearer ' OR 1=1 --", "Digest username=x",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("header", ["Authorization", "x-api-key"])
def test_any_other_bytes_get_the_same_401_and_no_query(program, provider, text, header):
    with Queries() as queries:
        answer = call(program, {header: text})
    assert answer.status_code == 401 and len(queries.sent) <= 2
    assert answer.json["error"]["message"] == call(program, {}).json["error"]["message"]
    assert not provider.chats


def test_anthropics_sdk_reads_its_own_kind_of_error(program):
    answer = program.client.post("/v1/messages", data=b"{}", headers={})
    assert answer.status_code == 401
    assert answer.json["type"] == "error"
    assert answer.json["error"]["type"] == "authentication_error"


# What is refused


def test_a_model_that_nobody_has_is_404_without_a_call(program, provider):
    answer = program.chat("no-such-model")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "model_not_found")
    assert not provider.chats


def test_without_a_key_for_it_a_model_is_404_and_says_why(program, provider, cast):
    store.remove(key_of(cast.workspace, "openai"), OPERATOR)
    answer = program.chat(GPT)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "no_key_for_model")
    assert "openai: no_key" in answer.json["error"]["message"]
    assert not provider.chats


def test_a_key_that_is_switched_off_is_not_used_from_the_next_request_on(program, provider, cast):
    assert program.chat(GPT).status_code == 200
    store.set_enabled(key_of(cast.workspace, "openai"), False, OPERATOR)
    assert program.chat(GPT).status_code == 404
    store.set_enabled(key_of(cast.workspace, "openai"), True, OPERATOR)
    assert program.chat(GPT).status_code == 200


def test_the_requests_own_faults_come_back_in_the_providers_words(program, provider):
    provider.next(Reply.status(400, message="Unsupported parameter: 'odd'."))
    answer = program.chat(GPT)
    assert answer.status_code == 400
    assert answer.json["error"]["message"] == "Unsupported parameter: 'odd'."
    assert len(provider.chats) == 1 and key_of_is_valid(program)


def key_of_is_valid(program):
    return all(key.status == "valid" for key in store.keys_of(program.workspace_id))


def test_a_body_that_is_too_large_is_413_in_the_callers_format(program):
    answer = program.ask("messages", b'{"model": "' + b"a" * (32 << 20) + b'"}')
    assert answer.status_code == 413 and answer.json["error"]["type"] == "request_too_large"


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"model": 3}', b"[" * 50_000])
@pytest.mark.parametrize("route", PATHS)
def test_a_body_that_cannot_be_read_is_400_in_the_callers_format(program, provider, body, route):
    answer = program.ask(route, body)
    assert answer.status_code == 400 and answer.json["error"]["message"]
    assert not provider.calls


# What is remembered


def test_a_request_is_logged_with_its_tokens_its_price_and_no_word_of_it(program, provider):
    provider.next(Reply.answer("secretive", tokens_in=1_000, tokens_out=10))
    assert program.messages(CLAUDE).status_code == 200
    row = program.logged()[0]
    assert (row.tokens_in, row.tokens_out, row.estimated) == (1_000, 10, False)
    assert row.cost_microusd == 1_000 * 1 + 10 * 5 and row.billed_microusd == 0
    assert (row.provider, row.key_source, row.status, row.code) == (
        "anthropic",
        "workspace",
        200,
        "",
    )
    assert "secretive" not in str(vars(row)) and row.token_id == program.row.id


def test_a_stream_tells_its_tokens_too(program, provider):
    provider.next(Reply.answer(tokens_in=20, tokens_out=3))
    program.messages(CLAUDE, stream=True)
    row = program.logged()[0]
    assert (row.tokens_in, row.tokens_out, row.stream, row.estimated) == (20, 3, True, False)


def test_tokens_that_nobody_told_are_estimated_and_said_to_be(program):
    program.chat(GPT, stream=True)
    row = program.logged()[0]
    assert row.estimated and row.tokens_in


def test_a_refusal_of_ours_is_logged_too(program):
    program.chat("no-such-model")
    row = program.logged()[0]
    assert (row.status, row.code, row.attempts) == (404, "model_not_found", [])


@on_both_databases
def test_the_days_use_and_the_last_use_are_counted(program, cast):
    for _ in range(3):
        program.chat(GPT)
    program.logged()
    from core.db import session
    from core.usage.models import UsageDay

    day = session().query(UsageDay).filter_by(workspace_id=cast.workspace.id).one()
    assert (day.answered, day.failed, day.bot_id, day.model_id) == (3, 0, "", "openai:gpt-5-mini")
    assert key_of(cast.workspace, "openai").last_used_at is not None
    assert tokens.get(cast.workspace.id, program.row.id).last_used_at is not None


# Without a call


def test_models_are_those_that_somebody_serves_here(program, cast):
    names = {row["id"] for row in program.get("/v1/models").json["data"]}
    assert {GPT, CLAUDE, "mini"} <= names
    store.set_enabled(key_of(cast.workspace, "openai"), False, OPERATOR)
    assert GPT not in {row["id"] for row in program.get("/v1/models").json["data"]}


def test_which_key_would_serve_is_told_without_asking_anybody(program, provider):
    body = program.get(f"/v1/route?model={CLAUDE}&format=chat").json
    assert body["tried"][0]["provider"] == "anthropic" and body["tried"][0]["translated"]
    assert {"provider": "bedrock", "reason": "no_key"} in body["not_tried"]
    assert not provider.calls


def test_a_role_without_the_gateway_is_refused(program, cast, monkeypatch):
    from core.accounts import roles

    monkeypatch.setitem(roles.PERMISSIONS, Role.MEMBER, frozenset())
    assert program.chat(GPT).status_code == 401
