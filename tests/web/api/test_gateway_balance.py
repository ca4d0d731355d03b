"""The operator's keys: for whom they serve, what is taken for it, and when it is not.

Which key served is seen at the provider. A key of the workspace's that failed is never stood in for.
"""

import json

import pytest

from core.accounts.actor import OPERATOR
from core.db import session
from core.gateway import cooldowns, platform_keys
from core.gateway.billing import balance
from core.keys import store
from core.providers import catalogue
from core.settings import SettingsError
from core.usage.models import UsageDay
from tests import marker
from tests.bot_client import key_of, make_key
from tests.conftest import make_settings
from tests.programs import HELLO, Program
from tests.providers import Reply

GPT, CLAUDE = "gpt-5-mini", "claude-haiku-4-5"
OURS = marker.openai_key("0urs")
OUR_CLAUDE = marker.anthropic_key("0urs")
DOLLAR = 1_000_000
PRICE = 1_000 * 1 + 10 * 5
"""Of 1 000 tokens in and 10 out, at Claude Haiku 4.5."""


@pytest.fixture
def chosen(data_dir, database_url, provider):
    """The operator has a key at both providers, and it is not the workspace's."""
    provider.accept(OURS)
    provider.accept(OUR_CLAUDE)
    return make_settings(
        data_dir,
        database_url=database_url,
        anthropic_base_url=provider.anthropic_base_url,
        openai_base_url=provider.openai_base_url,
        bedrock_base_url=provider.url,
        mini_base_url=provider.openai_base_url,
        mini_api_key=marker.openai_key(),
        anthropic_platform_key=OUR_CLAUDE,
        openai_platform_key=OURS,
    )


@pytest.fixture
def program(app, cast):
    cooldowns.clear()
    return Program(app, cast.workspace, cast.member)


@pytest.fixture
def paid(program):
    """With a dollar."""
    balance.top_up(program.workspace_id, DOLLAR, "", OPERATOR)
    return program


def sums(program):
    session().commit()
    session().expire_all()
    left, held, entered = balance.sums(program.workspace_id)
    assert left + held == entered
    return left, held


def keys_at(provider):
    return [call.key for call in provider.chats]


# For whom they serve


@pytest.mark.parametrize(("model", "key"), [(GPT, OURS), (CLAUDE, OUR_CLAUDE)])
def test_without_a_key_of_its_own_a_workspace_is_served_with_the_operators(
    paid, provider, model, key
):
    answer = paid.chat(model)
    assert answer.status_code == 200, answer.text
    assert keys_at(provider) == [key]
    assert answer.headers["x-mevichat-key-source"] == "platform"


@pytest.mark.parametrize("funded", [True, False])
def test_with_a_key_of_its_own_nothing_is_taken(app, cast, provider, funded):
    make_key(cast.workspace, "openai")
    program = Program(app, cast.workspace, cast.member)
    if funded:
        balance.top_up(cast.workspace.id, DOLLAR, "", OPERATOR)
    assert program.chat(GPT).status_code == 200
    assert keys_at(provider) == [marker.openai_key()]
    assert sums(program) == (DOLLAR * funded, 0)
    assert program.logged()[0].billed_microusd == 0


FAILURES = [
    Reply.status(401), Reply.status(402), Reply.status(403), Reply.status(429), Reply.status(500),
    Reply.status(503),
]  # fmt: skip


@pytest.mark.parametrize("reply", FAILURES)
def test_a_key_of_its_own_that_failed_is_never_stood_in_for(paid, cast, provider, reply):
    make_key(cast.workspace, "openai")
    for _ in range(4):
        provider.next(reply)
    answer = paid.chat(GPT)
    assert answer.status_code >= 400
    assert set(keys_at(provider)) == {marker.openai_key()}
    assert sums(paid) == (DOLLAR, 0)


def test_a_key_that_is_marked_invalid_is_never_stood_in_for(paid, cast, provider):
    make_key(cast.workspace, "openai")
    provider.revoke(marker.openai_key())
    for _ in range(3):
        assert paid.chat(GPT).status_code == 502
    assert OURS not in keys_at(provider) and sums(paid) == (DOLLAR, 0)


