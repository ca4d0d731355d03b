"""The hold is never smaller than the bill: every way to ask for more than is held, and what is held."""

import json
from dataclasses import replace

import pytest

from core.errors import Invalid
from core.gateway import attempts, calls
from core.gateway.billing import billable_extras, cost_limit, output_limits
from core.gateway.models import PLATFORM
from core.gateway.routing import Candidate, Offer
from core.providers import catalogue

HELLO = [{"role": "user", "content": "Hello"}]
BODIES = {
    "chat": {"messages": HELLO},
    "responses": {"input": "Hello"},
    "messages": {"messages": HELLO, "max_tokens": 50},
    "completions": {"prompt": "Hello"},
    "fim": {"prompt": "Hello"},
    "embeddings": {"input": "Hello"},
}
IN, OUT, WINDOW, LONGEST = 1, 100, 200_000, 64_000
MODEL = replace(
    catalogue.model("openai:gpt-5-mini"),
    price_in_microusd_per_mtok=IN * 1_000_000,
    price_out_microusd_per_mtok=OUT * 1_000_000,
    context_tokens=WINDOW,
    max_output_tokens=LONGEST,
)


def call_of(route: str, more: dict | bytes) -> calls.Call:
    document = {"model": "gpt-5-mini"} | BODIES[route]
    body = more if isinstance(more, bytes) else json.dumps(document | more).encode()
    return calls.read(route, body, {})


def refused(route: str, more: dict | bytes) -> str:
    """The name of the member for which the balance does not pay; "" where it does."""
    call = call_of(route, more)
    try:
        output_limits.check(call)
    except Invalid as error:
        assert f"“{error.field[:60]}”" in error.message
        return error.field
    return billable_extras.non_token_charge(call.document)


def held(route: str, more: dict, into: str = "", model=MODEL) -> tuple[int, int]:
    """The most that it may cost, and the size of its body."""
    call = call_of(route, more)
    offer = Offer(catalogue.provider(model.provider), model.id, model.upstream_id, model)
    attempt = attempts.prepare(Candidate(offer, into or route, PLATFORM, None), call, "", "req_1")
    size = max(len(call.body), len(attempt.body) if into else 0)
    return cost_limit.most_microusd(attempt, model), size


FOREIGN = [
    *(
        ("chat", name)
        for name in ("max_output_tokens", "max_new_tokens", "max_tokens_to_sample", "max_gen_len",
                     "max_length", "n_predict", "num_predict", "maxOutputTokens", "maxTokens",
                     "candidate_count", "candidateCount", "num_return_sequences", "best_of",
                     "max-tokens", "Max_Tokens", "MAX_COMPLETION_TOKENS", "N", "max_to\u212aens",
                     "max_token\u017f", "Tools", "max_tokens ", "x" * 65)
    ),
    *(("responses", name) for name in ("max_tokens", "max_completion_tokens", "n")),
    *(("messages", name) for name in ("max_output_tokens", "max_completion_tokens", "n")),
    *(("completions", name) for name in ("max_completion_tokens", "max_output_tokens")),
    *(("fim", name) for name in ("n", "max_completion_tokens")),
    *(("embeddings", name) for name in ("n", "max_tokens")),
]  # fmt: skip


@pytest.mark.parametrize(("route", "name"), FOREIGN)
def test_a_limit_of_another_format_is_refused_by_name(route, name):
    assert refused(route, {name: 1}) == name
    assert refused(route, {name: None}) == ""


NESTED = [
    ("chat", {"generation_config": {"max_output_tokens": 9}}, "generation_config"),
    ("chat", {"generationConfig": {"maxOutputTokens": 9}}, "generationConfig"),
    ("chat", {"extra_body": {"max_tokens": 9}}, "extra_body"),
    ("chat", {"options": {"num_predict": 9}}, "options"),
    ("messages", {"inference_config": {"maxTokens": 9}}, "inference_config"),
    ("chat", {"stream_options": {"max_tokens": 9}}, "stream_options.max_tokens"),
    ("chat", {"thinking": {"a": {"n": 9}}}, "thinking.a.n"),
    ("responses", {"reasoning": {"max_output_tokens": 9}}, "reasoning.max_output_tokens"),
]


