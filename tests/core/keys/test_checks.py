"""A check from paste to verdict, below the web: what Redis holds meanwhile, and how each one ends."""

from datetime import timedelta

import pytest

from core import queue
from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.db import session
from core.errors import Busy, Invalid, NotFound, PlanDoesNotAllow
from core.keys import checks, life, pending
from core.keys.pending import Check
from core.text import fit
from tests import marker
from tests.people import make_person, make_workspace
from tests.providers import Reply
from tests.talking import key_of, make_key

SECRET = marker.anthropic_key()


@pytest.fixture
def person(app):
    return make_person("ann")


@pytest.fixture
def workspace(person):
    return make_workspace(person, "Acme", "pro")


def ask(workspace, person, secret: str = SECRET) -> Check:
    return checks.check_candidate_later(workspace, "anthropic", secret, person)


def test_a_check_holds_no_secret(workspace, person):
    check = ask(workspace, person)
    assert marker.MARKER not in repr(check)
    assert marker.MARKER not in repr(pending.load(check.id))


def test_a_check_is_found_in_its_own_workspace_only(workspace, person):
    check = ask(workspace, person)
    assert checks.find(check.id, workspace.id) == check
    for check_id, workspace_id in ((check.id, "wsp_other"), ("chk_other", workspace.id), ("", "")):
        with pytest.raises(NotFound):
            checks.find(check_id, workspace_id)


@pytest.mark.parametrize(("seconds", "state"), [(0, "waiting"), (89, "waiting"), (91, "lost")])
def test_a_check_is_given_up_after_90_seconds(workspace, person, shift_clock, seconds, state):
    check = ask(workspace, person)
    shift_clock(timedelta(seconds=seconds))
    assert checks.find(check.id, workspace.id).state == state


def test_a_finished_check_stays_finished(workspace, person, provider, shift_clock):
    check = ask(workspace, person)
    checks.run_candidate(check.id)
    shift_clock(timedelta(minutes=14))
    assert checks.find(check.id, workspace.id).state == "saved"


def test_what_redis_holds_ends_by_itself(workspace, person):
    check = ask(workspace, person)
    connection = queue.redis_connection()
    assert 0 < connection.ttl(f"candidate:{check.id}") <= pending.CANDIDATE_SECONDS == 120
    assert 0 < connection.ttl(f"check:{check.id}") <= pending.KEPT_SECONDS


@pytest.mark.parametrize("slug", ["anthropic", "openai"])
def test_a_refused_paste_keeps_nothing(workspace, person, slug):
    for text in ("", "short", "sk-ant-…7xA2", "sk-ant-api03- with spaces"):
        with pytest.raises(Invalid):
            checks.check_candidate_later(workspace, slug, text, person)
    assert queue.redis_connection().dbsize() == 0


def test_a_plan_without_keys_keeps_nothing(workspace, person):
    workspaces.set_plan(workspace, "free", OPERATOR)
    session().refresh(workspace)
    with pytest.raises(PlanDoesNotAllow, match="Pro and Scale"):
        ask(workspace, person)
    assert queue.redis_connection().dbsize() == 0


def test_a_personal_workspace_has_keys_for_the_gateway(person):
    mine = workspaces.memberships_of(person.id)[0].workspace
    assert ask(mine, person).state == "waiting"


def test_a_check_that_runs_again_after_its_end_does_nothing(workspace, person, provider):
    check = ask(workspace, person)
    checks.run_candidate(check.id)
    checks.run_candidate(check.id)
    checks.run_candidate("chk_never")
    assert len(provider.chats) == 1
    assert key_of(workspace).version == 1


def test_the_candidate_is_gone_however_the_check_ends(workspace, person, provider, shift_clock):
    connection = queue.redis_connection()
    for reply in (Reply.status(401), Reply.status(500), Reply.answer()):
        provider.next(reply)
        checks.run_candidate(ask(workspace, person).id)
        assert not list(connection.scan_iter("candidate:*"))
    overdue = ask(workspace, person, marker.anthropic_key("OVER"))
    shift_clock(timedelta(seconds=91))
    checks.run_candidate(overdue.id)
    assert not list(connection.scan_iter("candidate:*"))
    assert pending.load(overdue.id).state == "lost"