def test_a_key_that_is_switched_off_is_stood_in_for_until_it_is_on_again(paid, cast, provider):
    make_key(cast.workspace, "openai")
    for enabled in (False, True):
        store.set_enabled(key_of(cast.workspace, "openai"), enabled, OPERATOR)
        assert paid.chat(GPT).status_code == 200
    assert keys_at(provider) == [OURS, marker.openai_key()]


def test_another_providers_key_that_has_the_model_goes_before(paid, cast, provider):
    make_key(cast.workspace, "bedrock")
    assert paid.chat(CLAUDE).status_code == 200
    assert OUR_CLAUDE not in keys_at(provider) and sums(paid) == (DOLLAR, 0)


# Without a balance


@pytest.mark.parametrize("route", ["chat", "messages"])
def test_without_a_balance_it_is_402_in_the_callers_format_and_nobody_is_asked(
    program, provider, route
):
    answer = getattr(program, route)(CLAUDE)
    error = answer.json["error"]
    assert answer.status_code == 402 and "balance" in error["message"]
    assert (answer.json.get("type") == "error") is (route == "messages")
    assert not provider.calls and program.logged()[0].code == "no_balance"


@pytest.mark.parametrize(("missing", "status"), [(1, 402), (0, 200)])
def test_the_balance_has_to_cover_the_most_that_a_request_may_cost(
    program, provider, missing, status
):
    body = json.dumps({"model": CLAUDE, "max_tokens": 50, "messages": HELLO}).encode()
    most = len(body) * 1 + 50 * 5
    balance.top_up(program.workspace_id, most - missing, "", OPERATOR)
    assert program.ask("messages", body).status_code == status
    assert len(provider.chats) == (status == 200)


