"""Plan and balance: what is left, what it is for, the ledger page by page and as a file."""

import csv
import io
import re
from datetime import timedelta

import pytest

from core import clock
from core.accounts.actor import OPERATOR
from core.gateway.billing import balance
from tests.core.usage.test_reading import use
from tests.people import INSIDERS
from web.console.plan import balance as page_of_balance

URL = "/w/acme/balance"


@pytest.fixture
def charged(cast):
    """Ten dollars came, $1.2345 went, and half a dollar is held."""
    balance.top_up(cast.workspace.id, 10_000_000, "=Invoice 7", OPERATOR)
    balance.hold(cast.workspace.id, "req_1", 2_000_000)
    balance.settle("req_1", 1_234_500)
    balance.hold(cast.workspace.id, "req_2", 500_000)
    return cast.workspace


@pytest.mark.parametrize("who", INSIDERS)
def test_everybody_sees_what_is_left_what_is_held_and_what_it_is_for(charged, signed_in, who):
    browser = signed_in(who)
    assert ">$8.2655</b>" in browser.get("/w/acme/plan").text
    page = browser.get(URL).text
    assert ">$8.2655</b>" in page and "$0.50 on hold" in page
    assert "Never for requests served by your own keys" in page
    assert "bin/flask balance add acme 25" in page
    assert [" ".join(cell.split()) for cell in re.findall(r'nowrap">([^<]*\$[^<]*)<', page)] == [
        "−$1.2345",
        "$10.00",
    ]


def test_another_workspaces_balance_is_not_told(charged, signed_in):
    stranger = signed_in("stranger")
    assert stranger.get(URL).status_code == 404
    assert stranger.get(f"{URL}/ledger").status_code == 404
    entry = balance.entries(charged.id)[0]
    assert "req_1" not in stranger.get(f"/w/elsewhere/balance?before={entry.id}").text


def test_without_a_line_the_page_says_what_will_be_there(cast, signed_in):
    page = signed_in("member").get(URL).text
    assert ">$0.00</b>" in page and "No entries yet" in page and "on hold for" not in page


def test_what_is_owed_is_shown_until_a_top_up_pays_it(charged, signed_in):
    balance.settle("req_2", 9_000_000)
    owner = signed_in("owner")
    assert "$0.2345 is owed" in owner.get("/w/acme/plan").text
    assert "$0.2345 is owed" in owner.get(URL).text
    balance.top_up(charged.id, 1_000_000, "", OPERATOR)
    page = owner.get(URL).text
    assert "is owed for" not in page and "Amount owed for earlier requests" in page
    assert ">$0.7655</b>" in page


@pytest.mark.parametrize(("lines", "pages"), [(2, [2]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_the_ledger_is_leafed_through(cast, signed_in, monkeypatch, lines, pages):
    monkeypatch.setattr(page_of_balance, "PAGE", 3)
    for number in range(lines):
        balance.top_up(cast.workspace.id, 1 + number, f"Number {number}.", OPERATOR)
    browser, url, seen = signed_in("owner"), URL, []
    while url:
        page = browser.get(url).text
        seen.append(re.findall(r"Number \d+\.", page))
        older = re.search(r'rel="next" href="([^"]+)"', page)
        url = older and older[1]
    assert [len(found) for found in seen] == pages
    assert len({name for found in seen for name in found}) == lines


@pytest.mark.parametrize("before", ["led_none", "", "x" * 500, "\x00"])
def test_a_place_in_the_ledger_that_is_none_is_its_beginning(charged, signed_in, before):
    page = signed_in("owner").client.get(URL, query_string={"before": before})
    assert page.status_code == 200 and "Invoice 7" in page.text


def test_the_file_has_every_entry_exactly_and_runs_nothing(charged, signed_in, monkeypatch):
    monkeypatch.setattr(page_of_balance, "_AT_A_TIME", 1)
    answer = signed_in("billing").get(f"{URL}/ledger")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    entries = [(row["kind"], row["usd"], row["request_id"], row["note"]) for row in rows]
    assert entries == [
        ("charge", "-1.234500", "req_1", ""),
        ("top_up", "10.000000", "", "'=Invoice 7"),
    ]


def test_use_says_what_was_billed_by_us_and_in_the_file_line_by_line(cast, signed_in):
    today = clock.today()
    use(cast.workspace, today, bot="", answered=1, billed_microusd=1_050)
    use(cast.workspace, today - timedelta(days=1), bot="", answered=1, billed_microusd=2_000_000)
    owner = signed_in("owner")
    period = f"from={today - timedelta(days=1)}&to={today}"
    page = owner.get(f"/w/acme/usage?{period}").text
    assert "Billed by us: $2.00105." in page and f'href="{URL}"' in page
    assert ">Gateway</span>" in page
    rows = csv.DictReader(io.StringIO(owner.get(f"/w/acme/usage/days?{period}").text))
    assert [row["billed_usd"] for row in rows] == ["2.000000", "0.001050"]
    assert "Billed by us: $0.00105." in owner.get(f"/w/acme/usage?from={today}&to={today}").text
