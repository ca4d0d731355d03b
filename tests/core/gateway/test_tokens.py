"""Gateway tokens: who has them, what ends them, what the database keeps."""

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from core import clock, ids
from core.accounts import memberships, workspaces
from core.accounts.actor import OPERATOR
from core.accounts.audit import lines_of
from core.errors import BadToken, Conflict, Invalid, NotFound
from core.gateway import access, tokens
from tests.databases import on_both_databases

SECRET = "the secret of these tests"  # noqa: S105


@pytest.fixture
def token(app, cast):
    return tokens.create(cast.workspace, cast.member, "aider", None, OPERATOR, SECRET)


def enters(text):
    try:
        access.authenticate([text], SECRET)
    except BadToken:
        return False
    return True


def test_a_token_opens_its_workspace_for_its_person(cast, token):
    caller = access.authenticate([token[1]], SECRET)
    assert (caller.workspace_id, caller.person_id) == (cast.workspace.id, cast.member.id)
    assert caller.token_id == token[0].id


def test_the_database_has_a_digest_and_a_mask_of_it(token):
    row, text = token
    assert row.digest == ids.token_digest(text, SECRET)
    assert text not in str(vars(row)) and row.mask.endswith(text[-4:])


@pytest.mark.parametrize("text", ["", "mvg_", "mvg_" + "a" * 42, "sk-1234567890", "\x00", "é" * 46])
def test_what_is_no_token_is_refused(app, text):
    assert not enters(text)


def test_the_first_text_that_is_a_token_counts(token):
    assert access.authenticate(["sk-something-else", token[1]], SECRET).token_id == token[0].id


def test_a_revoked_token_is_refused_at_once(token):
    assert enters(token[1])
    tokens.revoke(token[0], OPERATOR)
    assert not enters(token[1])
    with pytest.raises(Conflict):
        tokens.revoke(token[0], OPERATOR)


def test_an_expired_token_is_refused_from_its_moment_on(cast, shift_clock):
    at = clock.now() + timedelta(hours=1)
    _, text = tokens.create(cast.workspace, cast.member, "short", at, OPERATOR, SECRET)
    shift_clock(timedelta(minutes=59))
    assert enters(text)
    shift_clock(timedelta(minutes=60))
    assert not enters(text)


def test_who_left_the_workspace_has_no_way_in(cast, token):
    assert enters(token[1])
    place = workspaces.membership(cast.member.id, cast.workspace.slug)
    memberships.remove(place, OPERATOR)
    assert not enters(token[1])


@on_both_databases
def test_what_another_process_changes_holds_for_the_very_next_request(cast, token, chosen):
    """What is remembered of a token is no older than a query would be."""
    elsewhere = create_engine(chosen.database_address)
    for change, seen in (
        ("UPDATE workspaces SET keys_stamp = 77", lambda caller: caller.keys_stamp == 77),
        ("UPDATE workspaces SET plan_key = 'scale'", lambda caller: caller.plan.key == "scale"),
    ):
        assert not seen(access.authenticate([token[1]], SECRET))
        with elsewhere.begin() as connection:
            connection.execute(text(change))
        assert seen(access.authenticate([token[1]], SECRET))
    with elsewhere.begin() as connection:
        connection.execute(text("DELETE FROM memberships"))
    assert not enters(token[1])
    elsewhere.dispose()


@pytest.mark.parametrize("grace", tokens.GRACE_PERIODS)
def test_a_replaced_token_works_for_its_grace(cast, token, grace, shift_clock):
    assert enters(token[1])
    _, text = tokens.replace(token[0], grace, OPERATOR, SECRET)
    assert enters(text) and enters(token[1]) == bool(grace)
    shift_clock(grace + timedelta(seconds=1))
    assert enters(text) and not enters(token[1])


def test_a_token_is_replaced_once(token):
    tokens.replace(token[0], tokens.GRACE_PERIODS[-1], OPERATOR, SECRET)
    with pytest.raises(Conflict):
        tokens.replace(token[0], tokens.GRACE_PERIODS[-1], OPERATOR, SECRET)


def test_a_grace_never_outlives_the_token(cast, shift_clock):
    at = clock.now() + timedelta(hours=1)
    old, text = tokens.create(cast.workspace, cast.member, "short", at, OPERATOR, SECRET)
    tokens.replace(old, timedelta(hours=48), OPERATOR, SECRET)
    shift_clock(timedelta(minutes=61))
    assert not enters(text)


@pytest.mark.parametrize("name", ["", "   ", "a" * 81, "two\x00parts"])
def test_a_token_has_a_name_that_can_be_read(cast, name):
    with pytest.raises(Invalid):
        tokens.create(cast.workspace, cast.member, name, None, OPERATOR, SECRET)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=3_651)])
def test_a_token_ends_within_ten_years_if_it_does(cast, later):
    with pytest.raises(Invalid):
        tokens.create(cast.workspace, cast.member, "n", clock.now() + later, OPERATOR, SECRET)


def test_a_stranger_gets_none(cast):
    with pytest.raises(NotFound):
        tokens.create(cast.workspace, cast.stranger, "n", None, OPERATOR, SECRET)


def test_a_person_has_so_many_and_no_more(cast, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_PER_PERSON", 2)
    for name in ("one", "two"):
        row, _ = tokens.create(cast.workspace, cast.member, name, None, OPERATOR, SECRET)
    with pytest.raises(Invalid):
        tokens.create(cast.workspace, cast.member, "three", None, OPERATOR, SECRET)
    tokens.revoke(row, OPERATOR)
    assert tokens.create(cast.workspace, cast.member, "three", None, OPERATOR, SECRET)


def test_each_change_has_its_line(cast, token):
    made, _ = tokens.replace(token[0], tokens.GRACE_PERIODS[1], OPERATOR, SECRET)
    tokens.revoke(made, OPERATOR)
    actions = [line.action for line in lines_of(cast.workspace.id)]
    assert {"token.created", "token.replaced", "token.revoked"} <= set(actions)
