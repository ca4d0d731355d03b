"""Which key serves which model, and why the others do not: one row for each way the decision can go."""

import pytest

from core import settings
from core.gateway.models import PLATFORM, WORKSPACE
from core.gateway.routing import decide, offers_of
from core.gateway.workspace_keys import Key
from core.providers import catalogue, endpoints

HAIKU = "claude-haiku-4-5"
"""Anthropic and Bedrock both have it."""
MINI = endpoints.MINI


@pytest.fixture(scope="module", autouse=True)
def usual_settings(tmp_path_factory):
    """Mini's own name for its model is the operator's choice."""
    endpoints.configure(settings.read({"DATA_DIR": str(tmp_path_factory.mktemp("data"))}))


def key(provider, *, enabled=True, why_unusable=""):
    return Key(f"key_{provider}", 1, provider, "place", "sealed", enabled, why_unusable)


def decided(model, route="messages", *, keys=(), order=(), plan_has_keys=True, platform=()):
    by_provider = {one.provider: one for one in keys}
    return decide(model, route, by_provider, order, plan_has_keys, lambda slug: slug in platform)


def candidates(decision):
    return [(found.provider, found.route, found.source) for found in decision.candidates]


def skipped(decision):
    return [(found.provider, found.reason) for found in decision.skipped]


@pytest.mark.parametrize(
    ("keys", "order", "expected_candidates", "expected_skipped"),
    [
        pytest.param(
            [key("anthropic")],
            [],
            [("anthropic", "messages", WORKSPACE)],
            [("bedrock", "no_key")],
            id="the one with a key",
        ),
        pytest.param(
            [key("anthropic"), key("bedrock")],
            [],
            [("anthropic", "messages", WORKSPACE), ("bedrock", "converse", WORKSPACE)],
            [],
            id="both, in the catalogue's order",
        ),
        pytest.param(
            [key("anthropic"), key("bedrock")],
            ["bedrock"],
            [("bedrock", "converse", WORKSPACE), ("anthropic", "messages", WORKSPACE)],
            [],
            id="both, in the workspace's order",
        ),
        pytest.param(
            [key("anthropic", enabled=False, why_unusable="disabled"), key("bedrock")],
            [],
            [("bedrock", "converse", WORKSPACE)],
            [("anthropic", "disabled")],
            id="the one that is enabled",
        ),
        pytest.param(
            [key("anthropic", why_unusable="invalid"), key("bedrock")],
            ["anthropic", "bedrock"],
            [("bedrock", "converse", WORKSPACE)],
            [("anthropic", "invalid")],
            id="the one that works",
        ),
    ],
)
def test_the_workspaces_usable_keys_are_tried_in_order(
    keys, order, expected_candidates, expected_skipped
):
    found = decided(HAIKU, keys=keys, order=order)
    assert candidates(found) == expected_candidates
    assert skipped(found) == expected_skipped
    assert found.refusal == ""
    assert [one.key for one in found.candidates] == [
        next(held for held in keys if held.provider == slug) for slug, _, _ in expected_candidates
    ]
    assert not any(one.is_billed for one in found.candidates)


@pytest.mark.parametrize(
    ("keys", "platform", "expected"),
    [
        pytest.param([], ["anthropic"], ["anthropic"], id="no key"),
        pytest.param([], ["bedrock", "anthropic"], ["anthropic", "bedrock"], id="of both"),
        pytest.param(
            [key("anthropic", enabled=False, why_unusable="disabled")],
            ["anthropic"],
            ["anthropic"],
            id="only a disabled key",
        ),
        pytest.param(
            [key("anthropic", why_unusable="invalid")], ["anthropic"], [], id="a key that failed"
        ),
        pytest.param(
            [key("anthropic", why_unusable="invalid")],
            ["bedrock"],
            [],
            id="a key that failed, at another provider",
        ),
        pytest.param([key("bedrock")], ["anthropic"], ["bedrock"], id="a key that works elsewhere"),
    ],
)
def test_the_operators_key_serves_only_where_no_key_is_enabled(keys, platform, expected):
    found = decided(HAIKU, keys=keys, platform=platform)
    assert [one.provider for one in found.candidates] == expected
    for one in found.candidates:
        assert (one.source, one.is_billed) == ((WORKSPACE, False) if one.key else (PLATFORM, True))


@pytest.mark.parametrize(
    ("model", "route", "keys", "plan_has_keys", "refusal", "reasons"),
    [
        pytest.param("no-such-model", "chat", [], True, "model_not_found", [], id="unknown"),
        pytest.param(
            HAIKU,
            "messages",
            [],
            True,
            "no_key_for_model",
            [("anthropic", "no_key"), ("bedrock", "no_key")],
            id="no key",
        ),
        pytest.param(
            HAIKU,
            "messages",
            [],
            False,
            "no_key_for_model",
            [("anthropic", "plan_without_keys"), ("bedrock", "plan_without_keys")],
            id="a plan without keys",
        ),
        pytest.param(
            HAIKU,
            "messages",
            [key("anthropic", enabled=False, why_unusable="disabled")],
            True,
            "no_key_for_model",
            [("anthropic", "disabled"), ("bedrock", "no_key")],
            id="a disabled key",
        ),
        pytest.param(
            HAIKU,
            "messages",
            [key("anthropic", why_unusable="invalid")],
            True,
            "upstream_credentials_exhausted",
            [("anthropic", "invalid"), ("bedrock", "no_key")],
            id="a broken key",
        ),
        pytest.param(
            HAIKU,
            "embeddings",
            [key("anthropic"), key("bedrock")],
            True,
            "format_not_served",
            [("anthropic", "format_not_served"), ("bedrock", "format_not_served")],
            id="a format that no provider serves",
        ),
        pytest.param(
            HAIKU,
            "count_tokens",
            [key("bedrock")],
            True,
            "no_key_for_model",
            [("anthropic", "no_key"), ("bedrock", "format_not_served")],
            id="a format that only another provider serves",
        ),
    ],
)
def test_a_refusal_says_why_nobody_is_tried(model, route, keys, plan_has_keys, refusal, reasons):
    found = decided(model, route, keys=keys, plan_has_keys=plan_has_keys)
    assert not found.candidates
    assert (found.refusal, skipped(found)) == (refusal, reasons)


