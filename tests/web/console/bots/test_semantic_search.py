"""The switch for searching by meaning, what the knowledge page says of it, and what *Try retrieval* shows."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.retrieval import chunk_embeddings
from core.db import session, transaction
from core.keys import store
from core.knowledge import sources
from core.knowledge.models import Chunk
from tests.bot_client import BotClient, key_of, make_bot, make_key
from tests.core.bots.retrieval.test_embeddings import BY_MEANING, BY_WORDS, HANDBOOK, for_vectors
from tests.people import INSIDERS
from tests.providers import Reply
from tests.web.console.test_query_counts import MOST, Queries


@pytest.fixture
def workspace(cast):
    return cast.workspace


@pytest.fixture
def key(workspace):
    return make_key(workspace, "openai")


@pytest.fixture
def taught(workspace, key, run_jobs):
    bot = make_bot(workspace, hybrid=True)
    sources.add_text(workspace, bot.id, "Handbook", HANDBOOK, OPERATOR)
    run_jobs()
    return bot


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


def box(page: str) -> str:
    (found,) = re.findall(r'<input[^>]*name="hybrid"[^>]*>', page)
    return found


def hybrid_now(bot) -> bool:
    session().rollback()
    session().expire_all()
    return bots.get(bot.workspace_id, bot.id).hybrid


def knowledge_of(bot) -> str:
    return f"/w/acme/bots/{bot.id}/knowledge"


def test_it_is_switched_on_and_off_in_the_settings(admin, workspace, key, signed_in):
    bot = make_bot(workspace)
    url = f"/w/acme/bots/{bot.id}/settings"
    form = {"name": bot.name, "model": bot.model_id}
    page = admin.get(url).text
    assert "disabled" not in box(page) and "checked" not in box(page)
    assert "billed to your OpenAI account: text-embedding-3-small, $0.02 per million tokens" in page
    assert admin.post(url, form | {"hybrid": "y"}).status_code == 303
    assert hybrid_now(bot)
    assert "checked" in box(admin.get(url).text)
    assert admin.post(url, form).status_code == 303
    assert not hybrid_now(bot)
    log = signed_in("owner").get("/w/acme/audit-log").text
    assert "semantic search" in log


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ("pro", "This needs an OpenAI key, and this workspace has none."),
        ("free", "The Free plan doesn’t include provider keys. Upgrade to Pro or Scale."),
    ],
)
def test_without_a_key_or_a_plan_it_says_why_it_cannot_be_chosen(admin, workspace, plan, sentence):
    workspaces.set_plan(workspace, plan, OPERATOR)
    bot = make_bot(workspace)
    url = f"/w/acme/bots/{bot.id}/settings"
    for page in (admin.get(url).text, admin.get("/w/acme/bots/new").text):
        assert "disabled" in box(page)
        assert sentence in page
    refused = admin.post(url, {"name": bot.name, "model": bot.model_id, "hybrid": "y"})
    assert refused.status_code == 422
    assert refused.text.count(sentence) >= 2
    assert not hybrid_now(bot)


def test_a_bot_that_has_it_can_switch_it_off_when_the_key_is_gone(admin, workspace, taught):
    store.remove(key_of(workspace, "openai"), OPERATOR)
    url = f"/w/acme/bots/{taught.id}/settings"
    assert "disabled" not in box(admin.get(url).text)
    admin.post(url, {"name": "Renamed", "model": taught.model_id, "hybrid": "y"})
    assert hybrid_now(taught)
    admin.post(url, {"name": "Renamed", "model": taught.model_id})
    assert not hybrid_now(taught)


@pytest.mark.parametrize("who", INSIDERS)
def test_the_knowledge_page_says_that_all_is_found_by_meaning(signed_in, taught, who):
    page = signed_in(who).get(knowledge_of(taught)).text
    assert "All chunks are in the semantic index." in page
    assert "hx-trigger" not in page.partition('id="sources"')[2].partition(">")[0]


def test_it_says_how_far_it_is_and_looks_again_meanwhile(admin, taught):
    with transaction() as current:
        current.execute(update(Chunk).values(embedded_by=""))
    page = admin.get(knowledge_of(taught)).text
    assert "0 of 2 chunks are in the semantic index; the rest follow automatically." in page
    assert "hx-trigger" in page.partition('id="sources"')[2].partition(">")[0]


def test_it_says_what_stands_against_the_rest(admin, taught, provider):
    with transaction() as current:
        current.execute(update(Chunk).values(embedded_by=""))
    (source,) = sources.sources_of(taught.id)
    provider.when(for_vectors, Reply.rate_limited())
    chunk_embeddings.run(source.id, source.attempt)
    page = admin.get(knowledge_of(taught)).text
    assert "0 of 2 chunks are in the semantic index. OpenAI is rate-limiting this key" in page
    assert "Mevichat retries automatically." in page


def disable(workspace):
    store.set_enabled(key_of(workspace, "openai"), False, OPERATOR)


def remove(workspace):
    store.remove(key_of(workspace, "openai"), OPERATOR)


def downgrade(workspace):
    workspaces.set_plan(workspace, "free", OPERATOR)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (disable, "The OpenAI key is disabled."),
        (remove, "This workspace has no OpenAI key."),
        (downgrade, "This workspace’s plan doesn’t include provider keys."),
    ],
)
def test_it_says_why_words_alone_are_searched(admin, workspace, taught, act, sentence):
    act(workspace)
    for page in (knowledge_of(taught), f"{knowledge_of(taught)}/retrieval?q={BY_WORDS}"):
        assert f"Keyword search only. {sentence}" in admin.get(page).text
    assert "Go to provider keys" in admin.get(knowledge_of(taught)).text


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply.status(401), "OpenAI rejected it"),
        (Reply.insufficient_quota(), "has no credit left"),
        (Reply.missing_scope(), "says this key lacks a permission"),
    ],
)
def test_a_key_that_was_refused_says_so_where_it_is_missed(
    app, admin, taught, provider, reply, sentence
):
    provider.when(for_vectors, reply)
    assert BotClient(app, taught).say(BY_WORDS).last == "done"
    page = admin.get(knowledge_of(taught)).text
    assert "Keyword search only. " in page
    assert sentence in page


def test_a_slow_provider_is_told_until_it_answers_again(app, admin, taught, provider, shift_clock):
    provider.when(for_vectors, Reply.answer().slowly(first_byte_seconds=9))
    BotClient(app, taught).say(BY_WORDS)
    message = "Your last question used keyword search only. OpenAI took too long to answer."
    assert message in admin.get(knowledge_of(taught)).text
    provider.when(for_vectors, Reply.answer())
    shift_clock(timedelta(seconds=31))
    BotClient(app, taught).say(BY_WORDS)
    assert message not in admin.get(knowledge_of(taught)).text


@pytest.mark.parametrize("who", INSIDERS)
def test_trying_shows_both_parts_of_the_score_in_the_joined_order(signed_in, taught, who):
    page = signed_in(who).get(f"{knowledge_of(taught)}/retrieval?q={BY_MEANING}").text
    assert "will use this chunk" in page
    first, second = re.findall(r'<p class="fine soft num">(.*?)</p>', page, re.DOTALL)
    assert "0 of 1 words" in first
    assert re.search(r"score 1 · words 0 · near 0 · coverage 0 · meaning 0\.[6-9]", first)
    assert re.search(r"meaning 0(\.[0-3]|\b)", second)
    assert page.index("Sending back") < page.index("Shipping")
    assert "the question is sent to the embedding model" in page


def test_trying_asks_for_one_vector_and_says_when_none_came(admin, taught, provider):
    request_count = len(provider.embeddings)
    admin.get(f"{knowledge_of(taught)}/retrieval?q={BY_WORDS}")
    assert len(provider.embeddings) == request_count + 1
    provider.when(for_vectors, Reply.status(500))
    page = admin.get(f"{knowledge_of(taught)}/retrieval?q={BY_WORDS}").text
    assert "Keyword search only. OpenAI couldn’t be reached" in page
    assert "will use" in page


def test_a_bot_without_it_says_nothing_of_it(admin, workspace, run_jobs):
    bot = make_bot(workspace)
    sources.add_text(workspace, bot.id, "Handbook", HANDBOOK, OPERATOR)
    run_jobs()
    for page in ("", f"/retrieval?q={BY_WORDS}"):
        assert "meaning" not in admin.get(knowledge_of(bot) + page).text.partition("<main")[2]


def test_vectors_are_in_the_use_of_their_key(signed_in, taught, key):
    page = signed_in("owner").get("/w/acme/usage?by=model&show=tokens").text
    assert "text-embedding-3-small" in page


@pytest.mark.parametrize("path", ["", "/sources", f"/retrieval?q={BY_MEANING}"])
def test_its_pages_ask_the_database_as_seldom_as_others(admin, taught, path):
    with Queries() as queries:
        assert admin.client.get(knowledge_of(taught) + path).status_code in (200, 303)
    reads = [text for text in queries.sent if text.startswith("SELECT")]
    assert len(reads) <= MOST, "\n".join(reads)
