"""The log of requests forgets what is thirty days old, in batches; the days' use stays."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.db import session, transaction
from core.gateway.models import GatewayRequest
from core.gateway.request_log import retention
from tests.databases import on_both_databases


def log(workspace, count: int, age: timedelta) -> None:
    """As if so many programs had asked so long ago."""
    facts = {"workspace_id": workspace.id, "route": "chat", "model_asked": "gpt-5", "status": 200}
    with transaction() as current:
        current.add_all(GatewayRequest(at=clock.now() - age, **facts) for _ in range(count))


def kept() -> int:
    session().commit()
    return len(session().scalars(select(GatewayRequest.id)).all())


@on_both_databases
@pytest.mark.parametrize(("seconds", "left"), [(-60, 1), (60, 0)])
def test_a_request_is_kept_for_thirty_days(cast, seconds, left):
    log(cast.workspace, 1, timedelta(days=30, seconds=seconds))
    assert retention.delete_old() == 1 - left
    assert kept() == left


@on_both_databases
@pytest.mark.parametrize("old", [0, 3, 4, 5, 8, 9])
def test_the_old_go_in_batches_and_the_young_stay(cast, monkeypatch, old):
    monkeypatch.setattr(retention, "AT_ONCE", 4)
    log(cast.workspace, old, timedelta(days=31))
    log(cast.elsewhere, 2, timedelta(days=1))
    assert retention.delete_old() == old
    assert kept() == 2


def test_one_round_ends_and_the_next_goes_on(cast, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 4)
    monkeypatch.setattr(retention, "MAX_BATCHES", 2)
    log(cast.workspace, 10, timedelta(days=31))
    assert (retention.delete_old(), retention.delete_old(), retention.delete_old()) == (8, 2, 0)