def test_each_of_several_answers_at_once_has_to_be_covered(program, provider):
    document = {"model": GPT, "messages": HELLO, "max_completion_tokens": 1_000, "n": 3}
    size = len(json.dumps(document))
    one = -(-(size * 250_000 + 1_000 * 2_000_000) // 1_000_000)
    balance.top_up(program.workspace_id, 3 * one - 1, "", OPERATOR)
    assert program.ask("chat", document).status_code == 402
    assert not provider.calls


@pytest.mark.parametrize(
    "fields", [{"prompt": ["a", "b", "c"]}, {"prompt": "a", "best_of": 3}, {"prompt": "a", "n": 3}]
)
def test_each_of_several_completions_has_to_be_covered(program, provider, fields):
    document = {"model": GPT, "max_tokens": 1_000, **fields}
    most = 3 * balance.estimate(
        catalogue.model("openai:gpt-5-mini"), len(json.dumps(document)), 1_000
    )
    balance.top_up(program.workspace_id, most - 1, "", OPERATOR)
    token = {"Authorization": f"Bearer {program.token}"}
    answer = program.client.post("/v1/completions", data=json.dumps(document), headers=token)
    assert answer.status_code == 402 and not provider.calls


@pytest.mark.parametrize("count", [10**6, 10**15, 10**30])
def test_more_answers_than_anybody_can_pay_are_402(paid, provider, count):
    document = {"model": GPT, "messages": HELLO, "n": count}
    assert paid.ask("chat", document).status_code == 402
    assert not provider.calls and sums(paid) == (DOLLAR, 0)


PNG = "data:image/png;base64,iVBORw0KGgo="
AT_OTHERS = "https://pictures.example/large.png"
REFERRING = [
    ("chat", {"type": "image_url", "image_url": {"url": AT_OTHERS}}),
    ("chat", {"type": "image_url", "image_url": {"url": PNG}}),
    ("messages", {"type": "image", "source": {"type": "url", "url": AT_OTHERS}}),
    ("messages", {"type": "document", "source": {"type": "file", "file_id": "file_1"}}),
    ("messages", {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image"}]}),
]
"""What a provider may count as any number of tokens."""


@pytest.mark.parametrize(("missing", "status"), [(1, 402), (0, 200)])
@pytest.mark.parametrize(("route", "part"), REFERRING)
def test_a_picture_or_file_is_asked_about_where_the_whole_window_is_covered(
    program, provider, route, part, missing, status
):
    model = catalogue.model("anthropic:claude-haiku-4-5")
    most = model.context_tokens * 1 + 50 * 5
    balance.top_up(program.workspace_id, most - missing, "", OPERATOR)
    said = [{"role": "user", "content": [part]}]
    if part["type"] == "tool_result":
        use = {"type": "tool_use", "id": "t", "name": "look", "input": {}}
        said = [*HELLO, {"role": "assistant", "content": [use]}, *said]
    provider.next(Reply.answer(tokens_in=model.context_tokens, tokens_out=50))
    answer = program.ask(route, {"model": CLAUDE, "max_tokens": 50, "messages": said})
    assert answer.status_code == status, answer.text
    if status == 402:
        assert (
            "it contains an image, a file or an earlier answer" in answer.json["error"]["message"]
        )
        assert not provider.calls and sums(program) == (most - 1, 0)
    else:
        assert sums(program) == (0, 0)
        assert not balance.entries(program.workspace_id)[0].note


def test_an_answer_that_goes_on_from_an_earlier_one_is_held_at_the_whole_window(program, provider):
    model = catalogue.model("openai:gpt-5-mini")
    most = balance.price(model, model.context_tokens, 16)
    balance.top_up(program.workspace_id, most - 1, "", OPERATOR)
    body = {"model": GPT, "input": "And then?", "max_output_tokens": 16}
    assert program.ask("responses", body | {"previous_response_id": "resp_1"}).status_code == 402
    assert not provider.calls


EMBEDDING = {"model": "text-embedding-3-small", "input": ["one two three"] * 1_000}


def test_an_embedding_is_paid_from_the_balance(paid, provider):
    answer = paid.ask("embeddings", EMBEDDING)
    assert answer.status_code == 200, answer.text
    assert len(answer.json["data"]) == 1_000
    tokens = answer.json["usage"]["prompt_tokens"]
    charged = -(-tokens * 20_000 // 1_000_000)
    assert charged > 1 and sums(paid) == (DOLLAR - charged, 0)
    row = paid.logged()[0]
    assert (row.tokens_in, row.billed_microusd, row.estimated) == (tokens, charged, False)
    assert provider.embeddings[-1].key == OURS


@pytest.mark.parametrize(("missing", "status"), [(1, 402), (0, 200)])
def test_of_many_texts_to_embed_each_may_fill_the_window(program, provider, missing, status):
    size = len(json.dumps(EMBEDDING))
    assert size > catalogue.model("openai:text-embedding-3-small").context_tokens
    balance.top_up(program.workspace_id, -(-size * 20_000 // 1_000_000) - missing, "", OPERATOR)
    assert program.ask("embeddings", EMBEDDING).status_code == status


def test_a_model_without_a_price_is_not_served_with_the_operators_key(paid, provider):
    assert paid.messages("claude-haiku-99").status_code == 402
    assert not provider.calls and sums(paid) == (DOLLAR, 0)


def test_counting_tokens_is_free(program, provider):
    token = {"Authorization": f"Bearer {program.token}"}
    body = {"model": CLAUDE, "messages": HELLO}
    program.client.post("/v1/messages/count_tokens", json=body, headers=token)
    row = program.logged()[0]
    assert row.code != "no_balance" and row.billed_microusd == 0


def test_mini_costs_nothing(program):
    answer = program.chat("mini")
    assert answer.status_code == 200, answer.text
    assert sums(program) == (0, 0) and program.logged()[0].billed_microusd == 0


# What is taken


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("route", ["chat", "messages"])
def test_an_answer_is_charged_at_its_price_to_the_micro_dollar(paid, provider, stream, route):
    provider.next(Reply.answer(tokens_in=1_000, tokens_out=10))
    answer = getattr(paid, route)(CLAUDE, stream=stream)
    assert answer.status_code == 200 and answer.data
    assert sums(paid) == (DOLLAR - PRICE, 0)
    row = paid.logged()[0]
    assert (row.billed_microusd, row.cost_microusd, row.estimated) == (PRICE, PRICE, False)
    assert balance.entries(paid.workspace_id)[0].request_id == row.id
    day = session().query(UsageDay).filter_by(workspace_id=paid.workspace_id).one()
    assert day.billed_microusd == PRICE


def test_a_stream_of_openais_is_made_to_tell_its_tokens(paid, provider):
    provider.next(Reply.answer(tokens_in=1_000, tokens_out=10))
    assert paid.chat(GPT, stream=True).data
    assert provider.chats[-1].body["stream_options"] == {"include_usage": True}
    assert sums(paid) == (DOLLAR - (1_000 * 250_000 + 10 * 2_000_000) // 1_000_000, 0)
    assert not paid.logged()[0].estimated


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 529])
@pytest.mark.parametrize("stream", [False, True])
def test_what_nobody_answered_is_given_back_whole(paid, provider, status, stream):
    for _ in range(3):
        provider.next(Reply.status(status))
    assert paid.messages(CLAUDE, stream=stream).status_code >= 400
    assert sums(paid) == (DOLLAR, 0)
    assert paid.logged()[0].billed_microusd == 0
    assert len(balance.entries(paid.workspace_id)) == 1


def test_an_answer_that_broke_off_is_charged_for_what_came(paid, provider):
    text = "word " * 200
    provider.next(Reply.cut(after_chunks=150, text=text))
    answer = paid.messages(CLAUDE, stream=True)
    assert b"error" in answer.data
    row = paid.logged()[0]
    assert row.code and row.estimated and row.billed_microusd > 0
    assert sums(paid) == (DOLLAR - row.billed_microusd, 0)


def test_who_leaves_in_the_middle_pays_for_what_came(paid, provider):
    provider.next(Reply.answer("word " * 200, chunk_delay_seconds=0.005))
    body = {"model": CLAUDE, "max_tokens": 500, "messages": HELLO, "stream": True}
    headers = {"Authorization": f"Bearer {paid.token}"}
    answer = paid.client.post("/v1/messages", json=body, headers=headers, buffered=False)
    came = 0
    for piece in answer.iter_encoded():
        came += len(piece)
        if came > 4_000:
            break
    answer.close()
    row = paid.logged()[0]
    assert row.code == "client_left" and row.tokens_out > 10
    assert sums(paid) == (DOLLAR - row.billed_microusd, 0)


# The secret


def test_the_operators_key_is_seen_by_its_provider_alone(paid, provider, chosen, logged):
    """Even where the provider says it aloud."""
    provider.next(Reply.echoing_key())
    paid.chat(GPT)
    paid.chat(GPT)
    assert keys_at(provider)[0] == OURS
    for text in (repr(chosen), str(chosen), logged(), str([vars(row) for row in paid.logged()])):
        assert not marker.in_bytes(text.encode())


@pytest.mark.parametrize("key", ["two words", "new\nline", "schlüssel", "\x7f"])
def test_a_key_that_no_header_can_carry_is_refused_without_a_word_of_it(data_dir, key):
    with pytest.raises(SettingsError) as refused:
        make_settings(data_dir, openai_platform_key=f"{marker.MARKER}{key}")
    assert "OPENAI_PLATFORM_KEY" in str(refused.value)
    assert not marker.in_bytes(str(refused.value).encode())


def test_a_key_is_read_from_a_file_too(data_dir, tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{OURS}\n")
    found = make_settings(data_dir, openai_platform_key_file=str(file)).platform_keys
    assert found["openai"].get_secret_value() == OURS and list(found) == ["openai"]


def test_a_provider_without_one_has_none(app):
    assert platform_keys.key_for("openai") == OURS
    assert platform_keys.key_for("mistral") is None and not platform_keys.has("mistral")


EXTRAS = [
    ("responses", {"tools": [{"type": "web_search"}]}, "web_search"),
    ("responses", {"tools": [{"type": "code_interpreter"}]}, "code_interpreter"),
    ("responses", {"background": True}, "background"),
    ("chat", {"service_tier": "priority"}, "service_tier"),
    ("chat", {"web_search_options": {}}, "web_search_options"),
    ("chat", {"modalities": ["text", "audio"]}, "modalities"),
    ("messages", {"tools": [{"type": "web_search_20250305", "name": "s"}]}, "web_search_20250305"),
    ("messages", {"speed": "fast"}, "speed"),
]
BODIES = {
    "responses": {"model": GPT, "input": "Hello"},
    "chat": {"model": GPT, "messages": HELLO},
    "messages": {"model": CLAUDE, "max_tokens": 50, "messages": HELLO},
}


@pytest.mark.parametrize(("route", "extra", "name"), EXTRAS)
def test_what_costs_more_than_its_tokens_is_not_bought_from_a_balance(
    paid, provider, route, extra, name
):
    answer = paid.ask(route, BODIES[route] | extra)
    assert answer.status_code == 400
    assert f"“{name}” has charges beyond tokens" in answer.json["error"]["message"]
    assert not provider.calls and sums(paid) == (DOLLAR, 0)


LEFT_OPEN = [
    ("chat", {"n": "2"}, "n"),
    ("chat", {"max_output_tokens": 1}, "max_output_tokens"),
    ("responses", {"max_tokens": 1}, "max_tokens"),
    ("messages", {"max_tokens": 1.5}, "max_tokens"),
    ("messages", {"max_completion_tokens": 1}, "max_completion_tokens"),
]
"""The whole table is in tests/core/gateway/billing/test_cost_limit.py."""


@pytest.mark.parametrize(("route", "more", "name"), LEFT_OPEN)
def test_what_leaves_the_price_open_is_400_in_the_callers_format_and_names_the_field(
    paid, provider, route, more, name
):
    answer = paid.ask(route, BODIES[route] | more)
    assert answer.status_code == 400 and f"“{name}”" in answer.json["error"]["message"]
    assert (answer.json.get("type") == "error") is (route == "messages")
    assert not provider.calls and sums(paid) == (DOLLAR, 0)


def test_the_workspaces_own_key_is_sent_any_limit(paid, cast, provider):
    make_key(cast.workspace, "openai")
    limits = b'"max_completion_tokens": 1, "max_completion_tokens": 20, "max_output_tokens": 5'
    body = json.dumps(BODIES["chat"]).encode()[:-1] + b", " + limits + b"}"
    assert paid.ask("chat", body).status_code == 200
    assert provider.chats[-1].body["max_completion_tokens"] == 20


def test_what_a_request_cost_beyond_everything_is_owed_and_said_with_402(paid, provider):
    provider.next(Reply.answer(tokens_in=2_000_000, tokens_out=50))
    assert paid.messages(CLAUDE).status_code == 200
    owed = 2_000_000 + 50 * 5 - DOLLAR
    assert sums(paid) == (0, 0) and balance.debt_of(paid.workspace_id) == owed
    balance.top_up(paid.workspace_id, owed - 1, "", OPERATOR)
    answer = paid.messages(CLAUDE)
    assert answer.status_code == 402 and "owes $0.000001" in answer.json["error"]["message"]
    balance.top_up(paid.workspace_id, DOLLAR, "", OPERATOR)
    assert paid.messages(CLAUDE).status_code == 200


@pytest.mark.parametrize(
    ("route", "usual"),
    [
        ("responses", {"tools": [{"type": "web_search", "external_web_access": False}]}),
        ("chat", {"service_tier": "auto", "modalities": ["text"]}),
        ("chat", {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}),
        ("messages", {"tools": [{"type": "bash_20250124", "name": "bash"}], "speed": "standard"}),
        ("messages", {"tools": [{"name": "f", "input_schema": {"type": "object"}}]}),
    ],
)
def test_what_costs_its_tokens_alone_is(paid, route, usual):
    assert paid.ask(route, BODIES[route] | usual).status_code == 200


def test_the_workspaces_own_key_buys_whatever_its_provider_sells(paid, cast):
    make_key(cast.workspace, "openai")
    answer = paid.ask("chat", BODIES["chat"] | {"service_tier": "priority"})
    assert answer.status_code == 200 and sums(paid) == (DOLLAR, 0)
