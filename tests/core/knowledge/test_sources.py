"""What a bot is given: added within the plan, read again, removed; each with its line in the audit log."""

import pytest
from sqlalchemy import func, select

from core import queue
from core.accounts import audit
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from core.db import session, transaction
from core.errors import Conflict, Invalid, NotFound, TooLarge
from core.knowledge import search, sources
from core.knowledge.models import Chunk, Source, SourceContent
from tests.core.knowledge.conftest import now
from tests.databases import on_both_databases

LAMPS = (
    "# Bulbs\n\nThe Norre takes a bulb of 60 watts.\n\n# Returns\n\nSend it back within 30 days."
)


def version_of(bot) -> int:
    session().rollback()
    session().expire_all()
    return bots.get(bot.workspace_id, bot.id).version


def actions(workspace) -> list[str]:
    return [line.action for line in audit.lines_of(workspace.id, action="source")]


def rows_of(model) -> int:
    session().rollback()
    return session().scalar(select(func.count()).select_from(model))


@on_both_databases
def test_a_text_is_found_once_it_is_indexed(cast, bot, run_jobs):
    source = sources.add_text(cast.workspace, bot.id, "Lamps", LAMPS, OPERATOR)
    assert (source.status, sources.has_knowledge(bot.id)) == ("waiting", False)
    run_jobs()
    source = now(source)
    assert (source.status, source.reason, source.chunks) == ("ready", "", 2)
    assert source.characters == len(
        "The Norre takes a bulb of 60 watts.Send it back within 30 days."
    )
    assert sources.has_knowledge(bot.id)
    (found, *_) = search.find(bot.id, "Which bulb does the Norre take?")
    assert (found.title, found.path, found.source_id) == ("Bulbs", "Lamps", source.id)
    assert session().get(SourceContent, source.id).data.decode() == LAMPS


def test_a_question_with_its_answer_is_one_chunk(cast, bot, run_jobs):
    source = sources.add_qa(cast.workspace, bot.id, "Do you ship to Oslo?", "Yes. " * 500, OPERATOR)
    run_jobs()
    assert now(source).chunks == 1
    (found,) = search.find(bot.id, "shipping to Oslo")
    assert (found.title, found.path) == ("Do you ship to Oslo?", "")


def test_what_is_known_raises_the_bots_version_when_it_changes(cast, bot, give):
    before = version_of(bot)
    source = give("Lamps", LAMPS)
    assert version_of(bot) == before + 1
    sources.remove(source, OPERATOR)
    assert version_of(bot) == before + 2


@on_both_databases
def test_what_is_removed_is_not_found_at_once_and_leaves_no_row(cast, bot, give, run_jobs):
    source, other = give("Lamps", LAMPS), give("Chairs", "A chair of beech.")
    sources.remove(source, OPERATOR)
    assert search.find(bot.id, "bulb Norre") == []
    assert [kept.id for kept in sources.sources_of(bot.id)] == [other.id]
    with pytest.raises(NotFound):
        sources.get(cast.workspace.id, source.id)
    run_jobs()
    assert (rows_of(Source), rows_of(SourceContent), rows_of(Chunk)) == (1, 1, 1)
    assert search.find(bot.id, "beech chair")


def test_removing_twice_is_removing_once(cast, bot, give):
    source = give("Lamps", LAMPS)
    sources.remove(source, OPERATOR)
    sources.remove(source, OPERATOR)
    assert actions(cast.workspace) == ["source.removed", "source.added"]


def test_the_audit_log_names_the_source_and_not_what_it_says(cast, bot, give):
    give("Lamps", LAMPS)
    (line,) = audit.lines_of(cast.workspace.id, action="source")
    assert line.details == {"bot": bot.id, "kind": "text", "title": "Lamps"}


def test_reading_again_waits_for_the_reading_under_way(cast, bot, give, run_jobs):
    source = give("Lamps", LAMPS)
    sources.reindex(source, OPERATOR)
    with pytest.raises(Conflict):
        sources.reindex(now(source), OPERATOR)
    assert search.find(bot.id, "bulb"), "what was there answers meanwhile"
    run_jobs()
    assert (now(source).status, now(source).attempt, rows_of(Chunk)) == ("ready", 2, 2)


