"""Where a request goes, and what proves who sends it; Bedrock's signature against botocore's own client."""

import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

import botocore.auth
import botocore.session
import pytest

from core.providers import catalogue
from core.providers.auth import outgoing
from core.providers.wire import Endpoint
from tests.core.providers.test_aws import API_KEY, GOOD, SECRET, SESSION

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
BODY = {"messages": [{"role": "user", "content": [{"text": "ping"}]}]}


def at(slug, base_url=None):
    provider = catalogue.provider(slug)
    return Endpoint(slug, provider.wire, base_url or provider.base_url)


def sent(slug, route, secret="a-secret", base_url=None, model="m", stream=False):
    return outgoing.prepared(at(slug, base_url), route, model, secret, b"{}", stream=stream)


@pytest.mark.parametrize(
    ("slug", "route", "url"),
    [
        ("anthropic", "messages", "https://api.anthropic.com/v1/messages"),
        ("openai", "responses", "https://api.openai.com/v1/responses"),
        ("deepseek", "messages", "https://api.deepseek.com/anthropic/v1/messages"),
        ("minimax", "messages", "https://api.minimax.io/anthropic/v1/messages"),
        ("xiaomi", "messages", "https://api.xiaomimimo.com/anthropic/v1/messages"),
        ("zai", "messages", "https://api.z.ai/api/anthropic/v1/messages"),
        ("zai", "chat", "https://api.z.ai/api/paas/v4/chat/completions"),
        ("codestral", "fim", "https://codestral.mistral.ai/v1/fim/completions"),
        ("perplexity", "responses", "https://api.perplexity.ai/v1/responses"),
    ],
)
def test_each_format_has_its_address(slug, route, url):
    assert sent(slug, route).url == url


def test_the_operators_address_is_where_a_request_goes():
    found = sent("minimax", "messages", base_url="http://127.0.0.1:9/cn/v1")
    assert found.url == "http://127.0.0.1:9/anthropic/v1/messages"
    assert sent("minimax", "chat", base_url="http://127.0.0.1:9/cn/v1/").url == (
        "http://127.0.0.1:9/cn/v1/chat/completions"
    )


@pytest.mark.parametrize(
    "provider",
    [one for one in catalogue.byok_providers() if one.auth != "sigv4"],
    ids=lambda one: one.slug,
)
def test_the_secret_is_in_one_header_of_the_right_name(provider):
    route = next(iter(provider.paths))
    headers = sent(provider.slug, route).headers
    holding = {name: value for name, value in headers.items() if "a-secret" in value}
    expected = "authorization" if provider.auth == "bearer" else provider.auth
    assert list(holding) == [expected]
    assert holding[expected] == ("Bearer a-secret" if provider.auth == "bearer" else "a-secret")


def test_without_a_secret_no_credential_goes():
    assert sent("openai", "chat", "").headers == {"content-type": "application/json"}


@pytest.mark.parametrize(
    "model", [MODEL, "a/../../b", "x?y#z", "arn:aws:bedrock:us-east-1:1:x/y", "ü%"]
)
@pytest.mark.parametrize("credential", [GOOD, SESSION], ids=["pair", "session"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_signature_is_the_one_of_botocores_own_client(monkeypatch, model, credential, stream):
    freeze(monkeypatch)
    theirs = by_botocore(model, credential, stream)
    found = outgoing.prepared(
        at("bedrock"), "converse", model, json.dumps(credential), theirs.body, stream=stream
    )
    assert urlsplit(found.url) == urlsplit(theirs.url)
    ours = {name: found.headers[name] for name in ("x-amz-date", "authorization")}
    assert ours == {name: text(theirs.headers[name]) for name in ours}
    token = theirs.headers.get("x-amz-security-token")
    assert found.headers.get("x-amz-security-token") == (text(token) if token else None)


def test_the_models_colon_is_quoted_in_the_path():
    url = sent("bedrock", "converse", json.dumps(GOOD), model=MODEL).url
    assert url == (
        "https://bedrock-runtime.eu-central-1.amazonaws.com"
        "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
    )


@pytest.mark.parametrize("model", ["../../x", "a/b?c=d", "a#b", "a b", "http://h/", "é"])
def test_no_name_of_a_model_leaves_its_place_in_the_path(model):
    url = sent("bedrock", "converse", json.dumps(GOOD), model=model).url
    assert url.count("/") == 5 and "?" not in url and "#" not in url


def test_a_changed_body_has_another_signature(monkeypatch):
    freeze(monkeypatch)
    headers = [
        outgoing.prepared(at("bedrock"), "converse", MODEL, json.dumps(GOOD), body, stream=False)
        for body in (b"{}", b"{ }")
    ]
    assert headers[0].headers["authorization"] != headers[1].headers["authorization"]


def test_a_bedrock_api_key_goes_as_a_bearer():
    found = sent("bedrock", "converse", json.dumps(API_KEY))
    assert found.headers["authorization"] == f"Bearer {API_KEY['apiKey']}"
    assert found.url.startswith("https://bedrock-runtime.us-east-1.amazonaws.com/model/")


def test_what_goes_out_prints_nothing_of_itself():
    assert SECRET not in repr(sent("bedrock", "converse", json.dumps(GOOD)))


@pytest.mark.parametrize(
    ("slug", "secret", "sendable"),
    [
        ("openai", "sk-x", True),
        ("openai", "", True),
        ("openai", "sk-x\r\nx: y", False),
        ("openai", "sk-ü", False),
        ("bedrock", json.dumps(GOOD), True),
        ("bedrock", "AKIA", False),
        ("bedrock", json.dumps({**GOOD, "region": "evil.example/"}), False),
    ],
)
def test_a_secret_that_no_request_can_carry_is_known(slug, secret, sendable):
    assert outgoing.is_sendable(slug, secret) == sendable


def test_the_list_of_models_is_asked_for_where_there_is_one():
    found = outgoing.listing(at("anthropic"), "a-secret")
    assert found is not None and found.headers["anthropic-version"] == outgoing.ANTHROPIC_VERSION
    assert outgoing.listing(at("perplexity"), "a-secret") is None


def by_botocore(model, credential, stream):
    """The request that AWS's own library would send."""
    session = botocore.session.Session()
    client = session.create_client(
        "bedrock-runtime",
        region_name=credential["region"],
        aws_access_key_id=credential["accessKeyId"],
        aws_secret_access_key=credential["secretAccessKey"],
        aws_session_token=credential.get("sessionToken"),
    )
    seen = []

    class Enough(Exception):
        pass

    def keep(request, **_):
        seen.append(request)
        raise Enough

    name = "ConverseStream" if stream else "Converse"
    client.meta.events.register_last(f"before-send.bedrock-runtime.{name}", keep)
    call = client.converse_stream if stream else client.converse
    with pytest.raises(Enough):
        call(modelId=model, **BODY)
    return seen[0]


def freeze(monkeypatch):
    moment = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)


def text(value):
    return value.decode() if isinstance(value, bytes) else value
