"""The usage page: the same numbers in chart, tables and file, for any stretch of days."""

import csv
import io
import re
from datetime import date, timedelta

import pytest

from core import clock
from core.accounts.actor import OPERATOR
from core.bots import deletion as bot_deletion
from tests.bot_client import make_bot, make_key
from tests.core.usage.test_reading import GPT, HAIKU, use
from tests.people import INSIDERS


@pytest.fixture
def owner(app, cast, signed_in):
    return signed_in("owner")


def rows_of(page: str) -> dict[str, list[str]]:
    """The table of totals: by name the numbers of each line, as text."""
    body = page[page.index('class="rows use"') :]
    found = {}
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body[: body.index("</table>")], re.DOTALL):
        cells = [
            " ".join(re.sub(r"<[^>]+>", " ", c.replace(",", "")).split())
            for c in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        found[cells[0]] = cells[1:]
    return found  # fmt: skip


def file_of(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def move_to(day: date) -> None:
    clock.shift(timedelta())
    clock.shift(timedelta(days=(day - clock.today()).days))


@pytest.mark.parametrize("who", INSIDERS)
def test_everybody_in_the_workspace_reads_it(app, cast, signed_in, who):
    page = signed_in(who).get("/w/acme/usage")
    assert page.status_code == 200
    assert "No usage in this period" in page.text


def test_numbers_by_bot_with_an_estimate_and_whose_numbers_are_the_truth(cast, owner):
    support, sales = (make_bot(cast.workspace, name=name) for name in ("Support", "Sales"))
    today = clock.today()
    use(
        cast.workspace,
        today,
        bot=support.id,
        answered=3,
        cached=1,
        tokens_in=2_000_000,
        tokens_out=100_000,
    )
    use(cast.workspace, today, bot=sales.id, model=GPT, answered=1, failed=2, tokens_in=10)
    page = owner.get("/w/acme/usage").text
    assert rows_of(page) == {
        "Bot": ["Answered", "Failed", "Tokens in", "Tokens out", "Estimate"],
        "Support": ["3 1 cached", "0", "2000000", "100000", "$2.50"],
        "Sales": ["1", "2", "10", "0", "under $0.0001"],
        "Total": ["4 1 cached", "2", "2000010", "100000", "$2.50"],
    }
    assert "Billed by us: $0.00." in page
    assert "list prices as of 22 Nov 2026" in page
    assert "its dashboard is authoritative" in page


def test_a_model_whose_price_is_not_known_has_a_dash_and_its_name(cast, owner):
    bot = make_bot(cast.workspace)
    use(cast.workspace, clock.today(), bot=bot.id, model="openai:gpt-1", answered=1, tokens_in=5)
    use(cast.workspace, clock.today(), bot=bot.id, answered=1, tokens_in=1_000_000)
    page = owner.get("/w/acme/usage?by=model").text
    assert rows_of(page)["openai:gpt-1"][-1] == "–"
    assert rows_of(page)["Total"][-1] == "at least $1.00"
    assert "There’s no list price for openai:gpt-1." in page


def test_by_provider_and_by_key(cast, owner):
    key, bot = make_key(cast.workspace), make_bot(cast.workspace)
    today = clock.today()
    use(cast.workspace, today, bot=bot.id, key=key.id, answered=1)
    use(cast.workspace, today, bot=bot.id, key="key_0", answered=2)
    use(cast.workspace, today, bot=bot.id, model="mevichat:mini", answered=4)
    by_key = rows_of(owner.get("/w/acme/usage?by=key").text)
    assert [
        by_key[name][0] for name in (f"Anthropic {key.mask}", "Deleted keys", "Without a key")
    ] == ["1", "2", "4"]
    by_provider = rows_of(owner.get("/w/acme/usage?by=provider").text)
    assert (by_provider["Anthropic"][0], by_provider["Mevichat Mini"][0]) == ("3", "4")


def test_a_deleted_bot_stays_in_the_numbers(cast, owner):
    bot = make_bot(cast.workspace)
    use(cast.workspace, clock.today(), bot=bot.id, answered=2)
    bot_deletion.remove(bot, OPERATOR)
    assert rows_of(owner.get("/w/acme/usage").text)["Deleted bots"][0] == "2"


@pytest.mark.parametrize(
    ("query", "answered"),
    [
        ("", 1 + 2),
        ("period=month", 1 + 2),
        ("period=last-month", 4 + 8),
        ("period=30-days", 1 + 2 + 4),
        ("from=2026-10-31&to=2026-11-01", 4 + 2),
        ("from=2026-11-01&to=2026-10-31", 4 + 2),
        ("from=2026-10-01", 1 + 2 + 4 + 8),
        ("to=2026-10-31", 4 + 8),
        ("from=yesterday&to=", 1 + 2),
        ("period=ever", 1 + 2),
    ],
)
def test_days(cast, owner, shift_clock, query, answered):
    bot = make_bot(cast.workspace)
    move_to(date(2026, 11, 15))
    for day, count in (("11-15", 1), ("11-01", 2), ("10-31", 4), ("10-01", 8), ("09-30", 16)):
        use(cast.workspace, date.fromisoformat(f"2026-{day}"), bot=bot.id, answered=count)
    page = owner.get(f"/w/acme/usage?{query}").text
    assert rows_of(page)["Total"][0] == str(answered)


@pytest.mark.parametrize(("days", "cut"), [(365, False), (366, False), (367, True), (9_000, True)])
def test_a_year_is_the_longest_stretch(cast, owner, days, cut):
    use(cast.workspace, clock.today(), answered=1)
    first = clock.today() - timedelta(days=days - 1)
    page = owner.get(f"/w/acme/usage?from={first}&to={clock.today()}").text
    assert ("Showing only the last 366 days of this period" in page) == cut


@pytest.mark.parametrize("days", ["from=9999-12-31&to=9999-01-01", "from=0001-01-01&to=0001-01-02"])
def test_the_ends_of_the_calendar_have_no_use(owner, days):
    assert "No usage in this period" in owner.get(f"/w/acme/usage?{days}").text


@pytest.mark.parametrize(
    ("days", "bars", "unit"), [(1, 1, "daily"), (62, 62, "daily"), (63, 9, "weekly")]
)
def test_a_long_stretch_is_drawn_by_weeks(cast, owner, days, bars, unit):
    first = clock.today() - timedelta(days=days - 1)
    for day in {first, clock.today()}:
        use(cast.workspace, day, answered=1)
    page = owner.get(f"/w/acme/usage?from={first}&to={clock.today()}").text
    assert page.count("<li>\n      <svg") == bars
    assert f"Messages by bot, {unit}</h2>" in page
    assert page.count("<rect data-series") == (1 if days == 1 else 2)


def test_the_chart_and_the_table_under_it_show_what_was_chosen(cast, owner):
    bot = make_bot(cast.workspace)
    use(cast.workspace, clock.today(), bot=bot.id, answered=3, tokens_in=70, tokens_out=7)
    messages, tokens = (
        owner.get(f"/w/acme/usage?show={what}").text for what in ("messages", "tokens")
    )
    assert "Messages by bot, daily" in messages
    assert "Support: 3</span>" in messages
    assert "Support: 77</span>" in tokens


def test_more_than_six_are_told_apart_by_numbers_and_share_one_colour(cast, owner):
    for number in range(9):
        name = f"Bot {number}"
        use(
            cast.workspace,
            clock.today(),
            bot=make_bot(cast.workspace, name=name).id,
            answered=9 - number,
        )
    page = owner.get("/w/acme/usage").text
    assert page.count("<rect data-series") == 7
    assert "All others: 6</span>" in page
    assert len(rows_of(page)) == 11


def test_the_file_has_every_row_with_its_names(cast, owner):
    bot, key = make_bot(cast.workspace, name="=cmd()"), make_key(cast.workspace)
    use(cast.workspace, clock.today(), bot=bot.id, key=key.id, answered=2, tokens_in=1_000_000)
    use(cast.workspace, clock.today(), bot="bot_0", model="openai:gpt-1", failed=1, tokens_in=3)
    answer = owner.get("/w/acme/usage/days")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="acme-usage-')
    first, second = sorted(file_of(answer), key=lambda row: row["answered"])
    assert (first["bot"], first["bot_id"], first["estimate_usd"]) == ("", "bot_0", "")
    assert (second["bot"], second["key"]) == ("'=cmd()", f"Anthropic {key.mask}")
    assert (second["model"], second["estimate_usd"]) == ("Claude Haiku 4.5", "1.000000")
    assert second["model_id"] == HAIKU


def test_a_key_row_shows_the_tokens_of_this_month_from_the_days(cast, owner):
    key = make_key(cast.workspace)
    use(cast.workspace, clock.today(), key=key.id, answered=1, tokens_in=1_200, tokens_out=34)
    assert "1,234" in owner.get("/w/acme/provider-keys").text
