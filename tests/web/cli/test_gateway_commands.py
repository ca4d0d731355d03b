"""The operator's commands for balances and tokens: what goes out is for scripts, what is wrong is told."""

from datetime import timedelta

import pytest

from core import clock
from core.accounts.audit import lines_of
from core.db import session
from core.errors import BadToken
from core.gateway import access, tokens
from core.gateway.billing import balance
from core.gateway.models import TOP_UP
from tests.web.people.test_accounts import fails, flask  # noqa: F401
from web.console.audit import prose as audit_prose


def row(cast):
    session().expire_all()
    return tokens.of_workspace(cast.workspace.id)[0]


def test_money_is_added_exactly_and_the_new_balance_printed(cast, flask):  # noqa: F811
    assert flask("balance", "show", "acme").stdout == "0.000000\n"
    assert flask("balance", "add", "acme", "12.5").stdout == "12.500000\n"
    again = flask("balance", "add", "acme", "0.000001", "--note", "invoice 7")
    assert (again.exit_code, again.stdout) == (0, "12.500001\n")
    assert flask("balance", "show", "acme").stdout == "12.500001\n"
    assert balance.balance_of(cast.elsewhere.id) == 0
    made = [
        (entry.kind, entry.microusd, entry.note) for entry in balance.entries(cast.workspace.id)
    ]
    assert sorted(made) == [(TOP_UP, 1, "invoice 7"), (TOP_UP, 12_500_000, "")]


def test_what_is_owed_is_shown_and_paid_from_the_next_top_up(cast, flask):  # noqa: F811
    flask("balance", "add", "acme", "1")
    balance.hold(cast.workspace.id, "req_1", 1_000_000)
    balance.settle("req_1", 1_250_000)
    owed = "0.000000\nowed 0.250000: requests get status 402 until it is paid\n"
    assert flask("balance", "show", "acme").stdout == owed
    assert flask("balance", "add", "acme", "0.3").stdout == "0.050000\n"


def test_a_top_up_has_its_sentence_in_the_audit_log(cast, flask):  # noqa: F811
    flask("balance", "add", "acme", "12.5")
    line = lines_of(cast.workspace.id)[0]
    assert (line.action, line.actor) == ("balance.added", "The operator")
    assert audit_prose.what(line) == "added 12.500000 US dollars to the balance"


@pytest.mark.parametrize(
    "usd", ["0", "0.000000", "1000000.000001", "1e3", "$5", "nan", "5,00", "", "١"]
)
def test_what_is_no_amount_adds_nothing(cast, flask, usd):  # noqa: F811
    fails(flask("balance", "add", "acme", usd), "Enter an amount")
    assert balance.sums(cast.workspace.id) == (0, 0, 0)


def test_a_negative_amount_adds_nothing(cast, flask):  # noqa: F811
    fails(flask("balance", "add", "acme", "--", "-5"), "Enter an amount")
    assert flask("balance", "add", "acme", "-5").exit_code == 2
    assert balance.sums(cast.workspace.id) == (0, 0, 0)


@pytest.mark.parametrize("words", [("add", "nothing", "5"), ("show", "nothing")])
def test_a_balance_is_a_workspaces(cast, flask, words):  # noqa: F811
    fails(flask("balance", *words), "There’s no workspace “nothing”")


def test_a_token_goes_out_alone_and_opens_the_gateway(app, cast, flask):  # noqa: F811
    made = flask("tokens", "create", "acme", "member@example.com", "--name", "aider")
    assert made.exit_code == 0 and made.stderr == ""
    text = made.stdout.removesuffix("\n")
    assert text.startswith("mvg_") and len(text.split()) == 1
    caller = access.authenticate([text], app.config["SECRET_KEY"])
    assert (caller.workspace_id, caller.person_id) == (cast.workspace.id, cast.member.id)
    assert row(cast).expires_at is None


@pytest.mark.parametrize(("later", "opens"), [(-60, True), (60, False)])
def test_a_token_of_so_many_days_ends_after_them(app, cast, flask, shift_clock, later, opens):  # noqa: F811
    words = ("tokens", "create", "acme", "member@example.com", "--name", "aider", "--days", "30")
    text = flask(*words).stdout.strip()
    shift_clock(timedelta(days=30, seconds=later))
    assert tokens.is_live(row(cast)) == opens
    if not opens:
        with pytest.raises(BadToken):
            access.authenticate([text], app.config["SECRET_KEY"])


@pytest.mark.parametrize(
    ("slug", "email", "name", "says"),
    [
        ("nothing", "member@example.com", "aider", "There’s no workspace"),
        ("acme", "stranger@example.com", "aider", "is not in this workspace"),
        ("acme", "nobody@example.com", "aider", "nobody@example.com"),
        ("acme", "member@example.com", " ", "Give the token a name"),
    ],
)
def test_a_token_is_a_members(cast, flask, slug, email, name, says):  # noqa: F811
    fails(flask("tokens", "create", slug, email, "--name", name), says)
    assert tokens.of_workspace(cast.workspace.id) == []


@pytest.mark.parametrize(("days", "code"), [("0", 2), ("1", 0), ("3650", 0), ("3651", 2), ("x", 2)])
def test_a_token_works_for_whole_days_up_to_ten_years(cast, flask, days, code):  # noqa: F811
    words = ("tokens", "create", "acme", "member@example.com", "--name", "a", "--days", days)
    assert flask(*words).exit_code == code
    assert len(tokens.of_workspace(cast.workspace.id)) == (code == 0)


def test_the_list_never_shows_a_token_and_its_ids_can_be_revoked(cast, flask, shift_clock):  # noqa: F811
    made = {}
    for name, days in (("aider", ()), ("Claude Code", ("--days", "2"))):
        words = ("tokens", "create", "acme", "member@example.com", "--name", name, *days)
        made[name] = flask(*words).stdout.strip()
    listed = flask("tokens", "list", "acme").stdout
    assert not any(text in listed for text in made.values())
    until = (clock.now() + timedelta(days=2)).date()
    rows = {line.split(" ", 4)[4]: line.split(" ", 4) for line in listed.splitlines()}
    assert rows["aider"][1:4] == [made["aider"][-4:], "member@example.com", "works"]
    assert rows["Claude Code"][3] == f"until-{until}"
    assert flask("tokens", "revoke", "acme", rows["aider"][0]).stdout == ""
    session().expire_all()
    shift_clock(timedelta(days=3))
    states = {line.split(" ", 4)[4]: line.split(" ", 4)[3] for line in _lines(flask)}
    assert states == {"aider": "revoked", "Claude Code": "expired"}
    fails(flask("tokens", "revoke", "acme", rows["aider"][0]), "This token no longer works")


def _lines(flask):  # noqa: F811
    return flask("tokens", "list", "acme").stdout.splitlines()


def test_a_token_of_another_workspace_is_not_there(cast, flask):  # noqa: F811
    flask("tokens", "create", "acme", "member@example.com", "--name", "aider")
    fails(flask("tokens", "revoke", "elsewhere", row(cast).id), "This workspace has no such token")
    assert tokens.is_live(row(cast))
    assert flask("tokens", "list", "elsewhere").stdout == ""


@pytest.mark.parametrize(("kind", "there"), [("balance", True), ("token", False)])
def test_the_audit_log_can_be_narrowed_to_what_was_added(cast, flask, signed_in, kind, there):  # noqa: F811
    flask("balance", "add", "acme", "12.5")
    page = signed_in("owner").get(f"/w/acme/audit-log?kind={kind}").text
    assert f'<option value="{kind}" selected>' in page
    assert ("added 12.500000 US dollars to the balance" in page) == there