@pytest.mark.parametrize(("route", "more", "name"), NESTED)
def test_a_limit_inside_of_another_object_is_refused_by_its_path(route, more, name):
    assert refused(route, more) == name


NO_COUNTS = [True, False, 1.0, 1e3, float("nan"), "1", "x", 0, -1, [], [1], {}, -(10**30)]
COUNTED = [
    ("chat", "n"), ("chat", "max_tokens"), ("chat", "max_completion_tokens"),
    ("responses", "max_output_tokens"), ("messages", "max_tokens"), ("completions", "n"),
    ("completions", "best_of"), ("completions", "max_tokens"), ("fim", "max_tokens"),
]  # fmt: skip


@pytest.mark.parametrize(("route", "name"), COUNTED)
@pytest.mark.parametrize("value", NO_COUNTS, ids=repr)
def test_a_count_that_is_no_whole_number_above_0_is_refused_by_name(route, name, value):
    assert refused(route, {name: value}) == name


@pytest.mark.parametrize(("route", "name"), COUNTED)
@pytest.mark.parametrize("value", [None, 1, 2, 10**30])
def test_a_count_is_not(route, name, value):
    assert refused(route, {name: value}) == ""


@pytest.mark.parametrize("value", ["9", 9.0, True, -9])
@pytest.mark.parametrize(
    ("outer", "name"), [("thinking", "budget_tokens"), ("reasoning", "max_tokens")]
)
def test_a_budget_for_thinking_is_a_count_too(outer, name, value):
    assert refused("chat", {outer: {name: value}}) == f"{outer}.{name}"


TWICE = [
    ('"model": "gpt-5-mini", "model": "gpt-5"', "model"),
    *((f'"{name}": 1, "{name}": 2', name) for name in ("max_tokens", "n", "max_completion_tokens")),
    (r'"max_tokens": 1, "max_\u0074okens": 2', "max_tokens"),
    ('"service_tier": "auto", "service_tier": "priority"', "service_tier"),
    ('"tools": [], "tools": [{"type": "web_search"}]', "tools"),
    ('"n": null, "n": 9', "n"),
    ('"tools": [{"type": "web_search", "type": "function", "name": "f"}]', "type"),
    ('"thinking": {"budget_tokens": 9, "budget_tokens": 1}', "budget_tokens"),
]


@pytest.mark.parametrize(("members", "name"), TWICE)
def test_a_member_that_occurs_twice_is_refused(members, name):
    body = f'{{"model": "gpt-5-mini", "messages": [], {members}}}'
    assert (
        refused("chat", body.replace('"model": "gpt-5-mini", ', "", name == "model").encode())
        == name
    )


BILLED_SEPARATELY = [
    {"tools": [{"google_search": {}}]}, {"tools": ["web_search"]}, {"tools": {"type": "x"}},
    {"tools": [{}]}, {"tools": [{"type": "builtin_function", "function": {"name": "$web_search"}}]},
    {"search_parameters": {"mode": "on"}}, {"plugins": [{"id": "web"}]}, {"models": ["gpt-5-pro"]},
    {"provider": {"order": ["x"]}}, {"mcp_servers": []}, {"container": "c"}, {"fallbacks": []},
]  # fmt: skip


@pytest.mark.parametrize("more", BILLED_SEPARATELY, ids=str)
def test_what_a_provider_bills_apart_or_at_other_prices_is_refused(more):
    assert refused("chat", more)


