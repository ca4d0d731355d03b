"""A stored key's verbs, on both databases: each is one conditional update, so that none overtakes another."""

import pytest

from core.accounts import workspaces
from core.accounts.actor import OPERATOR, Actor
from core.accounts.models import Workspace
from core.db import session, transaction
from core.errors import NotFound
from core.keys import saving, states, store, verdicts
from core.keys.models import ProviderKey
from core.keys.saving import Proof
from core.keys.store import Unusable
from core.providers.failures import KEY_FAULTS, Failure, FailureKind
from core.secrets import vault
from tests import marker
from tests.bot_client import key_of
from tests.databases import on_both_databases
from tests.people import make_person, make_workspace
from tests.threads import at_once

REJECTED = Failure(FailureKind.rejected, "Invalid key.")
SECRET = marker.anthropic_key()
NEXT = marker.anthropic_key("NEXT")
ANN, BOB = Actor("Ann"), Actor("Bob")
HAIKU = "anthropic:claude-haiku-4-5"


def refuse(key: ProviderKey, failure: Failure = REJECTED, model: str = HAIKU) -> bool:
    """A live request was refused with this version of the key."""
    return verdicts.record_refusal(key.id, key.version, failure, model)


@pytest.fixture
def workspace(app) -> Workspace:
    return make_workspace(make_person("ann"), "Acme", "pro")


def save(workspace: Workspace, secret: str = SECRET, check_id: str = "chk_1") -> ProviderKey:
    return saving.save(workspace.id, "anthropic", secret, ANN, Proof(check_id))


def test_a_saved_key_is_sealed_masked_and_told_from_others(workspace):
    key = save(workspace)
    assert (key.version, key.status, key.enabled, key.added_by) == (1, "valid", True, "Ann")
    assert key.mask == "sk-ant-api03-••••••••7xA2"
    assert (
        vault.open_sealed(key.sealed, vault.provider_key_context(workspace.id, "anthropic"))
        == SECRET
    )
    assert marker.MARKER not in f"{key.sealed} {key.fingerprint} {key.mask}"
    found, secret = store.use(workspace, "anthropic")
    assert (found.key_id, found.version, secret) == (key.id, 1, SECRET)
    assert marker.MARKER not in repr(found)


@on_both_databases
def test_a_replaced_key_keeps_its_row_and_raises_its_version(workspace):
    first = save(workspace)
    refuse(first)
    second = saving.save(workspace.id, "anthropic", NEXT, BOB, Proof("chk_2"))
    assert (second.id, second.version, second.mask[-4:]) == (first.id, 2, "NEXT")
    assert (second.status, second.reason, second.provider_words) == ("valid", "", "")
    assert (second.added_by, second.replaced_by) == ("Ann", "Bob")
    assert second.set_at == second.replaced_at
    assert store.use(workspace, "anthropic")[1] == NEXT


@on_both_databases
def test_the_same_check_saves_once(workspace):
    save(workspace)
    assert save(workspace).version == 1
    assert save(workspace, NEXT, "chk_2").version == 2
    assert save(workspace, NEXT, "chk_2").version == 2


@on_both_databases
def test_many_saves_at_once_leave_one_row_with_one_version_each(workspace):
    outcomes = at_once(12, lambda number: save(workspace, SECRET, f"chk_{number}").version)
    saved = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert all(type(outcome).__name__ in ("int", "Conflict") for outcome in outcomes)
    assert key_of(workspace).version == len(saved)
    assert len(store.keys_of(workspace.id)) == 1


@on_both_databases
def test_a_verdict_about_version_n_never_touches_the_next(workspace):
    old = save(workspace)
    session().expunge(old)
    save(workspace, NEXT, "chk_2")
    assert refuse(old) is False
    verdicts.record_check(old, states.verdict_of(REJECTED), "test")
    verdicts.record_unreadable(old)
    stored = key_of(workspace)
    assert (stored.status, stored.checked_by) == ("valid", "save")
    refuse(stored)
    verdicts.record_check(old, states.PASSED, "test")
    assert key_of(workspace).status == "invalid"


@on_both_databases
def test_of_many_refusals_at_once_one_is_news(workspace):
    key = save(workspace)
    news = at_once(16, lambda _: refuse(key))
    assert sorted(news) == [False] * 15 + [True]


@on_both_databases
def test_refusals_and_a_replacement_at_once_leave_the_new_key_valid(workspace):
    key = save(workspace)

    def act(number: int):
        if number == 7:
            return save(workspace, NEXT, "chk_2").version
        return refuse(key)

    assert 2 in at_once(16, act)
    stored = key_of(workspace)
    assert (stored.version, stored.status) == (2, "valid")


