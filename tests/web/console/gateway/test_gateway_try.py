"""Trying a model in the console: the way of a program's request, with a person's permissions."""

import pytest

from core.db import session
from core.gateway.request_log import writer
from tests.bot_client import make_key
from tests.people import INSIDERS
from tests.providers import Reply

TRY = "/w/acme/gateway/try"
GPT = {"model": "gpt-5-mini", "prompt": "Say hello"}


@pytest.fixture
def workspace(cast):
    make_key(cast.workspace, "openai")
    return cast.workspace


def logged(workspace):
    writer.flush()
    session().commit()
    session().expire_all()
    return writer.recent(workspace.id)


@pytest.mark.parametrize("who", INSIDERS)
def test_everybody_gets_an_answer_with_who_gave_it_and_what_it_took(
    workspace, signed_in, provider, who
):
    provider.next(Reply.answer("Hello <b>there</b>.", tokens_in=1_234, tokens_out=7))
    page = signed_in(who).post(TRY, GPT)
    assert page.status_code == 200
    assert "Hello &lt;b&gt;there&lt;/b&gt;." in page.text
    assert "OpenAI, your key" in page.text
    assert provider.chats[-1].body["messages"] == [{"role": "user", "content": "Say hello"}]
    (row,) = logged(workspace)
    assert row.id in page.text
    assert (row.status, row.tokens_in, row.tokens_out) == (200, 1_234, 7)


def test_a_try_stands_in_the_log_of_who_made_it_and_of_those_who_see_all(
    workspace, signed_in, provider
):
    member, others = signed_in("member"), signed_in("admin")
    member.post(TRY, GPT)
    (row,) = logged(workspace)
    there = f"/w/acme/gateway/requests/{row.id}"
    assert there in member.get("/w/acme/gateway/requests").text
    assert "Try it, by " in member.get(there).text
    assert there in member.get("/w/acme/gateway/requests?whose=mine").text
    assert there not in others.get("/w/acme/gateway/requests").text
    assert others.get(there).status_code == 403
    owner = signed_in("owner")
    assert there in owner.get("/w/acme/gateway/requests").text
    assert there not in owner.get("/w/acme/gateway/requests?whose=mine").text


def test_a_model_of_another_format_answers_as_well(cast, signed_in, provider):
    make_key(cast.workspace, "anthropic")
    provider.next(Reply.answer("Good day."))
    page = signed_in("member").post(TRY, GPT | {"model": "claude-haiku-4-5"})
    assert "Good day." in page.text and "Anthropic, your key" in page.text


def test_a_refusal_is_told_in_its_words_with_the_attempts(workspace, signed_in, provider):
    provider.next(Reply.status(401))
    page = signed_in("member").post(TRY, GPT)
    assert page.status_code == 200
    assert "No key of this workspace got an answer." in page.text
    assert "openai 401" in page.text


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"model": "", "prompt": "Hello"}, "Name the model"),
        ({"model": "gpt-5-mini", "prompt": "  "}, "Enter a prompt."),
        ({"model": "gpt-5-mini", "prompt": "x" * 8_001}, "up to 8,000 characters"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(workspace, signed_in, provider, sent, message):
    page = signed_in("member").post(TRY, sent)
    assert page.status_code == 422 and message in page.text
    assert not provider.chats


def test_the_longest_prompt_is_asked(workspace, signed_in, provider):
    assert signed_in("member").post(TRY, GPT | {"prompt": "x" * 8_000}).status_code == 200
    assert len(provider.chats[-1].body["messages"][0]["content"]) == 8_000


def test_a_model_in_the_address_is_filled_in(workspace, signed_in):
    page = signed_in("member").get(f"{TRY}?model=gpt-5-mini")
    assert 'value="gpt-5-mini"' in page.text
