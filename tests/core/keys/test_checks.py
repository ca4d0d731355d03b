"""A check from paste to verdict, below the web: what Redis holds meanwhile, and how each one ends."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core import queue
from core.accounts import audit, workspaces
from core.accounts.actor import OPERATOR, Actor
from core.db import session, transaction
from core.errors import Busy, Invalid, NotFound, PlanDoesNotAllow
from core.keys import checks, pending, saving, store
from core.keys.models import VALID, ProviderKey
from core.keys.pending import Check
from core.keys.saving import Proof
from core.secrets import vault
from core.text import fit
from tests import marker
from tests.bot_client import key_of, make_key
from tests.people import make_person, make_workspace
from tests.providers import Reply

SECRET = marker.anthropic_key()
ANN = Actor("Ann")


def actor_of(person) -> Actor:
    return Actor(person.name, "192.0.2.1", person.id)


@pytest.fixture
def person(app):
    return make_person("ann")


@pytest.fixture
def workspace(person):
    return make_workspace(person, "Acme", "pro")


def ask(workspace, person, secret: str = SECRET) -> Check:
    return checks.check_candidate_later(workspace, "anthropic", secret, actor_of(person))


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
    assert 0 < connection.ttl(f"check:{check.id}") <= pending.TTL_SECONDS


@pytest.mark.parametrize("slug", ["anthropic", "openai"])
def test_a_refused_paste_keeps_nothing(workspace, person, slug):
    for text in ("", "short", "sk-ant-…7xA2", "sk-ant-api03- with spaces"):
        with pytest.raises(Invalid):
            checks.check_candidate_later(workspace, slug, text, actor_of(person))
    assert queue.redis_connection().dbsize() == 0


def test_a_plan_without_keys_keeps_nothing(workspace, person):
    workspaces.set_plan(workspace, "free", OPERATOR)
    session().refresh(workspace)
    with pytest.raises(PlanDoesNotAllow, match="Pro or Scale"):
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
    newer = checks.test_later(key, ANN)
    saving.save(workspace.id, "anthropic", marker.anthropic_key("NEXT"), ANN, Proof("chk_2"))
    checks.run_key(newer.id, key.id, 1)
    gone = checks.test_later(key, ANN)
    store.remove(key, ANN)
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
    checks.run_key(checks.test_later(key, ANN).id, key.id, 1)
    assert key_of(workspace).provider_words == words


def test_a_replacement_of_a_key_that_is_deleted_meanwhile_stores_nothing(
    workspace, person, provider
):
    make_key(workspace)
    provider.accept(marker.anthropic_key("NEXT"))
    check = ask(workspace, person, marker.anthropic_key("NEXT"))
    store.remove(key_of(workspace), ANN)
    checks.run_candidate(check.id)
    ended = checks.find(check.id, workspace.id)
    assert (ended.state, "deleted" in ended.words) == ("failed", True)
    assert store.find(workspace.id, "anthropic") is None


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


def test_a_check_asks_twice_at_most_however_often_its_worker_dies(workspace, person, provider):
    check = ask(workspace, person)
    provider.always(Reply.status(500))
    for _ in range(4):
        checks.run_candidate(check.id)
        pending.keep(check)  # as if the worker had died before it said how the check ended
        pending.keep_candidate(
            check.id, vault.seal(SECRET, vault.provider_key_context(workspace.id, "anthropic"))
        )
    assert len(provider.chats) == pending.MAX_PROVIDER_CALLS == 2
    checks.run_candidate(check.id)
    assert pending.load(check.id).state == "lost"


def test_what_a_page_has_given_up_is_not_stored_behind_its_back(
    workspace, person, provider, shift_clock, monkeypatch
):
    check = ask(workspace, person)
    real = checks.probe

    def slow(*args):
        shift_clock(timedelta(seconds=checks.STORED_WITHIN_SECONDS + 1))
        return real(*args)

    monkeypatch.setattr(checks, "probe", slow)
    checks.run_candidate(check.id)
    assert pending.load(check.id).state == "lost"
    assert store.find(workspace.id, "anthropic") is None
    assert checks.STORED_WITHIN_SECONDS < pending.TIMEOUT_SECONDS


def test_a_downgrade_during_the_check_stores_nothing(workspace, person, provider):
    check = ask(workspace, person)
    workspaces.set_plan(workspace, "free", OPERATOR)
    checks.run_candidate(check.id)
    ended = pending.load(check.id)
    assert (ended.state, "Pro or Scale" in ended.words) == ("failed", True)
    assert store.find(workspace.id, "anthropic") is None


def test_the_same_key_is_recognised_wherever_it_is_stored(workspace, person):
    make_key(workspace, "openai", secret="a-key-of-a-compatible-server-1234")
    with pytest.raises(Invalid, match="already stored"):
        checks.check_candidate_later(workspace, "openai", " a-key-of-a-compatible-server-1234", ANN)
    elsewhere = ask(workspace, person, "a-key-of-a-compatible-server-1234")
    assert elsewhere.hint == "The same key is also stored for OpenAI."


def as_before_the_upgrade(key) -> None:
    """The row as the release before wrote it: another fingerprint, no word about the ring key."""
    with transaction() as current:
        old = {"fingerprint": "e17223800856ada55c0d2ee03cdc16c2", "ring_key": ""}
        current.execute(update(ProviderKey).where(ProviderKey.id == key.id).values(old))
    session().expire_all()


REPLIES = {
    "passed": Reply.answer(),
    "refused": Reply.status(401),
    "said nothing of the key": Reply.overloaded(),
}


@pytest.mark.parametrize("reply", REPLIES)
def test_any_verdict_renews_what_the_row_of_an_old_key_says_of_its_secret(
    workspace, provider, reply
):
    made = make_key(workspace)
    today = (made.fingerprint, made.ring_key)
    as_before_the_upgrade(made)
    provider.always(REPLIES[reply])
    checks.run_key(checks.test_later(key_of(workspace), ANN).id, made.id, 1)
    assert (key_of(workspace).fingerprint, key_of(workspace).ring_key) == today


def test_a_key_from_before_the_upgrade_is_recognised_when_it_is_pasted_again(workspace, person):
    as_before_the_upgrade(make_key(workspace))
    with pytest.raises(Invalid, match="already stored"):
        ask(workspace, person)
    assert ask(workspace, person, marker.anthropic_key("NEXT")).pending


def test_a_key_that_cannot_be_read_any_more_may_be_entered_again(workspace, person, provider):
    key = make_key(workspace)
    with transaction() as current:
        current.execute(update(ProviderKey).where(ProviderKey.id == key.id).values(sealed="torn"))
    session().expire_all()
    checks.run_candidate(ask(workspace, person).id)
    assert (key_of(workspace).version, key_of(workspace).status) == (2, VALID)
    with pytest.raises(Invalid, match="already stored"):
        ask(workspace, person)


def test_who_pasted_and_from_where_is_in_the_audit_log(workspace, person, provider):
    checks.run_candidate(ask(workspace, person).id)
    checks.test_later(key_of(workspace), actor_of(person))
    tested, added = audit.lines_of(workspace.id, action="key")
    assert (tested.action, added.action) == ("key.tested", "key.added")
    assert (added.actor, added.origin, added.actor_id) == ("Ann", "192.0.2.1", person.id)
    assert added.details == {"now": "sk-ant-api03-••••••••7xA2"}


@pytest.mark.parametrize(
    ("listed", "missing"),
    [
        (["claude-haiku-4-5-20251001", "claude-sonnet-4-6"], []),
        (["claude-haiku-4-5-20251001"], ["anthropic:claude-sonnet-4-6"]),
        (["something-else"], []),
        ([], []),
    ],
)
def test_what_the_provider_lists_for_a_key_is_noted(workspace, person, provider, listed, missing):
    provider.models["anthropic"][:] = listed
    checks.run_candidate(ask(workspace, person).id)
    models = {"anthropic:claude-haiku-4-5", "anthropic:claude-sonnet-4-6"}
    assert sorted(models & set(key_of(workspace).unavailable_models)) == missing


def of_provider(workspace, person, slug: str, secret: str) -> Check:
    """How a paste for that provider ends."""
    check = checks.check_candidate_later(workspace, slug, secret, actor_of(person))
    checks.run_candidate(check.id)
    ended = pending.load(check.id)
    assert ended
    return ended


def test_credentials_of_aws_are_proved_stored_and_masked(workspace, person, provider):
    ended = of_provider(workspace, person, "bedrock", marker.bedrock_key())
    key = store.get(workspace.id, "bedrock")
    assert (ended.state, key.mask) == ("saved", "AKIA••••••••WXYZ · us-east-1")
    assert marker.MARKER not in repr([vars(key), ended])
    checks.run_key(checks.test_later(key, ANN).id, key.id, 1)
    assert [call.model for call in provider.calls] == ["amazon.nova-micro-v1:0"] * 2
    with pytest.raises(Invalid, match="already stored"):
        of_provider(workspace, person, "bedrock", f" {marker.bedrock_key()} ".replace(",", " , "))


def test_a_refusal_by_aws_comes_with_what_to_do(workspace, person, provider):
    provider.always(Reply.missing_scope())
    ended = of_provider(workspace, person, "bedrock", marker.bedrock_key())
    assert (ended.state, ended.reason) == ("failed", "no_permission")
    assert "bedrock:InvokeModelWithResponseStream" in ended.hint


MISTRALS = "m" * 32
CHAT, FIM = "/v1/chat/completions", "/v1/fim/completions"
FILLED = Reply.status(
    200, body={"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}
)


@pytest.mark.parametrize(
    ("slug", "path", "sibling", "theirs"),
    [("mistral", CHAT, "Codestral", FIM), ("codestral", FIM, "Mistral AI", CHAT)],
)
def test_a_key_of_the_sibling_is_told_whose_it_is(
    workspace, person, provider, slug, path, sibling, theirs
):
    provider.when(lambda call: call.path == path, Reply.status(401))
    provider.when(lambda call: call.path == theirs, FILLED)
    ended = of_provider(workspace, person, slug, MISTRALS)
    assert (ended.state, ended.reason) == ("failed", "rejected")
    assert ended.hint == f"{sibling} accepts this key. Add it under {sibling} instead."
    assert store.find(workspace.id, slug) is None


def test_a_key_that_the_sibling_refuses_too_is_wrong_for_both(workspace, person, provider):
    provider.always(Reply.status(401))
    ended = of_provider(workspace, person, "mistral", MISTRALS)
    assert (ended.reason, ended.hint) == ("rejected", "Codestral rejects it too.")


def test_the_sibling_is_asked_only_where_the_key_was_refused(workspace, person, provider):
    provider.always(Reply.status(402))
    ended = of_provider(workspace, person, "mistral", MISTRALS)
    assert (ended.reason, ended.hint, len(provider.calls)) == ("no_credit", "", 1)


def test_a_sibling_that_is_away_says_nothing(workspace, person, provider):
    provider.when(lambda call: call.path == CHAT, Reply.status(401))
    provider.when(lambda call: call.path == FIM, Reply.status(503))
    assert of_provider(workspace, person, "mistral", MISTRALS).hint == ""


def test_a_key_of_another_region_is_told_of_the_other_host(workspace, person, provider):
    body = {"base_resp": {"status_code": 1004, "status_msg": "login fail"}}
    provider.always(Reply.status(200, body=body))
    ended = of_provider(workspace, person, "minimax", "sk-" + "n" * 60)
    assert ended.state == "failed"
    assert "MINIMAX_BASE_URL" in ended.hint
