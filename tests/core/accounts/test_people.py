"""Accounts and workspaces: the rules of passwords, addresses and names, on both databases."""

from datetime import timedelta

import pytest

from core.accounts import audit, people, sign_ins, workspaces
from core.accounts.actor import OPERATOR
from core.accounts.models import Person, SignIn
from core.db import session
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_token
from core.plans import PLANS
from tests.databases import on_both_databases
from tests.people import PASSWORD, make_person, make_workspace
from tests.threads import at_once

SECRET = "a secret of the tests"


@pytest.mark.parametrize(
    ("length", "good"), [(0, False), (11, False), (12, True), (200, True), (201, False)]
)
def test_a_password_has_12_to_200_characters(app, length, good):
    if good:
        assert people.sign_up("ann@example.com", "é" * length)
        assert people.authenticate("ann@example.com", "é" * length)
        return
    with pytest.raises(Invalid, match="12 to 200"):
        people.sign_up("ann@example.com", "é" * length)


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "@example.com", "a@b@example.com", "ann@nodot", "a\n@example.com"]
)
def test_an_address_that_cannot_be_one_is_refused(app, email):
    with pytest.raises(Invalid, match="email address isn’t valid"):
        people.sign_up(email, PASSWORD)


def test_a_password_is_kept_as_a_hash(app):
    person = make_person("ann")
    assert person.password_hash.startswith("$argon2id$")
    assert PASSWORD not in person.password_hash


@pytest.mark.parametrize("email", ["ann@example.com", " Ann@Example.COM\n", "ANN@EXAMPLE.COM"])
def test_an_address_is_the_same_in_any_case(app, email):
    made = make_person("ann")
    assert people.authenticate(email, PASSWORD).id == made.id
    with pytest.raises(Conflict, match="already an account"):
        people.sign_up(email, PASSWORD)


def test_a_wrong_password_and_an_unknown_address_are_the_same_no(app):
    make_person("ann")
    assert people.authenticate("ann@example.com", PASSWORD + "x") is None
    assert people.authenticate("ann@example.com", "") is None
    assert people.authenticate("nobody@example.com", PASSWORD) is None
    assert people.authenticate("", PASSWORD) is None


def test_everybody_gets_a_personal_workspace_of_their_own(app):
    ann = people.sign_up("ann@example.com", PASSWORD, "Ann")
    (mine,) = workspaces.memberships_of(ann.id)
    assert (mine.workspace.kind, mine.role_name) == ("personal", "Owner")
    assert mine.workspace.name == "Ann’s workspace"
    assert people.sign_up("bob.b@example.com", PASSWORD).name == "bob.b"


@pytest.mark.parametrize(
    ("by", "expected"), [(None, ("Ann", "192.0.2.1")), (OPERATOR, ("The operator", "command line"))]
)
def test_the_audit_log_of_a_personal_workspace_begins_with_who_made_it(app, by, expected):
    ann = people.sign_up("ann@example.com", PASSWORD, "Ann", origin="192.0.2.1", by=by)
    (mine,) = workspaces.memberships_of(ann.id)
    (line,) = audit.lines_of(mine.workspace_id)
    assert (line.actor, line.origin, line.actor_id) == (*expected, "" if by else ann.id)
    assert (line.action, line.subject) == ("workspace.created", mine.workspace.slug)
    assert line.details == {"name": "Ann’s workspace", "plan": "personal"}
    assert not audit.verify(mine.workspace_id).problem


@on_both_databases
def test_one_address_signed_up_by_many_at_once_is_one_account(app):
    """As a double click on the button does."""
    outcomes = _at_once(8, lambda _: people.sign_up("ann@example.com", PASSWORD))
    assert sorted(outcomes) == ["Conflict"] * 7 + ["Person"]
    assert session().query(Person).count() == 1


@on_both_databases
def test_one_name_for_many_workspaces_at_once(app):
    ann = make_person("ann")
    outcomes = _at_once(8, lambda _: workspaces.create_organization(ann, "Acme", OPERATOR))
    assert outcomes == ["Workspace"] * 8
    session().commit()
    assert len({row.workspace.slug for row in workspaces.memberships_of(ann.id)}) == 9


def _at_once(count: int, act) -> list[str]:
    """What each of `count` threads got, by name."""
    return [type(outcome).__name__ for outcome in at_once(count, act)]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Acme", "acme"),
        ("Ünïcödé & Söhne", "unicode-sohne"),
        ("名前", "workspace"),
        ("--", "workspace"),
        ("A" * 80, "a" * 40),
    ],
)
def test_a_workspaces_address_is_made_of_its_name(app, name, slug):
    assert make_workspace(make_person("ann"), name, "pro").slug == slug


