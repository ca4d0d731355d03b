"""The audit log's page: lines as sentences, filtered and paged; the chain's state; the file; the command."""

import csv
import io
import re
from datetime import timedelta

import pytest

from core import clock
from core.accounts import audit, workspaces
from core.accounts.actor import MEVICHAT, Actor
from core.db import session, transaction
from tests.core.accounts.test_audit import tamper
from tests.databases import on_both_databases
from tests.threads import at_once
from web.console.audit import views as audit_log
from web.csv_export import cell

RITA = Actor("Rita", "192.0.2.7", "psn_rita")
URL = "/w/acme/audit-log"


def write(workspace, count=1, action="key.tested", actor=RITA, subject="anthropic", **details):
    for number in range(count):
        with transaction() as current:
            audit.record(current, workspace.id, actor, action, subject, turn=number, **details)


def numbers_in(page) -> int:
    """How many lines the page shows."""
    return page.text.count('<th scope="row">')


def rows_of(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_line_says_who_did_what_from_where_and_when(cast, signed_in):
    masks = {"was": "sk-ant-api03-••••••••7xA2", "now": "sk-ant-api03-••••••••Qm31"}
    write(cast.workspace, action="key.replaced", **masks)
    for who in ("owner", "billing"):
        page = signed_in(who).get(URL).text
        assert "<b>Rita</b> replaced the Anthropic key, was …7xA2, now …Qm31" in page
        assert "192.0.2.7" in page
        assert re.search(r"\d{2}:\d{2}:\d{2} UTC", page)
        assert page.index("replaced the Anthropic key") < page.index("created this workspace")


def test_only_those_who_may_read_it_are_led_there(cast, signed_in):
    for who, led in (("owner", True), ("billing", True), ("admin", False), ("member", False)):
        assert (f'href="{URL}"' in signed_in(who).get("/w/acme").text) is led


FILTERED = [
    ("kind=plan", {"plan.changed"}),
    ("kind=workspace", {"workspace.created"}),
    ("kind=key", {"key.tested", "key.invalidated"}),
    ("who=Rita", {"key.tested"}),
    ("kind=key&who=Mevichat", {"key.invalidated"}),
    ("kind=bot", set()),
    ("who=Nobody", set()),
    ("from=2026-01-01", {"workspace.created", "plan.changed", "key.tested", "key.invalidated"}),
    ("kind=keys'--&from=tomorrow&to=2026-99-99&before=x", {
        "workspace.created", "plan.changed", "key.tested", "key.invalidated",
    }),
    ("to=9999-12-31&before=1234567890123", {
        "workspace.created", "plan.changed", "key.tested", "key.invalidated",
    }),
    ("from=9999-12-31", set()),
    ("to=0001-01-01", set()),
]  # fmt: skip


@pytest.mark.parametrize(("query", "actions"), FILTERED)
def test_the_address_says_which_lines_are_shown_on_the_page_and_in_the_file(
    cast, signed_in, query, actions
):
    write(cast.workspace)
    write(cast.workspace, action="key.invalidated", actor=MEVICHAT, reason="rejected")
    owner = signed_in("owner")
    file = rows_of(owner.get(f"{URL}/lines?{query}"))
    assert {row["action"] for row in file} == actions
    for htmx in (False, True):
        page = owner.get(f"{URL}?{query}", htmx=htmx)
        assert numbers_in(page) == len(file)
        assert ("No results" in page.text) is (not actions)


def test_the_days_of_the_filter_are_whole_days_in_utc(cast, signed_in, shift_clock):
    write(cast.workspace, action="key.enabled")
    today = clock.today()
    shift_clock(timedelta(days=1))
    write(cast.workspace, action="key.disabled")
    shift_clock(timedelta())
    owner = signed_in("owner")
    for query, shown in (
        (f"to={today}", {"key.enabled"}),
        (f"from={today + timedelta(days=1)}", {"key.disabled"}),
        (f"from={today}&to={today + timedelta(days=1)}", {"key.enabled", "key.disabled"}),
        (f"from={today + timedelta(days=2)}", set()),
        (f"to={today - timedelta(days=1)}", set()),
    ):
        file = rows_of(owner.get(f"{URL}/lines?kind=key&{query}"))
        assert {row["action"] for row in file} == shown, query


@pytest.mark.parametrize(("count", "pages"), [(49, [49]), (50, [50]), (51, [50, 1]), (0, [0])])
def test_older_lines_are_behind_a_link(cast, signed_in, count, pages):
    write(cast.workspace, count)
    owner, url, shown = signed_in("owner"), f"{URL}?kind=key", []
    while url:
        page = owner.get(url)
        shown.append(numbers_in(page))
        older = re.search(r'rel="next" href="([^"]+)"', page.text)
        url = older and older[1].replace("&amp;", "&")
        assert ("Newest" in page.text) is (len(shown) > 1)
    assert shown == pages


def test_the_file_has_every_line_once_with_exact_times(cast, signed_in, monkeypatch):
    monkeypatch.setattr(audit_log, "_CSV_AT_A_TIME", 3)
    write(cast.workspace, 7)
    answer = signed_in("billing").get(f"{URL}/lines")
    assert answer.mimetype == "text/csv"
    assert 'filename="acme-audit-log.csv"' in answer.headers["Content-Disposition"]
    rows, lines = rows_of(answer), audit.lines_of(cast.workspace.id)
    assert [row["number"] for row in rows] == [str(line.number) for line in lines]
    assert rows[0]["at"] == lines[0].at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert rows[0]["what"] == "Rita tested the Anthropic key"
    assert (rows[0]["from"], rows[0]["details"]) == ("192.0.2.7", '{"turn": 6}')


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_the_file_holds_nothing_that_a_spreadsheet_would_run(cast, signed_in, start):
    attack = f"{start}HYPERLINK(1)"
    write(cast.workspace, actor=Actor(attack, attack), subject=attack, action="key.tested")
    newest = rows_of(signed_in("owner").get(f"{URL}/lines?kind=key"))[0]
    assert [newest[name][:2] for name in ("from", "subject", "what")] == [f"'{start}"] * 3
    assert cell(f"a{start}") == f"a{start}"


def test_the_page_says_that_the_chain_is_whole(cast, signed_in):
    write(cast.workspace, 3)
    count = audit.count_of(cast.workspace.id)
    page = signed_in("owner").get(URL).text
    assert f"Log integrity verified ({count} entries)." in page
    assert "Checked" in page


def test_the_page_says_what_is_wrong_with_the_chain(cast, signed_in):
    write(cast.workspace, 3)
    tamper("UPDATE audit_lines SET actor = 'Bob' WHERE number = 4")
    page = signed_in("owner").get(URL).text
    assert "Line 4 or an earlier line was altered" in page
    assert "Log integrity verified" not in page


def test_a_long_chain_is_checked_when_somebody_asks_for_it(cast, signed_in, monkeypatch):
    write(cast.workspace, 3)
    count, owner = audit.count_of(cast.workspace.id), signed_in("owner")
    for limit, checked in ((count + 1, True), (count, True), (count - 1, False)):
        monkeypatch.setattr(audit_log, "MAX_VERIFIED_LINES", limit)
        assert ("Log integrity verified" in owner.get(URL).text) is checked, limit
    page = owner.get(URL)
    assert f"{count} entries." in page.text
    check_link = re.search(r'href="([^"]+chain=checked[^"]*)"', page.text)[1]
    for htmx in (False, True):
        assert "Log integrity verified" in owner.get(check_link, htmx=htmx).text


def test_a_piece_with_other_lines_does_not_read_the_chain_again(cast, signed_in):
    write(cast.workspace)
    assert "Log integrity verified" not in signed_in("owner").get(f"{URL}?kind=key", htmx=True).text


@on_both_databases
def test_lines_that_are_added_while_the_chain_is_read_are_no_reason_to_doubt_it(cast):
    write(cast.workspace, 20)

    def act(number: int):
        if number % 2:
            return write(cast.workspace, 10)
        return [audit.verify(cast.workspace.id).problem for _ in range(10)]

    outcomes = at_once(8, act)
    assert [report for report in outcomes if report not in (None, [""] * 10)] == []


# The operator's command


@pytest.fixture
def flask(app):
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=list(words))


def test_audit_verify_says_of_each_workspace_whether_its_log_is_whole(cast, flask):
    count = audit.count_of(cast.workspace.id)
    result = flask("audit", "verify")
    assert result.exit_code == 0
    report = result.stdout.splitlines()
    assert f"acme {count} ok" in report
    assert len(report) == len(workspaces.all_workspaces())
    assert flask("audit", "verify", "acme").stdout == f"acme {count} ok\n"
    unknown = flask("audit", "verify", "nothing")
    assert unknown.exit_code == 1
    assert "There’s no workspace “nothing”" in unknown.stderr


@on_both_databases
def test_audit_verify_finds_what_was_removed_and_ends_with_1(cast, flask):
    write(cast.workspace, 3)
    tamper("DELETE FROM audit_lines WHERE number = 4")
    session().commit()
    result = flask("audit", "verify")
    assert result.exit_code == 1
    assert "acme 4 Line 4 is missing. The next one is 5." in result.stdout
    assert "elsewhere 2 ok" in result.stdout
    assert flask("audit", "verify", "elsewhere").exit_code == 0
    assert flask("audit", "verify", "acme").exit_code == 1