def test_a_check_of_a_key_that_is_gone_or_newer_asks_nobody(workspace, provider):
    key = make_key(workspace)
    newer = checks.check_key_later(key, "Ann")
    life.save(workspace.id, "anthropic", marker.anthropic_key("NEXT"), "Ann", "chk_2")
    checks.run_key(newer.id, key.id, 1)
    gone = checks.check_key_later(key, "Ann")
    life.remove(key)
    session().expunge_all()
    checks.run_key(gone.id, key.id, 2)
    assert [pending.load(check.id).state for check in (newer, gone)] == ["lost", "lost"]
    assert not provider.calls


def test_two_checks_of_one_provider_do_not_meet(workspace, person, provider):
    """A second paste before the first is checked: each is judged for itself, the last one stays."""
    provider.accept(marker.anthropic_key("NEXT"))
    first = ask(workspace, person)
    second = ask(workspace, person, marker.anthropic_key("NEXT"))
    checks.run_candidate(second.id)
    provider.revoke(SECRET)
    checks.run_candidate(first.id)
    assert [pending.load(check.id).state for check in (first, second)] == ["failed", "saved"]
    assert key_of(workspace).mask[-4:] == "NEXT"


def test_without_redis_nothing_begins(chosen, workspace, person):
    queue.configure("redis://127.0.0.1:1/0")
    try:
        with pytest.raises(Busy):
            ask(workspace, person)
        with pytest.raises(Busy):
            checks.find("chk_any", workspace.id)
    finally:
        queue.configure(chosen.redis_address)


def test_the_words_of_a_provider_are_fit_to_store_and_to_show(workspace, person, provider):
    words = "Bad\\u0000 key\\ud800 \\u001b[31m of yours"
    body = f'{{"type": "error", "error": {{"type": "x", "message": "{words}"}}}}'
    provider.always(Reply.status(401, body=body))
    check = ask(workspace, person)
    checks.run_candidate(check.id)
    words = pending.load(check.id).words
    assert words.startswith("Bad key")
    assert words == fit(words)
    key = make_key(workspace)
    checks.run_key(checks.check_key_later(key, "Ann").id, key.id, 1)
    assert key_of(workspace).provider_words == words


def test_a_replacement_of_a_key_that_is_deleted_meanwhile_stores_nothing(
    workspace, person, provider
):
    make_key(workspace)
    provider.accept(marker.anthropic_key("NEXT"))
    check = ask(workspace, person, marker.anthropic_key("NEXT"))
    life.remove(key_of(workspace))
    checks.run_candidate(check.id)
    ended = checks.find(check.id, workspace.id)
    assert (ended.state, "deleted" in ended.words) == ("failed", True)
    assert life.find(workspace.id, "anthropic") is None


def test_a_new_key_does_not_replace_one_that_is_stored_meanwhile(workspace, person, provider):
    check = ask(workspace, person)
    provider.accept(marker.anthropic_key("NEXT"))
    make_key(workspace, secret=marker.anthropic_key("NEXT"))
    checks.run_candidate(check.id)
    workspace = workspaces.by_slug("acme")
    assert checks.find(check.id, workspace.id).state == "failed"
    assert (key_of(workspace).version, key_of(workspace).mask[-4:]) == (1, "NEXT")


def test_a_stored_key_whose_last_word_got_lost_reads_as_saved(
    workspace, person, provider, shift_clock
):
    check = ask(workspace, person)
    checks.run_candidate(check.id)
    pending.keep(check)
    shift_clock(timedelta(seconds=91))
    assert checks.find(check.id, workspace.id).state == "saved"
    checks.run_candidate(check.id)
    assert key_of(workspace).version == 1