@pytest.mark.parametrize("kind", list(FailureKind))
def test_only_the_keys_own_faults_make_it_invalid(workspace, kind):
    key = save(workspace)
    verdicts.record_check(key, states.verdict_of(Failure(kind, "Words.")), "test")
    stored = key_of(workspace)
    is_fault = kind in KEY_FAULTS
    assert (stored.status == "invalid") == is_fault
    assert stored.reason == (str(kind) if is_fault else "")
    assert stored.checked_by == "test"


def test_the_faults_of_a_key_are_these():
    assert {str(kind) for kind in KEY_FAULTS} == {"rejected", "no_permission", "no_credit"}


def test_an_invalid_key_knows_since_when_and_why_now(workspace):
    key = save(workspace)
    refuse(key)
    since = key_of(workspace).status_since
    no_credit = states.verdict_of(Failure(FailureKind.no_credit, "Top up."))
    verdicts.record_check(key_of(workspace), no_credit, "test")
    stored = key_of(workspace)
    assert (stored.reason, stored.provider_words) == ("no_credit", "Top up.")
    assert stored.status_since == since
    verdicts.record_check(stored, states.UNSURE, "test")
    assert key_of(workspace).reason == "no_credit"


def test_a_passed_check_takes_an_invalidity_back_and_says_that_it_was_one(workspace):
    key = save(workspace)
    assert verdicts.record_check(key, states.PASSED, "test") == states.STILL
    refuse(key)
    verdict = verdicts.record_check(key_of(workspace), states.PASSED, "confirm", note="A note.")
    assert verdict == states.RECOVERED
    stored = key_of(workspace)
    assert (stored.status, stored.reason, stored.note) == ("valid", "", "A note.")
    assert verdicts.record_check(stored, states.PASSED, "test") == states.STILL


@pytest.mark.parametrize(
    ("plan", "has_key", "enabled", "status", "reason", "unusable"),
    [
        ("pro", True, True, "valid", "", ""),
        ("scale", True, True, "valid", "", ""),
        ("free", True, True, "valid", "", "plan_without_keys"),
        ("free", False, True, "valid", "", "plan_without_keys"),
        ("pro", False, True, "valid", "", "no_key"),
        ("pro", True, False, "valid", "", "key_disabled"),
        ("pro", True, False, "invalid", "rejected", "key_disabled"),
        ("pro", True, True, "invalid", "rejected", "key_rejected"),
        ("pro", True, True, "invalid", "no_credit", "key_no_credit"),
        ("pro", True, True, "invalid", "no_permission", "key_no_permission"),
        ("pro", True, True, "invalid", "unreadable", "key_unreadable"),
    ],
)
def test_which_reason_comes_first(plan, has_key, enabled, status, reason, unusable):
    workspace = Workspace(kind="organization", plan_key=plan)
    key = ProviderKey(enabled=enabled, status=status, reason=reason) if has_key else None
    assert store.unusable_reason(key, workspace) == unusable


def test_what_cannot_be_opened_is_marked_and_serves_nobody(workspace):
    key = save(workspace)
    with transaction() as current:
        current.query(ProviderKey).update({"sealed": key.sealed[:-8] + "AAAAAAAA"})
    session().expire_all()
    assert store.use(workspace, "anthropic") == Unusable("key_unreadable")
    stored = key_of(workspace)
    assert (stored.status, stored.reason) == ("invalid", "unreadable")


def test_a_row_copied_to_another_workspace_does_not_open(workspace):
    key = save(workspace)
    other = make_workspace(make_person("bob"), "Other", "pro")
    copied = saving.save(other.id, "anthropic", NEXT, BOB, Proof("chk_9"))
    with transaction() as current:
        current.query(ProviderKey).filter_by(id=copied.id).update({"sealed": key.sealed})
    session().expire_all()
    assert store.use(other, "anthropic") == Unusable("key_unreadable")


def test_a_dormant_key_is_untouched_and_comes_back(workspace):
    sealed = save(workspace).sealed
    workspaces.set_plan(workspace, "free", OPERATOR)
    session().refresh(workspace)
    assert store.use(workspace, "anthropic") == Unusable("plan_without_keys")
    workspaces.set_plan(workspace, "scale", OPERATOR)
    session().refresh(workspace)
    assert store.use(workspace, "anthropic")[1] == SECRET
    assert key_of(workspace).sealed == sealed


def test_another_workspaces_key_is_not_found(workspace):
    save(workspace)
    other = make_workspace(make_person("bob"), "Other", "pro")
    assert store.find(other.id, "anthropic") is None
    with pytest.raises(NotFound):
        store.get(other.id, "anthropic")
    with pytest.raises(NotFound):
        store.get(workspace.id, "openai")
