"""What counted of a month and what did not, on both databases: the lines add up to what was used."""

from datetime import UTC, datetime

from core.bots.answers import stopping, turns
from core.bots.answers.outcomes import Outcome, end
from core.bots.models import QuotaPeriod
from core.bots.quota import report as quota_report
from core.db import transaction
from tests.bot_client import BotClient, make_bot, used
from tests.core.bots.conftest import fail, finish, live_of, say
from tests.core.bots.quota.test_quota import move_to, set_used
from tests.databases import on_both_databases
from tests.people import make_person, make_workspace
from web.console.plan import quota_rows


def stop(conversation, text: str) -> None:
    turn = turns.accept(conversation, "Stop me")
    outcome = Outcome(provider="mevichat")
    outcome.stop()
    end(live_of(turn, text), outcome)


def from_cache(conversation) -> None:
    turn = turns.accept(conversation, "Again")
    outcome = Outcome(provider="mevichat", cached=True)
    outcome.finish("An answer.")
    end(live_of(turn, "An answer."), outcome)


def dont_know(conversation) -> None:
    turn = turns.accept(conversation, "Who knows?")
    outcome = Outcome()
    outcome.finish("I don’t know that.")
    end(live_of(turn, "I don’t know that."), outcome)


@on_both_databases
def test_each_message_is_in_one_line_and_all_add_up(workspace, conversation):
    say(conversation)
    say(conversation)
    from_cache(conversation)
    dont_know(conversation)
    stop(conversation, "Half an answer")
    stop(conversation, "")
    fail(turns.accept(conversation, "Fail"))
    turns.accept(conversation, "Still going")
    use = quota_report.this_month(workspace)
    assert dict(use.counted) == {
        "answered": 2, "cached": 1, "unknown": 1, "stopped": 1, "running": 1,
    }  # fmt: skip
    assert dict(use.not_counted) == {"stopped": 1, "overloaded": 1}
    assert (use.standing.used, use.given_back, use.gone) == (6, 2, 0)
    assert sum(line.count for line in quota_rows.counted(use)) == used(workspace)


def test_a_retry_moves_its_message_from_one_line_to_the_other(workspace, conversation):
    turn = turns.accept(conversation, "Hello")
    fail(turn)
    finish(turns.retry(conversation, turn.answer.id))
    use = quota_report.this_month(workspace)
    assert (dict(use.counted), dict(use.not_counted)) == ({"answered": 1}, {})
    assert (use.standing.used, use.given_back) == (1, 1)


def test_what_was_deleted_since_still_counted(workspace, conversation):
    say(conversation)
    set_used(workspace, 10)
    use = quota_report.this_month(workspace)
    assert use.gone == 9
    assert sum(line.count for line in quota_rows.counted(use)) == 10


def test_for_want_of_a_message_nothing_is_taken_or_given_back(workspace, conversation):
    set_used(workspace, workspace.plan.messages_per_month)
    turns.accept(conversation, "Hello")
    use = quota_report.this_month(workspace)
    assert (dict(use.not_counted), use.given_back) == ({"out_of_messages": 1}, 0)


def test_a_month_has_its_own_lines(workspace, conversation):
    move_to(datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC))
    say(conversation)
    move_to(datetime(2026, 12, 1, 0, 0, 5, tzinfo=UTC))
    assert quota_report.this_month(workspace).counted.total() == 0
    say(conversation)
    assert dict(quota_report.this_month(workspace).counted) == {"answered": 1}


def test_what_was_refused_in_november_and_answered_in_december_is_a_line_of_december(
    workspace, conversation
):
    move_to(datetime(2026, 11, 28, 12, tzinfo=UTC))
    set_used(workspace, workspace.plan.messages_per_month)
    refused = turns.accept(conversation, "Do keep this")
    turns.accept(conversation, "And this")
    move_to(datetime(2026, 12, 4, 12, tzinfo=UTC))
    finish(turns.retry(conversation, refused.answer.id))
    use = quota_report.this_month(workspace)
    assert (dict(use.counted), dict(use.not_counted)) == ({"answered": 1}, {})
    assert (use.standing.used, use.gone) == (1, 0)


def test_another_workspaces_messages_are_not_in_it(workspace, conversation):
    say(conversation)
    other = make_workspace(make_person("bob"), "Other", "pro")
    assert quota_report.this_month(other).counted.total() == 0


def test_every_reason_has_its_words():
    from core.bots.answers.failure_messages import Reason

    assert set(quota_rows._BY_REASON) == set(Reason)


def test_the_page_says_what_counted_and_why_the_rest_did_not(app, cast, signed_in, provider):
    from tests.providers import Reply

    bot_client = BotClient(app, make_bot(cast.workspace))
    bot_client.say("One")
    provider.next(Reply.status(500))
    bot_client.say("Two")
    with transaction() as current:
        current.query(QuotaPeriod).update({"given_back": 1_234})
    page = signed_in("member").get("/w/acme/message-quota")
    for words in (
        "Answered by a model",
        "Provider busy, down or slow",
        "1,234 messages refunded this month",
        "Retries don’t count extra",
    ):
        assert words in page.text.replace("\u2009", ",").replace(",", ","), words


def test_an_empty_month_says_so(app, cast, signed_in):
    page = signed_in("member").get("/w/acme/message-quota")
    assert "Nothing yet" in page.text
    assert "No messages were refunded" in page.text


def test_stopping_is_what_the_lines_call_it(workspace, conversation, monkeypatch):
    monkeypatch.setattr(stopping, "WAIT_SECONDS", 0.1)
    turn = turns.accept(conversation, "Hello")
    stopping.stop(conversation, turn.answer.id)
    lines = quota_rows.not_counted(quota_report.this_month(workspace))
    assert [(line.words, line.count) for line in lines] == [
        ("Stopped by the visitor before it started", 1)
    ]
