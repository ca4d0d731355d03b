import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.keys import paste
from core.providers import catalogue, endpoints
from tests import marker

ANTHROPIC = catalogue.provider("anthropic")
OPENAI = catalogue.provider("openai")
KEY = "sk-ant-api03-" + "x" * 91 + "7xA2"


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"  {KEY}\n",
        f'"{KEY}"',
        f"Bearer {KEY}",
        f"bearer  {KEY}",
        f"“{KEY}”",
        f'Bearer "{KEY}"',
        f"`{KEY}` ",
        f"ANTHROPIC_API_KEY={KEY}",
        f'export ANTHROPIC_API_KEY="{KEY}"',
        f"x-api-key: {KEY}",
        f"Authorization: Bearer {KEY}",
        f"\ufeff{KEY}\u200b;",
    ],
)
def test_what_surrounds_a_key_is_left_out_and_said(text):
    secret, hint = paste.tidy(text)
    assert secret == KEY
    assert bool(hint) == (text != KEY)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Paste a key from Anthropic"),
        ("sk-ant-api03-••••••••7xA2", "masked"),
        ("sk-ant-api03-********7xA2", "masked"),
        ("sk-ant-...7xA2", "masked"),
        ("sk-ant-api03-abc def ghi", "Copy the key again"),
        ("sk-ant-api03-\nabcdefgh", "Copy the key again"),
        ("sk-ant-api03-ключключ", "Copy the key again"),
        ("short", "8 to 2,000"),
        ("x" * 2001, "8 to 2,000"),
        ("sk-ant-api03-", "only the beginning"),
        ("sk-ant-api03-1234567", "only the beginning"),
        ("sk-proj-" + "x" * 60, "looks like a key from OpenAI"),
        ("AIza" + "x" * 35, "looks like a key from Google AI Studio"),
        ("AKIA" + "A" * 16, "looks like a key from AWS Bedrock"),
        ("xai-" + "x" * 80, "looks like a key from xAI"),
        ("pplx-" + "x" * 48, "looks like a key from Perplexity"),
        ("0123456789abcdef" * 2 + ".abcdefghijklmnop", "looks like a key from Z.ai"),
        ("tp-" + "x" * 40, "looks like a key from Xiaomi"),
        ('{"apiKey":"ABSK"}', "This is JSON"),
        ("sk-ant-admin01-" + "x" * 60, "Anthropic admin key"),
        ("sk-ant-oat01-" + "x" * 60, "sign-in token"),
    ],
)
def test_a_wrong_paste_is_caught_before_it_is_sent(text, says):
    with pytest.raises(Invalid, match=says):
        paste.check(text, ANTHROPIC)


def test_an_anthropic_key_in_openais_form_is_named():
    with pytest.raises(Invalid, match="looks like a key from Anthropic"):
        paste.check(KEY, OPENAI)


def test_a_key_of_no_known_shape_may_be_tried():
    paste.check("a-key-of-a-compatible-server", OPENAI)
    paste.check(KEY, ANTHROPIC)


def test_the_mask_is_the_one_of_the_specification():
    assert paste.mask(KEY, ANTHROPIC) == "sk-ant-api03-••••••••7xA2"


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=200)
)
def test_a_mask_never_shows_more_than_prefix_and_four(secret):
    for provider in (ANTHROPIC, OPENAI):
        prefix, _, tail = paste.mask(secret, provider).partition("••••••••")
        assert prefix in ("", *provider.key_prefixes)
        assert len(tail) <= 4


def test_a_token_plans_key_is_wrong_at_xiaomis_usual_host_only(monkeypatch):
    xiaomi = catalogue.provider("xiaomi")
    key = "tp-" + "x" * 40
    monkeypatch.setattr(endpoints, "is_moved", lambda slug: False)
    with pytest.raises(Invalid, match="Token Plan"):
        paste.check(key, xiaomi)
    monkeypatch.setattr(endpoints, "is_moved", lambda slug: True)
    paste.check(key, xiaomi)


def test_a_key_that_is_json_goes_to_nobody_but_where_it_belongs():
    for provider in catalogue.byok_providers():
        if provider.auth != "sigv4":
            with pytest.raises(Invalid, match="This is JSON.*wasn’t sent anywhere"):
                paste.check(marker.bedrock_key(), provider)
