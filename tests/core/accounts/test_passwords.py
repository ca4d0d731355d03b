"""A password's change, and a new one by mail: once, within an hour, and nobody learns who has an account."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core import ids, queue
from core.accounts import password_resets, passwords, people, sign_ins
from core.accounts.models import PasswordReset
from core.db import session
from core.errors import Conflict, Invalid, NotFound
from core.outbox.models import Delivery
from tests.databases import on_both_databases
from tests.people import PASSWORD, make_person
from tests.postbox import emails_to, token_in
from tests.threads import at_once

SECRET = "a secret of the tests"
NEW = "another horse battery"
ANN = "ann@example.com"


@pytest.fixture
def ann(app):
    return make_person("ann")


def ask(email=ANN):
    password_resets.request(email, SECRET)


def use(token, password=NEW):
    password_resets.use(password_resets.by_token(token, SECRET), password)


def tokens() -> list[str]:
    return [token_in(email) for email in emails_to(ANN, "password_reset")]


def count(model) -> int:
    session().commit()
    return session().scalar(select(func.count()).select_from(model))


def knows(password) -> bool:
    session().expire_all()
    return people.authenticate(ANN, password) is not None


@on_both_databases
def test_the_link_sets_the_password_once_and_ends_every_sign_in(ann):
    cookie = sign_ins.start(ann, SECRET)
    ask(" Ann@Example.com ")
    (token,) = tokens()
    use(token)
    assert knows(NEW)
    assert not knows(PASSWORD)
    assert sign_ins.find(cookie, SECRET) is None
    with pytest.raises(NotFound, match="works once"):
        use(token, PASSWORD)
    assert knows(NEW)
    (email,) = emails_to(ANN, "password_changed")
    assert "with a reset link sent by email" in email


@on_both_databases
def test_of_many_who_use_one_link_at_once_one_sets_the_password(ann):
    ask()
    reset = password_resets.by_token(tokens()[0], SECRET)
    session().commit()
    outcomes = at_once(5, lambda number: password_resets.use(reset, f"{NEW} {number}"))
    assert sum(outcome is None for outcome in outcomes) == 1
    assert {type(outcome) for outcome in outcomes if outcome} <= {NotFound, Conflict}
    assert sum(knows(f"{NEW} {number}") for number in range(5)) == 1


def test_one_used_link_ends_the_others(ann):
    ask()
    ask()
    first, second = tokens()
    use(second)
    with pytest.raises(NotFound):
        use(first)


@pytest.mark.parametrize(
    ("after", "works"),
    [
        (password_resets.VALID_FOR - timedelta(seconds=5), True),
        (password_resets.VALID_FOR + timedelta(seconds=5), False),
    ],
)
def test_the_link_works_for_an_hour(ann, shift_clock, after, works):
    ask()
    shift_clock(after)
    if works:
        use(tokens()[0])
    else:
        with pytest.raises(NotFound):
            use(tokens()[0])
    assert knows(NEW) == works


def test_a_password_that_cannot_be_leaves_the_link_as_it_was(ann):
    ask()
    with pytest.raises(Invalid, match="12 to 200"):
        use(tokens()[0], "short")
    use(tokens()[0])


def test_three_links_an_hour_are_sent_to_one_person(ann, shift_clock):
    for sent in (1, 2, 3, 3, 3):
        ask()
        assert len(tokens()) == sent
    shift_clock(timedelta(hours=1, seconds=5))
    ask()
    assert len(tokens()) == 4


@on_both_databases
def test_three_links_are_sent_however_many_ask_at_once(ann):
    assert at_once(8, lambda _: ask()) == [None] * 8
    assert count(PasswordReset) == 3
    assert len(tokens()) == 3


def test_an_address_without_an_account_gets_no_mail_and_costs_the_same_work(ann, shift_clock):
    """A mail is written and undone, and a job asked for: the answer's time tells nothing."""
    redis = queue.redis_connection()
    for email in ("nobody@example.com", "not an address", ""):
        before = redis.llen("rq:queue:default")
        assert ask(email) is None
        assert redis.llen("rq:queue:default") == before + 1
    assert count(Delivery) == count(PasswordReset) == 0


def test_junk_is_no_link(ann):
    ask()
    for token in ("", "mvp_", "mvp_" + "x" * 42, ids.new_token("mvp"), ids.new_token("mvi")):
        with pytest.raises(NotFound):
            password_resets.by_token(token, SECRET)


def test_a_change_needs_the_present_password_and_keeps_this_browser_alone(ann):
    here, there = sign_ins.start(ann, SECRET), sign_ins.start(ann, SECRET)
    this = sign_ins.find(here, SECRET).id
    ask()
    for present, new, field in ((PASSWORD + "x", NEW, "present"), (PASSWORD, "short", "")):
        with pytest.raises(Invalid) as refused:
            passwords.change(ann, present, new, this)
        assert refused.value.field == field
    assert sign_ins.find(there, SECRET)
    passwords.change(ann, PASSWORD, NEW, this)
    assert sign_ins.find(here, SECRET)
    assert sign_ins.find(there, SECRET) is None
    assert knows(NEW)
    with pytest.raises(NotFound):
        use(tokens()[0])
    assert "on your account page" in emails_to(ANN, "password_changed")[0]


@on_both_databases
def test_of_changes_at_once_one_holds(ann):
    person_id = ann.id
    outcomes = at_once(
        4,
        lambda number: passwords.change(people.by_id(person_id), PASSWORD, f"{NEW} {number}", ""),
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert len(emails_to(ANN, "password_changed")) == 1
