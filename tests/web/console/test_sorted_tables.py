"""Tables that sort: by the address alone, kept by filters and pages, and only by what is listed."""

import re
from datetime import timedelta

import html5lib
import pytest

from core import clock
from core.accounts.actor import Actor
from core.db import session, transaction
from core.gateway import tokens
from core.gateway.models import GatewayRequest
from core.gateway.request_log import search as log_search
from core.knowledge import sources
from core.knowledge.models import FAILED, Source
from core.providers import catalogue
from tests.bot_client import make_bot
from tests.databases import on_both_databases
from tests.many import fill
from web.console.audit import views as audit_log

OWNER = Actor("Owner")
SORTED = (
    "/bots",
    "/gateway/tokens",
    "/knowledge",
    "/gateway/requests",
    "/audit-log",
    "/conversations",
    "/people",
    "/gateway/models",
)
"""Of the workspace: each has a table as soon as there is something in it."""


def names(page) -> list[str]:
    """The first cell of each row."""
    tree = html5lib.parse(page.text, namespaceHTMLElements=False)
    cells = [row.find("th") for row in tree.iter("tr") if row.find("th") is not None]
    rows = [cell for cell in cells if cell.get("scope") == "row"]
    links = (cell.find("a") for cell in rows)
    text = (cell if link is None else link for cell, link in zip(rows, links, strict=True))
    return [node.text or "".join(node.itertext()) for node in text]


def heads(page) -> dict[str, tuple[str, str]]:
    """Each head that sorts: its `aria-sort` and where it leads."""
    tree = html5lib.parse(page.text, namespaceHTMLElements=False)
    return {
        "".join(head.itertext()): (head.get("aria-sort", ""), head.find("a").get("href"))
        for head in tree.iter("th")
        if head.find("a") is not None and head.find("a").get("class") == "sort"
    }


@pytest.fixture
def bots(cast):
    """Three, of which the second has all messages."""
    made = [make_bot(cast.workspace, name=name) for name in ("beta", "Alpha", "gamma")]
    fill(cast.workspace, [made[1]], 4, days=1)
    return made


def test_bots_sort_by_name_in_both_ways_and_say_so(bots, signed_in):
    owner = signed_in("owner")
    assert names(owner.get("/w/acme/bots")) == ["beta", "Alpha", "gamma"]
    first = owner.get("/w/acme/bots?sort=name")
    assert names(first) == ["Alpha", "beta", "gamma"]
    assert heads(first)["Bot"] == ("ascending", "/w/acme/bots?sort=-name")
    back = owner.get(heads(first)["Bot"][1])
    assert names(back) == ["gamma", "beta", "Alpha"]
    assert heads(back)["Bot"][0] == "descending"
    assert {said for said, _ in heads(back).values()} == {"descending", ""}


def test_numbers_and_times_show_the_greatest_first_and_what_is_not_known_last(bots, signed_in):
    owner = signed_in("owner")
    for column in ("Messages this month", "Last message"):
        url = heads(owner.get("/w/acme/bots"))[column][1]
        assert names(owner.get(url))[0] == "Alpha"
    assert names(owner.get("/w/acme/bots?sort=last"))[0] == "Alpha"


@pytest.mark.parametrize("sort", ["id", "-password", "name desc", "--name", "%00", "x" * 500, "1"])
def test_an_order_that_is_none_is_the_usual_one(bots, cast, signed_in, sort):
    owner = signed_in("owner")
    for path in SORTED:
        page = owner.get(f"/w/acme{path}?sort={sort}")
        assert page.status_code == 200
        assert names(page) == names(owner.get(f"/w/acme{path}"))


def test_tokens_that_work_come_first_until_somebody_sorts(app, cast, signed_in):
    for name in ("Zed", "Anna's agent"):
        tokens.create(cast.workspace, cast.owner, name, None, OWNER, app.config["SECRET_KEY"])
    end = clock.now() + timedelta(days=3)
    old, _ = tokens.create(cast.workspace, cast.owner, "Mid", end, OWNER, app.config["SECRET_KEY"])
    tokens.revoke(old, OWNER)
    owner = signed_in("owner")
    assert names(owner.get("/w/acme/gateway/tokens"))[-1] == "Mid"
    assert names(owner.get("/w/acme/gateway/tokens?sort=name")) == ["Anna's agent", "Mid", "Zed"]
    assert names(owner.get("/w/acme/gateway/tokens?sort=expires"))[0] == "Mid"


@pytest.fixture
def taught(cast, bots):
    for bot, title in ((bots[0], "Prices"), (bots[1], "Shipping"), (bots[1], "a note")):
        sources.add_text(cast.workspace, bot.id, title, "words " * len(title), OWNER)
    make_bot(cast.elsewhere, name="Theirs")
    with transaction() as current:
        source = current.query(Source).filter_by(title="Prices").one()
        source.status, source.chunks = FAILED, 9
    return bots


@on_both_databases
def test_the_knowledge_of_all_bots_sorts_and_filters_together(taught, signed_in):
    owner = signed_in("owner")

    def listed(query):
        return names(owner.get(f"/w/acme/knowledge?{query}"))

    assert listed("") == ["a note", "Shipping", "Prices"]
    assert listed("sort=title") == ["a note", "Prices", "Shipping"]
    assert listed("sort=-chunks")[0] == "Prices"
    assert listed("sort=-size")[0] == "Shipping"
    assert listed("state=failed") == ["Prices"]
    assert listed(f"bot={taught[1].id}&sort=-title") == ["Shipping", "a note"]
    assert listed("q=PRI") == ["Prices"]
    assert listed("q=%25") == []


