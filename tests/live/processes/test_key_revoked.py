"""A key is revoked at its provider during traffic: one notice, no further call, and it comes back by itself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.accounts import audit
from core.bots.answers.failure_messages import FAILURE_SENTENCE
from core.db import session, transaction
from core.keys.checks import CONFIRM
from core.keys.models import INVALID, VALID, ProviderKey
from core.outbox.models import Delivery
from tests import marker
from tests.bot_client import key_of, make_bot, make_key, used
from tests.live.children import until
from tests.live.member import Member

pytestmark = pytest.mark.xdist_group("live-2")

MODEL = "anthropic:claude-haiku-4-5"
KEY = marker.anthropic_key()
VISITORS = 12


def delivery_count(workspace, event: str) -> int:
    session().commit()
    return session().query(Delivery).filter_by(workspace_id=workspace.id, event=event).count()


def test_a_key_revoked_during_traffic_is_told_once_and_comes_back_by_itself(
    live, owner, workspace, provider, visitors_of
):
    make_key(workspace)
    visitors = visitors_of(make_bot(workspace, MODEL, name="Support").id, VISITORS)
    with ThreadPoolExecutor(VISITORS) as crowd:

        def everybody_asks():
            return list(crowd.map(lambda visitor: visitor.ask("Hello"), visitors))

        assert {status for status, _ in everybody_asks()} == {200}
        provider.revoke(KEY)
        refused = everybody_asks()
        assert {status for status, _ in refused} == {503}
        assert {body["error"]["message"] for _, body in refused} == {FAILURE_SENTENCE}
        until(lambda: delivery_count(workspace, "key_broken"), 20, "the mail that says so")
        key = key_of(workspace)
        assert (key.status, key.reason, key.version) == (INVALID, "rejected", 1)

        # No further call until a check passes. The one that confirms the refusal may still be running.
        until(lambda: key_of(workspace).checked_by == CONFIRM, 20, "the confirming check")
        assert key_of(workspace).status == INVALID
        request_count = len(provider.calls)
        assert {status for status, _ in everybody_asks()} == {503}
        assert len(provider.calls) == request_count
        page = Member(live, owner.email).get(f"/w/{workspace.slug}")
        assert "Anthropic rejected this key" in page
        assert "Support" in page

        # The provider accepts it again, and the schedule finds out
        provider.accept(KEY)
        due_now(workspace)
        until(lambda: key_of(workspace).status == VALID, 40, "the key's return")
        assert {status for status, _ in everybody_asks()} == {200}

    assert delivery_count(workspace, "key_broken") == 1
    assert delivery_count(workspace, "key_recovered") == 1
    actions = [line.action for line in audit.lines_of(workspace.id, action="key")]
    assert actions == ["key.recovered", "key.invalidated", "key.added"]
    assert used(workspace) == 2 * VISITORS
    until(
        lambda: "Subject: Anthropic rejected the key for Acme" in live["jobs"].said, 20, "the mail"
    )
    assert not live.leaks()


def test_the_first_refusal_is_the_last_call(live, workspace, provider, visitors_of):
    """One after the other: the request that is refused flips the key before the next one starts."""
    make_key(workspace)
    (visitor,) = visitors_of(make_bot(workspace, MODEL).id, 1)
    provider.revoke(KEY)
    for _ in range(3):
        assert visitor.ask("Hello")[0] == 503
    assert len([call for call in provider.chats if call.stream]) == 1


def due_now(workspace) -> None:
    """Five minutes later, without the waiting."""
    with transaction() as current:
        current.execute(
            update(ProviderKey)
            .where(ProviderKey.workspace_id == workspace.id)
            .values(recheck_at=clock.now() - timedelta(seconds=1))
        )