def test_a_source_of_another_workspace_is_not_there(cast, bot, give):
    with pytest.raises(NotFound):
        sources.get(cast.elsewhere.id, give("Lamps", LAMPS).id)


def test_only_ids_are_queued(cast, bot):
    source = sources.add_text(cast.workspace, bot.id, "Lamps", LAMPS, OPERATOR)
    (job_id,) = queue._queue(queue.KNOWLEDGE).get_job_ids()
    job = queue._queue(queue.KNOWLEDGE).fetch_job(job_id)
    assert (job.func_name, job.args) == ("workers.jobs.index_source", [source.id, "1"])
    assert queue.waiting(queue.DEFAULT) == 0


def test_the_plans_last_source_fits_and_one_more_does_not(cast, bot):
    limit = cast.workspace.plan.sources
    with transaction() as current:
        current.add_all(
            Source(
                workspace_id=cast.workspace.id, bot_id=bot.id, kind="text", title="T", added_by="x"
            )
            for _ in range(limit - 1)
        )
    last = sources.add_text(cast.workspace, bot.id, "Last", "It fits.", OPERATOR)
    with pytest.raises(Invalid, match=f"includes {limit:,} sources"):
        sources.add_text(cast.workspace, bot.id, "Over", "It does not.", OPERATOR)
    sources.remove(last, OPERATOR)
    sources.add_text(cast.workspace, bot.id, "Again", "There is room.", OPERATOR)


@pytest.mark.parametrize(("over", "status"), [(-1, "ready"), (0, "ready"), (1, "failed")])
def test_the_plans_characters_bound_what_is_indexed(cast, bot, run_jobs, over, status):
    text = "Twenty characters ok"
    with transaction() as current:
        room = cast.workspace.plan.characters - len(text) + over
        current.add(
            Source(workspace_id=cast.workspace.id, bot_id=bot.id, kind="text", title="Big",
                   added_by="x", status="ready", characters=room)
        )  # fmt: skip
    source = sources.add_text(cast.workspace, bot.id, "Small", text, OPERATOR)
    run_jobs()
    assert now(source).status == status
    assert ("characters of knowledge" in now(source).reason) == (status == "failed")


@pytest.mark.parametrize(("size", "fits"), [(-1, True), (0, True), (1, False)])
def test_a_text_has_a_longest_length(cast, bot, size, fits):
    text = "x" * (sources.MAX_TEXT_LENGTH + size)
    if fits:
        assert sources.add_text(cast.workspace, bot.id, "T", text, OPERATOR)
    else:
        with pytest.raises(TooLarge, match="500,000"):
            sources.add_text(cast.workspace, bot.id, "T", text, OPERATOR)


def test_a_file_has_a_largest_size(cast, bot):
    largest = b"x" * sources.MAX_FILE_BYTES
    assert sources.add_file(cast.workspace, bot.id, "a.txt", largest, OPERATOR)
    with pytest.raises(TooLarge, match="20 MB"):
        sources.add_file(cast.workspace, bot.id, "a.txt", largest + b"x", OPERATOR)


@pytest.mark.parametrize("add", ["text", "question", "answer"])
def test_nothing_is_not_knowledge(cast, bot, add):
    with pytest.raises(Invalid, match=f"Enter the {add}"):
        if add == "text":
            sources.add_text(cast.workspace, bot.id, "T", " \n\x00", OPERATOR)
        else:
            pair = {"question": "Q?", "answer": "A."} | {add: "  "}
            sources.add_qa(cast.workspace, bot.id, actor=OPERATOR, **pair)


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "http://127.0.0.1/", "http://[::1]/", "example.com", "http://a@b.com/"],
)
def test_an_address_that_may_not_be_read_is_refused_when_it_is_added(cast, bot, url):
    with pytest.raises(Invalid):
        sources.add_page(cast.workspace, bot.id, url, OPERATOR)


def test_a_bot_finds_nothing_of_another(cast, bot, give):
    other = bots.create(cast.workspace, Draft(name="Other"), OPERATOR)
    give("Lamps", LAMPS)
    give("Secrets", "The Norre is discontinued, a secret bulb.", into=other)
    assert {found.title for found in search.find(bot.id, "Norre bulb secret", size=40)} == {"Bulbs"}
    assert {found.title for found in search.find(other.id, "Norre bulb", size=40)} == {"Secrets"}