def test_a_filter_keeps_the_order_and_an_order_the_filter(taught, signed_in):
    page = signed_in("owner").get("/w/acme/knowledge?q=s&state=reading&sort=-title")
    assert names(page) == ["Shipping"]
    assert heads(page)["Chunks"][1] == "/w/acme/knowledge?q=s&state=reading&sort=-chunks"
    kept = re.search(
        r'<input type="hidden" form="source-filter" name="sort" value="-title">', page.text
    )
    assert kept


def test_pages_of_a_list_keep_its_order(cast, signed_in):
    bot = make_bot(cast.workspace)
    with transaction() as current:
        current.add_all(
            Source(
                workspace_id=cast.workspace.id, bot_id=bot.id, kind="text", title=f"T{n:03}",
                status="ready", added_by="Owner",
            )
            for n in range(60)
        )  # fmt: skip
    owner = signed_in("owner")
    first = owner.get("/w/acme/knowledge?sort=-title")
    (more,) = re.findall(r'rel="next" href="([^"]+)"', first.text)
    second = owner.get(more.replace("&amp;", "&"))
    assert names(first) + names(second) == [f"T{n:03}" for n in reversed(range(60))]
    assert 'rel="next"' not in second.text
    assert session().query(Source).count() == 60


def test_the_list_of_a_bot_looks_again_in_its_order(taught, signed_in):
    bot = taught[1]
    page = signed_in("owner").get(f"/w/acme/bots/{bot.id}/knowledge?sort=title")
    assert names(page) == ["a note", "Shipping"]
    assert f"/w/acme/bots/{bot.id}/knowledge/sources?sort=title" in page.text
    piece = signed_in("owner").get(
        f"/w/acme/bots/{bot.id}/knowledge/sources?sort=-title", htmx=True
    )
    assert names(piece) == ["Shipping", "a note"]


@on_both_databases
def test_requests_sort_by_what_they_took_and_cost_among_the_newest(
    app, cast, signed_in, monkeypatch
):
    with transaction() as current:
        current.add_all(
            GatewayRequest(
                workspace_id=cast.workspace.id, route="chat", model_asked=name, status=200, latency_ms=took,
                cost_microusd=cost, tokens_in=tokens_in, at=clock.now() - timedelta(minutes=ago),
            )
            for name, took, cost, tokens_in, ago in (
                ("slow", 900, None, 5, 1), ("dear", 10, 50, None, 2), ("long", 20, 7, 90, 3),
            )
        )  # fmt: skip
    owner = signed_in("owner")

    def listed(sort):
        return names(owner.get(f"/w/acme/gateway/requests?sort={sort}"))

    assert listed("") == ["slow", "dear", "long"]
    assert listed("at") == ["long", "dear", "slow"]
    assert listed("-took")[0] == "slow"
    assert listed("-estimate") == ["dear", "long", "slow"]
    assert listed("estimate") == ["long", "dear", "slow"]
    assert listed("-tokens") == ["long", "slow", "dear"]
    assert listed("model") == ["dear", "long", "slow"]
    monkeypatch.setattr(log_search, "AMONG", 2)
    assert listed("-tokens") == ["slow", "dear"]


def test_the_audit_log_is_read_from_its_beginning_page_by_page(app, cast, signed_in, monkeypatch):
    monkeypatch.setattr(audit_log, "PAGE", 3)
    for number in range(5):
        make_bot(cast.workspace, name=f"Bot {number}")
    owner, url, names = signed_in("owner"), "/w/acme/audit-log?kind=bot&sort=at", []
    while url:
        page = owner.get(url)
        names += re.findall(r"created the bot (Bot \d)", page.text)
        more = re.findall(r'rel="next" href="([^"]+)"', page.text)
        url = more[0].replace("&amp;", "&") if more else ""
    assert names == [f"Bot {number}" for number in range(5)]
    assert ">Oldest</a>" in page.text


def test_conversations_are_read_from_the_oldest_page_by_page(cast, signed_in):
    fill(cast.workspace, [make_bot(cast.workspace)], 40)
    owner = signed_in("owner")
    newest = owner.get("/w/acme/conversations")
    url, links = heads(newest)["Last message"][1], []
    assert url == "/w/acme/conversations?sort=last"
    while url:
        page = owner.get(url)
        links += re.findall(r'class="row-link" href="([^"]+)"', page.text)
        more = re.findall(r'rel="next" href="([^"]+)"', page.text)
        url = more[0].replace("&amp;", "&") if more else ""
    assert len(links) == len(set(links)) == 40
    assert links[::-1][:30] == re.findall(r'class="row-link" href="([^"]+)"', newest.text)


def test_people_sort_by_what_they_may_do_and_when_they_were_seen(cast, signed_in):
    owner, member = signed_in("owner"), signed_in("member")

    def listed(browser, sort):
        page = browser.get(f"/w/acme/people?sort={sort}")
        return re.findall(r'<p class="fine soft">(\w+)@example.com', page.text)

    assert listed(owner, "") == ["admin", "billing", "member", "owner"]
    assert listed(owner, "role") == ["owner", "billing", "admin", "member"]
    assert set(listed(member, "-seen")[:2]) == {"owner", "member"}


def test_models_sort_by_price_and_context(cast, signed_in):
    owner = signed_in("owner")
    for sort, value in (("price", "price_out_microusd_per_mtok"), ("-context", "context_tokens")):
        page = owner.get(f"/w/acme/gateway/models?sort={sort}&provider=anthropic")
        listed = [by_name(name) for name in names(page)]
        amounts = [getattr(model, value) for model in listed]
        assert amounts == sorted(amounts, reverse=sort.startswith("-"))
        assert len(set(amounts)) > 1


def by_name(name):
    return next(model for model in catalogue.models() if model.name == name)
