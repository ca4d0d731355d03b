"""Keys are checked by the worker process, and a paste leaves no trace unless it passed."""

import json

import pytest

from core.keys import store
from core.keys.models import INVALID, VALID
from tests import marker
from tests.bot_client import key_of, make_key
from tests.live.member import Member
from tests.providers import Reply

pytestmark = pytest.mark.xdist_group("live-2")

GOOD = marker.anthropic_key()
NO_ANSWER = {
    "refuses connections": None,
    "is overloaded": Reply.overloaded(),
    "limits the rate": Reply.rate_limited(),
    "hangs up": Reply.drop_connection(),
}


@pytest.fixture
def member(live, owner):
    return Member(live, owner.email)


def paste(member, workspace, secret):
    form = {"provider": "anthropic", "secret": secret}
    return member.outcome(member.post(f"/w/{workspace.slug}/provider-keys", form))


def test_a_key_that_the_provider_answers_is_stored_masked(live, workspace, provider, member):
    state, page = paste(member, workspace, f'  "Bearer {GOOD}"\n')
    assert state == "saved"
    assert "sk-ant-api03-••••••••7xA2" in page
    key = key_of(workspace)
    assert (key.status, key.version, key.added_by) == (VALID, 1, "Olga")
    assert provider.calls[-1].key == GOOD
    assert "sk-ant-api03-••••••••7xA2" in member.get(f"/w/{workspace.slug}/provider-keys")
    assert not live.leaks()


def test_a_key_that_the_provider_refuses_is_stored_nowhere(live, workspace, provider, member):
    provider.revoke(GOOD)
    state, page = paste(member, workspace, GOOD)
    assert state == "failed"
    assert "invalid x-api-key" in page
    assert store.find(workspace.id, "anthropic") is None
    assert not live.redis.keys("candidate:*")
    assert not live.leaks()


@pytest.mark.parametrize("trouble", NO_ANSWER)
def test_a_provider_that_does_not_answer_leaves_nothing_stored(
    live, workspace, provider, member, trouble
):
    reply = NO_ANSWER[trouble]
    provider.always(reply) if reply else provider.close()
    state, page = paste(member, workspace, GOOD)
    assert state == "unchecked"
    assert "Couldn’t check the key. Nothing was changed." in page
    assert store.find(workspace.id, "anthropic") is None
    assert not live.redis.keys("candidate:*")


def test_a_test_tells_how_a_stored_key_stands_now(workspace, provider, member):
    make_key(workspace)
    url = f"/w/{workspace.slug}/provider-keys/anthropic/checks"
    assert member.outcome(member.post(url))[0] == "passed"
    provider.revoke(GOOD)
    assert member.outcome(member.post(url))[0] == "failed"
    assert (key_of(workspace).status, key_of(workspace).reason) == (INVALID, "rejected")
    provider.accept(GOOD)
    assert member.outcome(member.post(url))[0] == "passed"
    assert key_of(workspace).status == VALID


def test_the_operator_adds_a_key_and_reads_its_id(live, workspace, provider):
    assert live.flask("keys", "add", workspace.slug, "anthropic", typed=GOOD + "\n") == (
        key_of(workspace).id
    )
    assert not live.leaks()


def test_the_workers_log_names_its_jobs_and_nothing_of_their_arguments(
    live, workspace, provider, member, inside
):
    provider.always(Reply.echoing_key())
    state, page = paste(member, workspace, GOOD)
    assert state == "failed"
    assert "Incorrect API key provided" in page
    for line in filter(None, live["checks"].said.splitlines()):
        assert json.loads(line)["event"]
        assert "chk_" not in line
    assert not live.leaks()
