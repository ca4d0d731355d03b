"""Every way in which a provider fails: the visitor's sentence, the rows, the quota, the key, the reason."""

import threading

import pytest
from markupsafe import escape

from core.accounts.actor import OPERATOR
from core.bots.answers import answer_task, failure_messages
from core.bots.answers.failure_messages import FAILURE_SENTENCE
from core.keys import states, store, verdicts
from tests.bot_client import BotClient, key_of, make_bot, make_key, used
from tests.providers import Reply

MODELS = {"anthropic": "anthropic:claude-haiku-4-5", "openai": "openai:gpt-5-mini"}

FAULTS = {
    "401": (Reply.status(401), "failed", "rejected", "invalid"),
    "403": (Reply.status(403), "failed", "no_permission", "invalid"),
    "429": (Reply.status(429), "failed", "rate_limited", "valid"),
    "500": (Reply.status(500), "failed", "unavailable", "valid"),
    "529": (Reply.status(529), "failed", "overloaded", "valid"),
    "stall": (Reply.stall(after_chunks=2), "interrupted", "timed_out", "valid"),
    "silence": (Reply.answer("late").slowly(first_byte_seconds=5), "failed", "timed_out", "valid"),
    "cut": (Reply.cut(after_chunks=2), "interrupted", "truncated", "valid"),
    "truncated": (Reply.truncated(), "interrupted", "truncated", "valid"),
    "error event": (Reply.error_event("overloaded_error"), "interrupted", "overloaded", "valid"),
    "auth event": (Reply.error_event("authentication_error"), "interrupted", "rejected", "invalid"),
    "nothing said": (Reply.answer(""), "failed", "empty_answer", "valid"),
    "malformed": (Reply.malformed_chunk(), "interrupted", "malformed", "valid"),
}


@pytest.fixture
def chosen(chosen):
    return chosen.model_copy(
        update={"provider_first_byte_seconds": 0.7, "provider_stall_seconds": 0.7}
    )


@pytest.mark.parametrize("slug", list(MODELS))
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_failing_provider(app, cast, provider, signed_in, slug, fault):
    reply, status, reason, key_status = FAULTS[fault]
    make_key(cast.workspace, slug)
    bot_client = BotClient(app, make_bot(cast.workspace, MODELS[slug]))
    provider.always(reply)
    last_reply = bot_client.say("Are you there?")

    name, data = last_reply.events[-1]
    assert (name, data["message"]) == ("error", FAILURE_SENTENCE)
    row = last_reply.row
    assert (row.status, row.failure) == (status, reason)
    assert row.text == last_reply.text
    assert [m["status"] for m in bot_client.messages()] == ["complete", status]
    assert used(cast.workspace) == 0
    assert key_of(cast.workspace, slug).status == key_status

    page = signed_in("owner").get(f"/w/acme/conversations/{bot_client.conversation_id}")
    assert page.status_code == 200
    assert "trouble reaching" not in page.text
    assert str(escape(failure_messages.for_owner(reason, MODELS[slug]))) in page.text

    provider.reset()
    _accept_again(provider)
    if key_status == "invalid":
        _recover(cast.workspace, slug)
    retried = bot_client.retry(last_reply.message_id)
    assert retried.last == "done"
    assert retried.message_id == last_reply.message_id
    assert [m["status"] for m in bot_client.messages()] == ["complete", "complete"]
    assert used(cast.workspace) == 1


def test_an_invalid_key_is_not_asked_again(app, cast, provider):
    make_key(cast.workspace)
    bot_client = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"]))
    provider.always(Reply.status(401))
    bot_client.say()
    request_count = len(provider.calls)
    reply = bot_client.say()
    assert reply.row.failure == "key_rejected"
    assert len(provider.calls) == request_count


def test_json_callers_get_the_sentence_too(app, cast, provider):
    make_key(cast.workspace)
    provider.always(Reply.status(500))
    answer = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"])).ask_json()
    assert answer.status_code == 503
    assert answer.json["status"] == "failed"
    assert answer.json["error"] == {"code": "answer_failed", "message": FAILURE_SENTENCE}


def test_a_providers_echo_of_the_key_is_scrubbed(app, cast, provider, signed_in):
    make_key(cast.workspace)
    provider.always(Reply.echoing_key())
    bot_client = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"]))
    reply = bot_client.say()
    assert "MaRk3r" not in reply.row.provider_words
    signed_in("owner").get(f"/w/acme/conversations/{bot_client.conversation_id}")
    signed_in("owner").get("/w/acme/provider-keys")


def test_retry_of_an_answered_message_changes_nothing(app, cast, provider):
    bot_client = BotClient(app, make_bot(cast.workspace))
    reply = bot_client.say()
    again = bot_client.retry(reply.message_id)
    assert again.text == reply.text
    assert len(provider.calls) == 1
    assert used(cast.workspace) == 1


@pytest.mark.parametrize("model", ["anthropic:claude-haiku-4-5", "openai:gpt-5-mini"])
def test_a_free_workspace_answers_on_mini_only(app, cast, provider, model):
    from core.accounts import workspaces

    make_key(cast.workspace)
    paid, mini = make_bot(cast.workspace, model), make_bot(cast.workspace)
    workspaces.set_plan(cast.workspace, "free", OPERATOR)
    app_bots = BotClient(app, paid), BotClient(app, mini)
    refused = app_bots[0].say()
    assert refused.events[-1][1]["message"] == FAILURE_SENTENCE
    assert refused.row.failure == "model_not_on_plan"
    assert not provider.calls
    assert app_bots[1].say().last == "done"
    assert used(cast.workspace) == 1


def _accept_again(provider):
    from tests import marker

    provider.accept(marker.anthropic_key(), marker.openai_key())


def _recover(workspace, slug):
    verdicts.record_check(store.get(workspace.id, slug), states.PASSED, "test")


def test_an_answer_that_outlasts_the_stop_is_kept_as_interrupted(app, cast, provider):
    make_key(cast.workspace)
    bot_client = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"]))
    provider.next(Reply.stall(after_chunks=1))
    turn = threading.Thread(target=bot_client.say)
    turn.start()
    assert provider.wait_for_calls(1, timeout_seconds=5)
    answer_task.drain(timeout_seconds=0.3)
    turn.join(10)
    question, answer = bot_client.messages()
    assert (answer["status"], bool(answer["text"])) == ("interrupted", True)
    assert used(cast.workspace) == 0
    bot_client.retry(answer["id"])
    assert bot_client.messages()[1]["status"] == "complete"
