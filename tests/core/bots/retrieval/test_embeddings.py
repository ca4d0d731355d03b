"""Searching by meaning too: found without a common word, and never in an answer’s way."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core import queue
from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from core.bots.models import Bot
from core.bots.retrieval import chunk_embeddings, embedding_errors, query_embeddings
from core.bots.retrieval.embedding_errors import CHUNKS, QUESTIONS
from core.bots.retrieval.grounding import DONT_KNOW
from core.db import session, transaction
from core.errors import Invalid
from core.keys import store
from core.keys.models import ProviderKey
from core.knowledge import chunks, indexing, sources
from core.knowledge.models import Chunk, Source
from core.providers import catalogue
from core.usage.models import UsageDay
from tests import marker
from tests.bot_client import UNBOUNDED, BotClient, key_of, make_bot, make_key
from tests.databases import on_both_databases
from tests.providers import Reply
from tests.providers.formats.embeddings import PATH
from tests.threads import at_once
from workers import schedule

HANDBOOK = """\
# Sending back
Return a lamp within thirty days for a full refund.
# Shipping
Each parcel reaches Norway within two days.
"""
BY_MEANING = "Can I have my money?"
BY_WORDS = "When does a parcel reach Norway?"
MADE_BY = catalogue.embedding_model().made_by
SMALL = "openai:text-embedding-3-small"


def for_vectors(call) -> bool:
    return call.path == PATH


@pytest.fixture
def key(workspace) -> ProviderKey:
    return make_key(workspace, "openai")


@pytest.fixture
def taught(workspace, key, run_jobs) -> Bot:
    """A bot on Mini that searches by meaning too, with vectors for all that it knows."""
    bot = make_bot(workspace, hybrid=True)
    sources.add_text(workspace, bot.id, "Handbook", HANDBOOK, OPERATOR)
    run_jobs()
    return bot


def draft(bot: Bot, **values) -> Draft:
    return Draft(**(dict(name=bot.name, model=bot.model_id, **UNBOUNDED) | values))


def switch(bot: Bot, hybrid: bool) -> Bot:
    session().commit()
    now = bots.get(bot.workspace_id, bot.id)
    bots.change(now.workspace, now, draft(now, hybrid=hybrid), OPERATOR)
    session().expire_all()
    return bots.get(bot.workspace_id, bot.id)


def made_by() -> list[str]:
    """Of each chunk in place, which model made its vector."""
    session().rollback()
    wanted = select(Chunk.embedded_by).where(Chunk.position >= 0).order_by(Chunk.id)
    return list(session().scalars(wanted))


def tokens_of(key: ProviderKey) -> int:
    session().commit()
    rows = select(UsageDay).where(UsageDay.model_id == SMALL, UsageDay.key_id == key.id)
    return sum(row.tokens_in for row in session().scalars(rows))


def forget_vectors() -> None:
    with transaction() as current:
        current.execute(update(Chunk).values(embedding=None, embedded_by=""))


def test_a_question_without_a_common_word_is_answered_from_what_it_means(app, taught, provider):
    provider.next(Reply.answer("Within thirty days [1]."))
    reply = BotClient(app, taught).say(BY_MEANING)
    assert reply.text == "Within thirty days [1]."
    assert "full refund" in provider.chats[-1].body["messages"][-1]["content"]
    assert "parcel" not in provider.chats[-1].body["messages"][-1]["content"]
    assert [source["title"] for source in reply.row.sources] == ["Handbook"]


def test_without_the_option_the_same_question_is_not_known_and_nobody_is_asked_for_vectors(
    app, taught, provider
):
    request_count = len(provider.embeddings)
    assert BotClient(app, switch(taught, hybrid=False)).say(BY_MEANING).text == DONT_KNOW
    assert len(provider.embeddings) == request_count


def test_vectors_come_after_the_text_is_in_place(workspace, key, provider, run_jobs):
    bot = make_bot(workspace, hybrid=True)
    source = sources.add_text(workspace, bot.id, "Handbook", HANDBOOK, OPERATOR)
    indexing.run(source.id, 1)
    assert made_by() == ["", ""]
    assert not provider.embeddings
    chunk_embeddings.run(source.id, 1)
    assert made_by() == [MADE_BY] * 2
    (call,) = provider.embeddings
    assert call.body["dimensions"] == 512
    assert call.body["input"][0].startswith("Handbook\nSending back\nReturn a lamp")
    assert tokens_of(key) > 10
    chunk_embeddings.run(source.id, 1)
    assert len(provider.embeddings) == 1, "what has a vector is paid for once"


def test_a_vector_is_kept_with_unit_length_as_little_endian_floats(taught):
    session().rollback()
    data = session().scalar(select(Chunk.embedding).limit(1))
    assert data is not None
    assert len(data) == 512 * 4


def test_switching_it_on_makes_vectors_of_all_that_is_known(workspace, key, provider, run_jobs):
    bot = make_bot(workspace)
    for title in ("One", "Two"):
        sources.add_text(workspace, bot.id, title, f"{title} refund.", OPERATOR)
    run_jobs()
    assert made_by() == ["", ""]
    version = bot.version
    bot = switch(bot, hybrid=True)
    run_jobs()
    assert made_by() == [MADE_BY] * 2
    session().refresh(bot)
    assert bot.version > version + 1, "what was cached before vectors is over"
    request_count = len(provider.embeddings)
    switch(switch(bot, hybrid=False), hybrid=True)
    run_jobs()
    assert len(provider.embeddings) == request_count, "vectors outlive the switch"


def test_reading_again_makes_new_vectors_for_new_chunks(taught, provider, run_jobs):
    (source,) = sources.sources_of(taught.id)
    sources.reindex(source, OPERATOR)
    run_jobs()
    assert made_by() == [MADE_BY] * 2
    assert len(provider.embeddings) == 2


@pytest.mark.parametrize("attempt", [0, 2])
def test_another_attempt_than_the_current_one_asks_nobody(taught, provider, attempt):
    forget_vectors()
    (source,) = sources.sources_of(taught.id)
    chunk_embeddings.run(source.id, attempt)
    assert made_by() == ["", ""]
    assert len(provider.embeddings) == 1


def test_a_removal_in_the_middle_ends_it(taught, provider, monkeypatch):
    forget_vectors()
    (source,) = sources.sources_of(taught.id)
    monkeypatch.setattr(chunk_embeddings, "BATCH", 1)
    real = query_embeddings.embed_query

    def ask(*arguments):
        sources.remove(sources.get(source.workspace_id, source.id), OPERATOR)
        return real(*arguments)

    monkeypatch.setattr(query_embeddings, "embed_query", ask)
    chunk_embeddings.run(source.id, source.attempt)
    assert made_by() == []
    assert len(provider.embeddings) == 2, "the one that was under way, and no more"


def test_a_long_source_is_done_in_several_jobs_and_no_chunk_twice(
    workspace, key, provider, monkeypatch, run_jobs
):
    monkeypatch.setattr(chunk_embeddings, "BATCH", 2)
    monkeypatch.setattr(chunk_embeddings, "BATCHES_A_JOB", 2)
    bot = make_bot(workspace, hybrid=True)
    text = "\n\n".join(f"# Part {n}\n\nThing {n}." for n in range(11))
    sources.add_text(workspace, bot.id, "Long", text, OPERATOR)
    run_jobs()
    assert made_by() == [MADE_BY] * 11
    texts = [text for call in provider.embeddings for text in call.body["input"]]
    assert len(texts) == len(set(texts)) == 11


@on_both_databases
def test_of_two_jobs_at_once_one_pays(taught, provider):
    forget_vectors()
    (source,) = sources.sources_of(taught.id)
    provider.when(for_vectors, Reply.answer().slowly(first_byte_seconds=0.5))
    assert at_once(2, lambda _: chunk_embeddings.run(source.id, source.attempt)) == [None, None]
    assert made_by() == [MADE_BY] * 2
    assert len(provider.embeddings) == 2


def test_what_failed_is_taken_up_by_the_schedule_after_a_pause(
    taught, provider, run_jobs, shift_clock
):
    forget_vectors()
    (source,) = sources.sources_of(taught.id)
    provider.when(for_vectors, Reply.status(500))
    chunk_embeddings.run(source.id, source.attempt)
    trouble = embedding_errors.last(taught.workspace_id, CHUNKS)
    assert trouble is not None
    assert trouble.reason == "unavailable"
    provider.reset()
    provider.accept(marker.openai_key())
    assert chunk_embeddings.resume_missing() == 0, "not within the pause"
    shift_clock(timedelta(seconds=61))
    schedule.tick()
    run_jobs()
    assert made_by() == [MADE_BY] * 2
    assert embedding_errors.last(taught.workspace_id, CHUNKS) is None
    assert chunk_embeddings.resume_missing() == 0


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply.status(500), 60),
        (Reply.rate_limited(20), 60),
        (Reply.rate_limited(600), 600),
        (Reply.rate_limited(86_400), 3_600),
        (Reply.status(400), 3_600),
        (Reply.status(200, body="no"), 3_600),
    ],
)
def test_what_would_be_met_again_waits_longer(taught, provider, reply, seconds):
    forget_vectors()
    (source,) = sources.sources_of(taught.id)
    provider.when(for_vectors, reply)
    chunk_embeddings.run(source.id, source.attempt)
    trouble = embedding_errors.last(taught.workspace_id, CHUNKS)
    assert trouble is not None
    assert (trouble.again_at - trouble.at).total_seconds() == seconds
    assert made_by() == ["", ""]


REFUSALS = {
    "revoked": (Reply.status(401), "rejected"),
    "no credit": (Reply.insufficient_quota(), "no_credit"),
    "no permission": (Reply.missing_scope(), "no_permission"),
}


@pytest.mark.parametrize("case", list(REFUSALS))
def test_a_key_that_dies_is_flipped_and_words_alone_answer(app, taught, key, provider, case):
    reply, reason = REFUSALS[case]
    provider.when(for_vectors, reply)
    provider.next(Reply.answer("Two days [1]."))
    last_reply = BotClient(app, taught).say(BY_WORDS)
    assert (last_reply.text, last_reply.last) == ("Two days [1].", "done")
    assert last_reply.row.sources
    stored = key_of(taught.workspace, "openai")
    assert (stored.status, stored.reason) == ("invalid", reason)
    assert queue.waiting(queue.CHECKS) == 1
    request_count = len(provider.embeddings)
    BotClient(app, taught).say(BY_WORDS)
    assert len(provider.embeddings) == request_count, "a key that is invalid is not asked with"


def test_a_key_that_may_not_make_vectors_keeps_answering_chats(taught, key, provider, run_jobs):
    provider.when(for_vectors, Reply.missing_scope())
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) == [None]
    run_jobs()
    stored = key_of(taught.workspace, "openai")
    assert stored.status == "valid" and SMALL in stored.unavailable_models
    assert stored.note == "The key works, but the provider refused text-embedding-3-small."
    assert (
        query_embeddings.unusable_reason(taught.workspace, stored) == query_embeddings.MODEL_REFUSED
    )
    request_count = len(provider.embeddings)
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) == [None]
    assert len(provider.embeddings) == request_count


@pytest.mark.parametrize(
    "reply",
    [
        Reply.answer().slowly(first_byte_seconds=20),
        Reply.stall(),
        Reply.rate_limited(),
        Reply.status(500),
        Reply.drop_connection(),
        Reply.html_page(),
        Reply.status(200, body={"data": [{"embedding": [float("nan")] * 512}]}),
        Reply.status(200, body="{}"),
        Reply.status(200, body=b"x" * 50_000_000),
    ],
)
def test_whatever_the_provider_does_words_answer_within_the_limit(app, taught, provider, reply):
    provider.when(for_vectors, reply)
    provider.when(lambda call: call.is_chat, Reply.answer("Two days [1]."))
    started = time.monotonic()
    last_reply = BotClient(app, taught).say(BY_WORDS)
    assert time.monotonic() - started < query_embeddings.QUESTION_LIMITS.total_seconds + 10
    assert (last_reply.text, last_reply.last) == ("Two days [1].", "done")
    assert key_of(taught.workspace, "openai").status == "valid"
    assert embedding_errors.last(taught.workspace_id, QUESTIONS) is not None


def test_after_a_failure_nobody_waits_until_the_pause_is_over(taught, provider, shift_clock):
    provider.when(for_vectors, Reply.status(500))
    query_embeddings.embed_questions(taught, [BY_MEANING])
    request_count = len(provider.embeddings)
    provider.reset()
    provider.accept(marker.openai_key())
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) == [None]
    assert not provider.embeddings and request_count
    shift_clock(timedelta(seconds=29))
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) == [None]
    shift_clock(timedelta(seconds=31))
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) != [None]
    assert embedding_errors.last(taught.workspace_id, QUESTIONS) is None


def disable(workspace) -> None:
    store.set_enabled(key_of(workspace, "openai"), False, OPERATOR)


def remove(workspace) -> None:
    store.remove(key_of(workspace, "openai"), OPERATOR)


def downgrade(workspace) -> None:
    workspaces.set_plan(workspace, "free", OPERATOR)


@pytest.mark.parametrize(
    ("act", "reason"),
    [(disable, "key_disabled"), (remove, "no_key"), (downgrade, "plan_without_keys")],
)
def test_without_a_usable_key_nobody_is_asked_and_words_answer(app, taught, provider, act, reason):
    act(taught.workspace)
    session().expire_all()
    request_count = len(provider.embeddings)
    provider.next(Reply.answer("Two days [1]."))
    assert BotClient(app, taught).say(BY_WORDS).text == "Two days [1]."
    assert len(provider.embeddings) == request_count
    bot = bots.get(taught.workspace_id, taught.id)
    key = store.find(taught.workspace_id, "openai")
    assert query_embeddings.unusable_reason(bot.workspace, key) == reason
    forget_vectors()
    (source,) = sources.sources_of(taught.id)
    chunk_embeddings.run(source.id, source.attempt)
    assert chunk_embeddings.resume_missing() == 0
    assert made_by() == ["", ""]
    assert len(provider.embeddings) == request_count


def test_vectors_of_a_model_that_was_replaced_are_made_anew_and_never_compared(
    app, taught, provider, run_jobs
):
    with transaction() as current:
        current.execute(update(Chunk).values(embedded_by="openai:text-embedding-2/512"))
    request_count = len(provider.embeddings)
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) == [None]
    assert BotClient(app, taught).say(BY_MEANING).text == DONT_KNOW
    assert len(provider.embeddings) == request_count, "there is nothing to compare a vector with"
    assert chunk_embeddings.resume_missing() == 1
    run_jobs()
    assert made_by() == [MADE_BY] * 2
    provider.next(Reply.answer("Yes [1]."))
    assert BotClient(app, taught).say(BY_MEANING).text == "Yes [1]."


def test_a_short_question_is_asked_for_with_the_one_before_in_one_call(app, taught, provider):
    bot_client = BotClient(app, taught)
    bot_client.say(BY_WORDS)
    before = len(provider.embeddings)
    bot_client.say("And money?")
    (call,) = provider.embeddings[before:]
    assert [text.split()[-1] for text in call.body["input"]] == ["norway", "money?"]


@pytest.mark.parametrize("length", [1_999, 2_000, 2_001, 100_000])
def test_no_text_is_sent_that_a_model_could_not_take(taught, provider, length):
    query_embeddings.embed_questions(taught, ["x" * length])
    (text,) = provider.embeddings[-1].body["input"]
    assert len(text) == min(length, query_embeddings.MAX_TEXT_LENGTH)


def test_small_talk_and_emptiness_ask_nobody(app, taught, provider):
    request_count = len(provider.embeddings)
    BotClient(app, taught).say("Hello!")
    assert query_embeddings.embed_questions(taught, [" "]) == [None]
    assert len(provider.embeddings) == request_count


def test_no_connection_is_held_while_the_provider_is_asked(taught, provider):
    held = []
    engine = session().get_bind()

    def seen(call) -> bool:
        held.append(engine.pool.checkedout())
        return False

    provider.when(seen, Reply.status(500))
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) != [None]
    assert held == [0]


def test_each_question_counts_under_the_key_and_says_that_it_was_used(taught, key, provider):
    before = tokens_of(key)
    query_embeddings.embed_questions(taught, [BY_MEANING])
    assert tokens_of(key) == before + len(BY_MEANING.split())
    stored = key_of(taught.workspace, "openai")
    assert stored.last_used_at is not None
    session().commit()
    rows = session().scalars(select(UsageDay).where(UsageDay.model_id == SMALL)).all()
    assert {(row.answered, row.failed, row.tokens_out, row.provider) for row in rows} == {
        (0, 0, 0, "openai")
    }


def test_redis_away_takes_nothing_but_the_pauses(taught, provider, monkeypatch):
    def away():
        raise queue.RedisError

    monkeypatch.setattr(embedding_errors, "fast_fail_redis", away)
    monkeypatch.setattr(queue, "fast_fail_redis", away)
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) != [None]
    provider.when(for_vectors, Reply.status(500))
    assert query_embeddings.embed_questions(taught, [BY_MEANING]) == [None]
    provider.reset()
    provider.accept(marker.openai_key())
    forget_vectors()
    (source,) = sources.sources_of(taught.id)
    chunk_embeddings.run(source.id, source.attempt)
    assert made_by() == [MADE_BY] * 2


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (remove, "This needs an OpenAI key"),
        (downgrade, "The Free plan doesn’t include provider keys."),
    ],
)
def test_it_is_switched_on_with_a_key_and_a_plan_only(workspace, key, act, sentence):
    bot = make_bot(workspace)
    act(workspace)
    with pytest.raises(Invalid, match=sentence) as caught:
        switch(bot, hybrid=True)
    assert caught.value.field == "hybrid"
    with pytest.raises(Invalid, match=sentence):
        make_bot(workspaces.by_slug(workspace.slug), hybrid=True)


@pytest.mark.parametrize("act", [remove, downgrade])
def test_a_bot_that_has_it_keeps_it_while_other_things_change(taught, act):
    act(taught.workspace)
    assert switch(taught, hybrid=True).hybrid
    assert not switch(taught, hybrid=False).hybrid


def test_a_key_that_is_out_of_order_now_is_no_reason_against_switching(workspace, key):
    bot = make_bot(workspace)
    disable(workspace)
    assert switch(bot, hybrid=True).hybrid


@on_both_databases
def test_counts_say_how_many_chunks_have_a_vector(taught):
    assert chunks.embedding_counts(taught.id, MADE_BY) == (2, 2)
    assert chunks.embedding_counts(taught.id, "other/512") == (0, 2)
    assert chunks.any_embedded(taught.id, MADE_BY)
    assert not chunks.any_embedded(taught.id, "other/512")


@on_both_databases
def test_a_chunk_that_was_replaced_meanwhile_gets_no_vector(taught):
    session().rollback()
    ids = list(session().scalars(select(Chunk.id)))
    (source,) = sources.sources_of(taught.id)
    with transaction() as current:
        current.execute(update(Source).where(Source.id == source.id).values(reason=""))
        chunks.hide(current, source.id)
        chunks.store_vectors(current, "late/1", dict.fromkeys(ids, b"late"))
        chunks.store_vectors(current, "late/1", {})
    session().rollback()
    assert set(session().scalars(select(Chunk.embedded_by))) == {MADE_BY}