@pytest.mark.parametrize(
    ("name", "good"), [("", False), ("  \n", False), ("x" * 80, True), ("x" * 81, False)]
)
def test_a_workspaces_name_has_1_to_80_characters(app, name, good):
    if good:
        assert workspaces.create_organization(make_person("ann"), name, OPERATOR)
        return
    with pytest.raises(Invalid, match="1 to 80"):
        workspaces.create_organization(make_person("ann"), name, OPERATOR)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_plan_is_for_workspaces_of_its_kind(app, plan):
    ann = make_person("ann")
    personal = workspaces.memberships_of(ann.id)[0].workspace
    organization = make_workspace(ann, "Acme", "free")
    right, wrong = (personal, organization) if plan.kind == "personal" else (organization, personal)
    workspaces.set_plan(right, plan.key, OPERATOR)
    assert workspaces.by_slug(right.slug).plan == plan
    with pytest.raises(Invalid, match="plan is for"):
        workspaces.set_plan(wrong, plan.key, OPERATOR)


def test_what_becomes_of_a_workspace_is_in_its_audit_log_and_what_changes_nothing_is_not(app):
    ann = make_person("ann")
    acme = workspaces.create_organization(ann, "Acme", OPERATOR)
    for _ in range(2):
        workspaces.rename(acme, "Acme & Sons", OPERATOR)
        workspaces.set_minute_limit(acme, 60, OPERATOR)
        workspaces.set_retention(acme, 30, OPERATOR)
        workspaces.set_plan(acme, "pro", OPERATOR)
    lines = [(line.action, line.details) for line in reversed(audit.lines_of(acme.id))]
    assert lines == [
        ("workspace.created", {"name": "Acme", "plan": "free"}),
        ("workspace.renamed", {"was": "Acme", "now": "Acme & Sons"}),
        ("workspace.minute_limit_set", {"was": 0, "now": 60}),
        ("workspace.retention_changed", {"was": 0, "now": 30}),
        ("plan.changed", {"was": "free", "now": "pro"}),
    ]


def test_an_unknown_plan_is_refused_with_those_there_are(app):
    with pytest.raises(Invalid, match="personal, free, pro, scale"):
        workspaces.set_plan(make_workspace(make_person("ann"), "Acme", "free"), "gold", OPERATOR)


def test_a_stranger_finds_no_workspace(cast):
    for slug in ("acme", "no-such-workspace", ""):
        with pytest.raises(NotFound):
            workspaces.membership(cast.stranger.id, slug)


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (timedelta(), True),
        (sign_ins.IDLE - timedelta(seconds=5), True),
        (sign_ins.IDLE + timedelta(seconds=5), False),
    ],
)
def test_a_sign_in_that_is_not_used_is_over_after_14_days(app, shift_clock, after, found):
    token = sign_ins.start(make_person("ann"), SECRET)
    shift_clock(after)
    assert bool(sign_ins.find(token, SECRET)) == found


def test_a_sign_in_in_daily_use_is_over_after_30_days(app, shift_clock):
    token = sign_ins.start(make_person("ann"), SECRET)
    for day in range(30):
        shift_clock(timedelta(days=day))
        session().expire_all()
        sign_in = sign_ins.find(token, SECRET)
        assert sign_in, day
        sign_ins.record_seen(sign_in)
    shift_clock(sign_ins.MAX_AGE + timedelta(seconds=5))
    assert sign_ins.find(token, SECRET) is None


def test_a_sign_in_is_noted_as_seen_every_five_minutes_at_most(app, shift_clock):
    token = sign_ins.start(make_person("ann"), SECRET)
    first = sign_ins.find(token, SECRET).seen_at
    for seconds, noted in ((299, False), (301, True)):
        shift_clock(timedelta(seconds=seconds))
        sign_ins.record_seen(sign_ins.find(token, SECRET))
        session().expire_all()
        assert (sign_ins.find(token, SECRET).seen_at > first) == noted


def test_a_token_is_kept_as_a_digest_that_another_secret_does_not_find(app):
    token = sign_ins.start(make_person("ann"), SECRET)
    row = session().query(SignIn).one()
    assert token not in (row.id, row.token_digest, row.user_agent)
    assert sign_ins.find(token, "another secret") is None
    assert sign_ins.find(new_token("mvs"), SECRET) is None
    assert sign_ins.find(token[:-1], SECRET) is None
    assert sign_ins.find("", SECRET) is None


def test_an_ended_sign_in_stays_ended(app, shift_clock):
    token = sign_ins.start(make_person("ann"), SECRET)
    sign_in = sign_ins.find(token, SECRET)
    sign_ins.end(sign_in.id)
    assert sign_ins.find(token, SECRET) is None
    session().refresh(sign_in)
    ended_at = sign_in.ended_at
    shift_clock(timedelta(minutes=1))
    sign_ins.end(sign_in.id)
    session().refresh(sign_in)
    assert sign_in.ended_at == ended_at