USUAL = [
    ("chat", {"max_tokens": 5, "max_completion_tokens": 7, "n": 2, "seed": 1, "logprobs": True}),
    ("chat", {"tools": [{"type": "function", "function": {"name": "max_tokens"}}]}),
    ("chat", {"logit_bias": {"50256": -100}, "metadata": {"N": "1"}, "stream_options": {}}),
    ("chat", {"response_format": {"type": "json_schema", "json_schema": {"maxTokens": 1}}}),
    ("responses", {"max_output_tokens": 5, "max_tool_calls": 3, "reasoning": {"effort": "low"}}),
    ("responses", {"store": False, "prompt_cache_key": "k", "client_metadata": {"maxTokens": "1"}}),
    ("messages", {"thinking": {"type": "enabled", "budget_tokens": 40}, "top_k": 5}),
    ("messages", {"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}}),
    ("messages", {"tools": [{"name": "f", "input_schema": {"properties": {"n": {}, "N": {}}}}]}),
    ("completions", {"best_of": 3, "n": 2, "max_tokens": 5}),
    ("fim", {"suffix": "", "max_tokens": 5, "min_tokens": 1}),
    ("embeddings", {"dimensions": 5}),
]


@pytest.mark.parametrize(("route", "more"), USUAL, ids=str)
def test_what_programs_usually_send_is_paid_for(route, more):
    assert refused(route, more) == ""


HELD = [
    # Route, what is in the request, the format at the provider ("": the same), answers, tokens of one.
    ("chat", {"max_completion_tokens": 9}, "", 1, 9),
    ("chat", {"max_completion_tokens": 9, "max_tokens": 5}, "", 1, 9),
    ("chat", {"max_completion_tokens": 5, "max_tokens": 9}, "", 1, 9),
    ("chat", {"max_tokens": 9}, "", 1, LONGEST),  # Not the limit that this provider reads.
    ("chat", {"max_tokens": None}, "", 1, LONGEST),
    ("chat", {"max_completion_tokens": 10**30}, "", 1, LONGEST),
    ("chat", {}, "", 1, LONGEST),
    ("chat", {"max_completion_tokens": 9, "n": 3}, "", 3, 9),
    ("chat", {"max_completion_tokens": 9, "reasoning": {"max_tokens": 40}}, "", 1, 40),
    ("chat", {"max_tokens": 9}, "responses", 1, 9),
    ("chat", {"max_tokens": 9, "max_completion_tokens": 5}, "messages", 1, 9),
    ("chat", {}, "messages", 1, LONGEST),
    ("responses", {"max_output_tokens": 9}, "", 1, 9),
    ("responses", {}, "chat", 1, LONGEST),
    ("messages", {"max_tokens": 9}, "", 1, 9),
    ("messages", {"max_tokens": 9, "thinking": {"budget_tokens": 40}}, "", 1, 40),
    ("completions", {"max_tokens": 9, "best_of": 4, "n": 2}, "", 4, 9),
    ("completions", {"max_tokens": 9, "n": 2, "prompt": ["a", "b", "c"]}, "", 6, 9),
    ("fim", {"max_tokens": 9}, "", 1, 9),
]


@pytest.mark.parametrize(("route", "more", "into", "answers", "tokens"), HELD, ids=str)
def test_the_hold_is_by_the_largest_limit_and_by_the_providers_own_field(
    route, more, into, answers, tokens
):
    most, size = held(route, more, into)
    assert most == answers * (size * IN + tokens * OUT)


UNSEEN = [
    ("chat", {"messages": [{"role": "user", "content": [{"type": kind}]}]})
    for kind in ("image_url", "input_audio", "video_url", "document_url", "file", "audio_url")
] + [
    ("responses", {"input": [{"type": "item_reference", "id": "msg_1"}]}),
    ("responses", {"input": [{"type": "computer_call_output", "output": {"type": "computer_screenshot"}}]}),
    ("responses", {"conversation": "conv_1"}),
    ("responses", {"prompt": {"id": "pmpt_1"}}),
    ("messages", {"thread": {"id": "t"}}),
]  # fmt: skip


@pytest.mark.parametrize(("route", "more"), UNSEEN, ids=str)
def test_what_its_bytes_do_not_bound_is_held_at_the_whole_window(route, more):
    assert held(route, more)[0] >= WINDOW * IN


@pytest.mark.parametrize(
    "more", [{"tools": [{"name": "f"}]}, {"output_config": {"format": {"type": "json_schema"}}}]
)
def test_what_a_provider_adds_for_tools_and_schemas_is_held_too(more):
    most, size = held("messages", more)
    assert most == (size + cost_limit.PROVIDER_PROMPT_TOKENS) * IN + 50 * OUT
