"""Two-factor authentication: each code works once, by the shared clock, and so does each recovery code."""

import base64
import re
from datetime import timedelta

import pyotp
import pytest

from core import clock
from core.accounts import people, two_factor
from core.accounts.models import Person, RecoveryCode
from core.db import session, transaction
from core.errors import Conflict, Invalid, Unreadable
from tests.databases import on_both_databases
from tests.people import make_person
from tests.postbox import emails_to
from tests.threads import at_once

SECRET = "a secret of the tests"
STEP = timedelta(seconds=30)


@pytest.fixture
def later(shift_clock):
    """`later(10)`: that many steps later, near the beginning of one, so that none ends in mid-test."""
    to_the_next = STEP - timedelta(seconds=clock.now().timestamp() % 30)
    return lambda steps: shift_clock(to_the_next + STEP * steps)


@pytest.fixture
def ann(app, later):
    later(0)
    return make_person("ann")


def fresh(person) -> Person:
    session().commit()
    session().expire_all()
    return people.by_id(person.id)


def code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now() + STEP * steps)


def accepts(person, text) -> bool:
    return two_factor.accepts(fresh(person), text, SECRET)


def switched_on(person) -> tuple[str, list[str]]:
    """The app's secret and the recovery codes."""
    two_factor.begin(person)
    secret = two_factor.secret_to_confirm(fresh(person))
    return secret, two_factor.confirm(fresh(person), code(secret), SECRET)


def test_the_algorithm_is_rfc_6238s():
    """Appendix B, SHA-1, its last six digits."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    for seconds, right in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert pyotp.TOTP(secret).generate_otp(seconds // two_factor.STEP_SECONDS) == right


def test_it_is_on_once_a_code_was_confirmed(ann):
    two_factor.begin(ann)
    secret = two_factor.secret_to_confirm(fresh(ann))
    assert not fresh(ann).has_two_factor
    assert secret not in fresh(ann).totp_sealed
    assert f"secret={secret}" in two_factor.provisioning_uri(ann, secret)
    for wrong in ("", "000000", "12345", code(secret, 5), code(secret) + "0"):
        with pytest.raises(Invalid, match="wrong or expired"):
            two_factor.confirm(fresh(ann), wrong, SECRET)
    codes = two_factor.confirm(fresh(ann), f" {code(secret)[:3]} {code(secret)[3:]} ", SECRET)
    assert fresh(ann).has_two_factor
    assert two_factor.secret_to_confirm(fresh(ann)) == ""
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[2-9a-z]{4}-[2-9a-z]{4}", text) for text in codes)
    assert "was enabled" in emails_to("ann@example.com")[0]


def test_while_it_is_on_it_cannot_be_begun_or_confirmed_again(ann):
    secret, _ = switched_on(ann)
    sealed = fresh(ann).totp_sealed
    with pytest.raises(Conflict):
        two_factor.begin(ann)
    with pytest.raises(Invalid):
        two_factor.confirm(fresh(ann), code(secret, 1), SECRET)
    assert fresh(ann).totp_sealed == sealed


def test_the_code_that_switched_it_on_does_not_sign_in(ann):
    secret, _ = switched_on(ann)
    assert not accepts(ann, code(secret))


@pytest.mark.parametrize(
    ("off", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_clock_may_differ_by_one_step(ann, later, off, right):
    secret, _ = switched_on(ann)
    later(10)
    assert accepts(ann, code(secret, off)) == right


def test_a_code_counts_once_and_none_before_it_counts_after(ann, later):
    secret, _ = switched_on(ann)
    later(10)
    assert accepts(ann, code(secret))
    assert not accepts(ann, code(secret))
    assert not accepts(ann, code(secret, -1))
    assert accepts(ann, code(secret, 1))


@on_both_databases
def test_one_code_used_by_many_at_once_counts_once(ann, later):
    secret, codes = switched_on(ann)
    later(10)
    person_id = ann.id
    session().commit()
    for text in (code(secret), codes[0]):
        outcomes = at_once(
            6, lambda _, text=text: two_factor.accepts(people.by_id(person_id), text, SECRET)
        )
        assert sorted(outcomes) == [False] * 5 + [True]


def test_each_recovery_code_counts_once_however_it_is_typed(ann):
    _, codes = switched_on(ann)
    assert accepts(ann, codes[0])
    assert accepts(ann, f" {codes[1].upper().replace('-', ' ')} ")
    assert not accepts(ann, codes[0])
    assert two_factor.recovery_codes_left(ann.id) == 8
    for wrong in ("", "-", "aaaa-aaaa", codes[2] + "a", "x" * 100_000):
        assert not accepts(ann, wrong)


def test_a_recovery_code_is_its_own_persons(ann):
    bob = make_person("bob")
    _, codes = switched_on(ann)
    switched_on(bob)
    assert not accepts(bob, codes[0])
    assert all(codes[0] not in row.digest for row in session().query(RecoveryCode))


def test_new_recovery_codes_end_the_old_ones(ann):
    _, old = switched_on(ann)
    new = two_factor.new_recovery_codes(fresh(ann), SECRET)
    assert not set(old) & set(new)
    assert not accepts(ann, old[0])
    assert accepts(ann, new[0])
    assert "given new recovery codes" in emails_to("ann@example.com")[1]


def test_switched_off_nothing_of_it_is_left(ann):
    secret, codes = switched_on(ann)
    two_factor.disable(fresh(ann))
    now = fresh(ann)
    assert (now.totp_sealed, now.totp_since, now.totp_last_step) == ("", None, 0)
    assert two_factor.recovery_codes_left(ann.id) == 0
    assert not accepts(ann, codes[0])
    with pytest.raises(Conflict, match="is disabled"):
        two_factor.disable(fresh(ann))
    with pytest.raises(Conflict, match="is disabled"):
        two_factor.new_recovery_codes(fresh(ann), SECRET)
    assert "was disabled" in emails_to("ann@example.com")[1]
    assert switched_on(ann)[0] != secret


def test_a_secret_that_nobody_can_read_leaves_the_recovery_codes(ann):
    secret, codes = switched_on(ann)
    with transaction() as current:
        current.get(Person, ann.id).totp_sealed = "gone"
    with pytest.raises(Unreadable, match="Use a recovery code, or ask your administrator"):
        accepts(ann, code(secret, 1))
    assert accepts(ann, codes[0])


def test_one_persons_secret_does_not_open_for_another(ann):
    bob = make_person("bob")
    secret, _ = switched_on(ann)
    with transaction() as current:
        row = current.get(Person, bob.id)
        row.totp_sealed, row.totp_since = fresh_sealed(ann), clock.now()
    with pytest.raises(Unreadable):
        accepts(bob, code(secret, 1))


def fresh_sealed(person) -> str:
    return session().get(Person, person.id).totp_sealed
