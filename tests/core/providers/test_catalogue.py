"""The catalogue: what is in it, how it is asked, and what its file may not say."""

import pickle
from datetime import date
from importlib.resources import files

import pytest

from core.providers import catalogue
from core.providers.catalogue import CatalogueError, UnknownModel, UnknownProvider

TEXT = files("core.providers").joinpath("catalogue.toml").read_text("utf-8")


def test_bots_have_the_five_models_of_the_three_tiers():
    assert [(model.id, model.bot_tier) for model in catalogue.bot_models()] == [
        ("mevichat:mini", "mini"),
        ("anthropic:claude-haiku-4-5", "standard"),
        ("openai:gpt-5-mini", "standard"),
        ("anthropic:claude-sonnet-4-6", "premium"),
        ("openai:gpt-5", "premium"),
    ]


def test_the_gpt_5_models_carry_their_last_day():
    retiring = {model.id: model.retires_on for model in catalogue.bot_models() if model.retires_on}
    assert retiring == {"openai:gpt-5-mini": date(2026, 12, 11), "openai:gpt-5": date(2026, 12, 11)}


def test_knowledge_is_searched_by_a_model_whose_vectors_name_it():
    model = catalogue.embedding_model()
    assert model.made_by == "openai:text-embedding-3-small/512"
    assert model.model is catalogue.model("openai:text-embedding-3-small")
    assert model.model.provider == model.provider and model.model.serves == ("embeddings",)


def test_there_are_the_fifteen_of_the_specification_and_codestral_beside_mistral():
    names = [provider.slug for provider in catalogue.byok_providers()]
    assert names == [
        *("anthropic", "openai", "google", "bedrock", "mistral", "codestral", "deepseek", "xai"),
        *("minimax", "moonshot", "perplexity", "fireworks", "novita", "inception", "xiaomi", "zai"),
    ]


def test_mini_needs_no_key():
    assert not catalogue.provider("mevichat").byok


@pytest.mark.parametrize("provider", catalogue.providers(), ids=lambda one: one.slug)
def test_an_address_and_its_paths_fit_together(provider):
    assert not provider.base_url.endswith("/")
    assert all(path.startswith("/") for path in provider.paths.values())
    assert ("converse" in provider.paths) == ("converse_stream" in provider.paths)


@pytest.mark.parametrize("provider", catalogue.byok_providers(), ids=lambda one: one.slug)
def test_a_provider_has_a_model_for_programs_and_says_where_keys_come_from(provider):
    assert any(model.provider == provider.slug for model in catalogue.models())
    assert provider.key_shape.endswith(".") and provider.key_url.startswith("https://")


CHATS = {"chat", "messages", "responses", "converse"}


@pytest.mark.parametrize("model", catalogue.models(), ids=lambda one: one.id)
def test_a_model_is_served_by_a_path_of_its_provider(model):
    paths = set(catalogue.provider(model.provider).paths)
    assert model.serves
    assert all(paths & (CHATS if what == "chat" else {what}) for what in model.serves)


def test_one_model_may_be_served_by_several():
    assert [model.provider for model in catalogue.serving("claude-haiku-4-5")] == [
        "anthropic",
        "bedrock",
    ]
    assert catalogue.serving("no-such-model") == ()


def test_bots_are_offered_models_of_anthropic_openai_and_mini_alone():
    assert {model.provider for model in catalogue.bot_models()} == {
        *("mevichat", "anthropic", "openai")
    }


def test_the_first_two_are_probed_cheapest_first_as_the_fact_sheet_orders_them():
    probes = {slug: catalogue.provider(slug).probe_models for slug in ("anthropic", "openai")}
    assert probes == {
        "anthropic": ("claude-haiku-5-5", "claude-haiku-4-5"),
        "openai": ("gpt-6-luna", "gpt-5-nano", "gpt-5.6-luna", "gpt-4o-mini"),
    }


def test_prefixes_go_from_long_to_short():
    for provider in catalogue.providers():
        assert list(provider.key_prefixes) == sorted(provider.key_prefixes, key=len, reverse=True)


@pytest.mark.parametrize("text", ["claude-haiku-4-5", "anthropic:claude-haiku-4-5"])
def test_a_model_is_found_by_either_name(text):
    assert catalogue.find_model(text) is catalogue.model("anthropic:claude-haiku-4-5")


@pytest.mark.parametrize(
    "text", ["", "claude", "openai:claude-haiku-4-5", "mini:mevichat", ":mini"]
)
def test_an_unknown_model_says_which_there_are(text):
    with pytest.raises(UnknownModel, match="There are: mevichat:mini, anthropic:claude") as caught:
        catalogue.find_model(text)
    assert isinstance(caught.value, LookupError)
    assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message


def test_a_bare_name_is_no_id():
    with pytest.raises(UnknownModel):
        catalogue.model("claude-haiku-4-5")


def test_an_unknown_provider_says_which_there_are():
    with pytest.raises(UnknownProvider, match="mevichat, anthropic, openai"):
        catalogue.provider("antropic")


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ('provider = "openai"', 'provider = "opnai"', "unknown provider: opnai"),
        ('wire = "anthropic"', 'wire = "antropic"', "Provider anthropic has no path for antropic"),
        ('slug = "openai"', 'slug = "anthropic"', "provider is listed twice: anthropic"),
        ('id = "openai:gpt-5-mini"', 'id = "openai:gpt-5"', "model is listed twice: openai:gpt-5"),
        ('id = "openai:gpt-5-mini"', 'id = "gpt-5-mini"', "doesn’t begin with “openai:”"),
        ('id = "openai:text-emb', 'id = "openai:gpt-5"\n#', "model is listed twice: openai:gpt-5"),
        ('{ messages = "/v1', '{ chat = "/v1', "anthropic has no path for messages"),
        ('["claude-haiku-5-5", "claude-haiku-4-5"]', "[]", "no model to test keys with"),
        ('sibling = "mistral"', 'sibling = "mistrl"', "codestral has an unknown sibling: mistrl"),
        ("no_credit = ", "no_credits = ", r"providers\.\d+\.advice"),
        ('serves = ["embeddings"]', 'serves = ["embedding"]', r"models\.\d+\.serves"),
        ('-small"\nprovider', '-little"\nprovider', "openai:text-embedding-3-small isn’t listed"),
        ("dimensions = 512", "", r"embedding_models\.0\.dimensions"),
        ("context_tokens = 4_096", 'context_tokens = "many"', r"models\.0\.context_tokens"),
        ("context_tokens = 4_096", "window = 4_096", r"models\.0\.(context_tokens|window)"),
        ('bot_tier = "mini"', 'bot_tier = "pro"', r"models\.0\.bot_tier"),
        ("byok = false", "", r"providers\.0\.byok"),
        ("byok = false", "byok =", "Not TOML"),
    ],
)
def test_a_wrong_entry_is_refused_by_its_place(was, becomes, complaint):
    assert was in TEXT
    with pytest.raises(CatalogueError, match=complaint):
        catalogue.load(TEXT.replace(was, becomes, 1))


def test_prices_have_a_date_and_no_entry_is_mutable():
    for model in catalogue.models():
        assert model.priced_on >= date(2026, 11, 22)
        with pytest.raises(AttributeError):
            model.name = "x"