def test_a_key_whose_provider_lacks_the_format_does_not_keep_the_operators_away():
    found = decided(HAIKU, "count_tokens", keys=[key("bedrock")], platform=["anthropic", "bedrock"])
    assert candidates(found) == [("anthropic", "count_tokens", PLATFORM)]


def test_mini_needs_no_key_and_costs_nothing():
    model = next(model for model in catalogue.models() if model.provider == MINI)
    found = decided(model.id, "chat", plan_has_keys=False)
    assert candidates(found) == [(MINI, "chat", PLATFORM)]
    assert found.candidates[0].key is None
    assert not found.candidates[0].is_billed


@pytest.mark.parametrize(
    ("model", "route", "into"),
    [
        ("anthropic/claude-haiku-4-5", "messages", "messages"),
        ("anthropic/claude-haiku-4-5", "chat", "messages"),
        ("anthropic/claude-haiku-4-5", "responses", "messages"),
        ("anthropic/claude-haiku-4-5", "count_tokens", "count_tokens"),
        ("anthropic/claude-haiku-4-5", "completions", ""),
        ("bedrock/claude-haiku-4-5", "chat", "converse"),
        ("bedrock/claude-haiku-4-5", "count_tokens", ""),
        ("openai/gpt-5-mini", "chat", "chat"),
        ("openai/gpt-5-mini", "responses", "responses"),
        ("openai/gpt-5-mini", "messages", "chat"),
        ("openai/gpt-5-mini", "completions", "completions"),
        ("openai/gpt-5-mini", "embeddings", ""),
        ("openai/text-embedding-3-small", "embeddings", "embeddings"),
        ("openai/text-embedding-3-small", "chat", ""),
        ("openai/text-embedding-3-small", "completions", ""),
        ("google/gemini-9-next", "messages", "chat"),
        ("perplexity/sonar-next", "chat", "responses"),
        ("perplexity/sonar-next", "messages", "responses"),
        ("deepseek/deepseek-v4-flash", "responses", "messages"),
        ("fireworks/some/model", "messages", "chat"),
        ("fireworks/some/model", "embeddings", "embeddings"),
    ],
)
def test_a_provider_is_asked_in_a_format_that_it_speaks(model, route, into):
    provider = model.partition("/")[0]
    found = decided(model, route, keys=[key(provider)])
    assert candidates(found) == ([(provider, into, WORKSPACE)] if into else [])
    assert found.refusal == ("" if into else "format_not_served")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            HAIKU,
            [
                ("anthropic", "anthropic:claude-haiku-4-5", "claude-haiku-4-5", True),
                (
                    "bedrock",
                    "bedrock:claude-haiku-4-5",
                    "global.anthropic.claude-haiku-4-5-20251001-v1:0",
                    True,
                ),
            ],
        ),
        (
            "bedrock/claude-haiku-4-5",
            [
                (
                    "bedrock",
                    "bedrock:claude-haiku-4-5",
                    "global.anthropic.claude-haiku-4-5-20251001-v1:0",
                    True,
                )
            ],
        ),
        (
            "bedrock:global.anthropic.claude-haiku-4-5-20251001-v1:0",
            [
                (
                    "bedrock",
                    "bedrock:claude-haiku-4-5",
                    "global.anthropic.claude-haiku-4-5-20251001-v1:0",
                    True,
                )
            ],
        ),
        (
            "anthropic:claude-next",
            [("anthropic", "anthropic:claude-next", "claude-next", False)],
        ),
        ("claude-next", [("anthropic", "anthropic:claude-next", "claude-next", False)]),
        ("gpt-99", [("openai", "openai:gpt-99", "gpt-99", False)]),
        ("anthropic/", []),
        ("nobody/claude-haiku-4-5", []),
        ("unheard-of", []),
        ("", []),
    ],
)
def test_a_model_is_asked_for_by_its_name_or_pinned_to_a_provider(model, expected):
    found = [
        (one.provider.slug, one.model_id, one.upstream_model, one.model is not None)
        for one in offers_of(model)
    ]
    assert found == expected


def test_a_direct_providers_models_are_reached_only_by_its_name():
    direct = {provider.slug for provider in catalogue.providers() if provider.direct}
    assert direct
    model = next(model for model in catalogue.models() if model.provider in direct)
    slug, _, name = model.id.partition(":")
    assert slug not in [one.provider.slug for one in offers_of(name)]
    assert [one.model for one in offers_of(f"{slug}/{name}")] == [model]
