"""The official SDKs through the gateway get what they get from the providers themselves, or they raise."""

import pytest

from core.accounts.actor import OPERATOR
from core.gateway import tokens
from core.providers.formats.json_tool import NAME as JSON_TOOL
from tests import marker
from tests.bot_client import make_key
from tests.live.product import LLAMA_KEY
from tests.live.sdks import ask
from tests.providers import Reply

pytestmark = pytest.mark.xdist_group("sdks")

OPENAI, ANTHROPIC = "gpt-4o-mini", "claude-haiku-4-5"
DIRECT = {"openai": OPENAI, "anthropic": ANTHROPIC}
MODELS = (
    OPENAI,
    ANTHROPIC,
    "bedrock/claude-haiku-4-5",
    "fireworks/accounts/fireworks/models/gpt-oss-20b",
)
PROMPTS = {
    "whole": "Hello there",
    "stream": "Hello there, slowly",
    "tool": "Weather in Bern?",
    "tool_stream": "Weather in Bern, slowly?",
    "image": "What is in this picture?",
    "json": "As JSON, please",
}
RESPONSES = {
    "responses": "Hello there",
    "responses_stream": "Hello there, slowly",
    "responses_accumulated": "Hello there, slowly",
    "responses_tool": "Weather in Bern?",
    "responses_tool_stream": "Weather in Bern, slowly?",
    "responses_image": "What is in this picture?",
    "responses_json": "As JSON, please",
}
BREAKS = {
    "Break by cut": Reply.cut(1),
    "Break by reset": Reply.cut(1, reset=True),
    "Break by end": Reply.truncated(2),
    "Break by poison": Reply.malformed_chunk(1),
    "Break by error": Reply.error_event(after_chunks=1),
}
ENDS = (("whole", "responses"), "tool", "json")
"""Of the names of the kinds that tell whether the provider says what it was told to say."""
IMAGE = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
CITY = {"city": "Bern"}


def asks(call, *words):
    return all(word.encode() in call.raw for word in words)


@pytest.fixture
def scripted(provider):
    """The provider, with what it says to each prompt; to all others, what was said to it."""
    provider.accept_bedrock(marker.bedrock_key())
    as_text, as_call = (
        Reply.answer('{"city":"Bern"}', tokens_out=2),
        Reply.tool_call(JSON_TOOL, CITY),
    )
    provider.when(lambda call: asks(call, "Weather"), Reply.tool_call("weather", CITY))
    provider.when(lambda call: asks(call, "Sunny"), Reply.answer("It is sunny in Bern."))
    provider.when(lambda call: asks(call, "As JSON"), as_text)
    provider.when(lambda call: asks(call, "As JSON", JSON_TOOL), as_call)
    for prompt, reply in BREAKS.items():
        provider.when(lambda call, prompt=prompt: asks(call, prompt), reply)
    return provider


@pytest.fixture
def token(inside, workspace, owner):
    for name in ("openai", "anthropic", "bedrock", "fireworks"):
        make_key(workspace, name)
    return tokens.create(workspace, owner, "SDKs", None, OPERATOR, inside.config["SECRET_KEY"])[1]


@pytest.fixture
def through(live, token):
    """`through("openai", kind, model, prompt)`: a case that goes through the gateway."""
    urls = {"openai": f"{live.url}/v1", "anthropic": live.url}

    def case(sdk, kind, model, prompt, **more):
        where = {"base_url": urls[sdk], "key": token, "is_token": True}
        return where | {"kind": kind, "model": model, "prompt": prompt, "more": more}

    return case


def directly(sdk, provider, kind, prompt):
    urls = {"openai": provider.openai_base_url, "anthropic": provider.anthropic_base_url}
    keys = {"openai": marker.openai_key(), "anthropic": marker.anthropic_key()}
    where = {"base_url": urls[sdk], "key": keys[sdk], "is_token": False}
    return where | {"kind": kind, "model": DIRECT[sdk], "prompt": prompt, "more": {}}


@pytest.mark.parametrize(
    ("sdk", "prompts"),
    [("openai", PROMPTS), ("openai", RESPONSES), ("anthropic", PROMPTS)],
    ids=["openai", "responses", "anthropic"],
)
def test_every_provider_answers_as_if_it_were_called_directly(sdk, prompts, scripted, through):
    kinds = list(prompts)
    direct = ask(sdk, [directly(sdk, scripted, kind, text) for kind, text in prompts.items()])
    expected = dict(zip(kinds, direct, strict=True))
    whole, tool, json_mode = (next(k for k in kinds if k.endswith(end)) for end in ENDS)
    assert expected[tool][0]["tool"] == ["weather", CITY]
    assert [one["text"] for one in expected[f"{tool}_stream"]] == ["", "It is sunny in Bern."]
    assert expected[whole]["text"] == "You said: Hello there"
    assert expected[json_mode]["text"] == '{"city":"Bern"}'

    pairs = [(model, kind) for model in MODELS for kind in kinds]
    found = ask(sdk, [through(sdk, kind, model, prompts[kind]) for model, kind in pairs])
    assert dict(zip(pairs, found, strict=True)) == {
        (model, kind): expected[kind] for model, kind in pairs
    }
    seen = [call for call in scripted.chats if asks(call, "this picture")]
    assert len(seen) == 1 + len(MODELS) and all(IMAGE in call.raw for call in seen)


@pytest.mark.parametrize(
    ("sdk", "kind"),
    [("openai", "stream"), ("openai", "responses_stream"), ("anthropic", "stream")],
)
def test_a_stream_that_breaks_off_makes_the_sdk_raise(sdk, kind, scripted, through):
    pairs = [(model, prompt) for model in MODELS for prompt in BREAKS]
    found = ask(sdk, [through(sdk, kind, model, prompt) for model, prompt in pairs])
    ended_well = [pair for pair, result in zip(pairs, found, strict=True) if "raised" not in result]
    assert not ended_well
    assert len([call for call in scripted.chats if asks(call, "Break by")]) == len(pairs)


@pytest.mark.parametrize(
    ("sdk", "kinds", "more"),
    [
        ("openai", ("whole", "stream", "json"), {"temperature": 0, "max_tokens": 12}),
        ("openai", ("responses", "responses_stream"), {"temperature": 0, "max_output_tokens": 12}),
        ("anthropic", ("whole", "stream"), {"extra_body": {"temperature": 0}, "max_tokens": 12}),
    ],
    ids=["chat", "responses", "messages"],
)
def test_a_real_model_says_the_same_through_the_gateway(sdk, kinds, more, llama, through):
    base_url = llama.openai_base_url if sdk == "openai" else llama.anthropic_base_url
    ours = [through(sdk, kind, "mevichat:mini", "Name a color.", **more) for kind in kinds]
    there = {"base_url": base_url, "key": LLAMA_KEY, "model": "mevichat-mini"}
    first, *results = ask(sdk, [case | there for case in ours] * 2 + ours)
    assert first["text"]
    count = len(kinds)
    assert results[count - 1 : 2 * count - 1] == results[2 * count - 1 :]
