"""What needs an act: all of it on Home, the worst two on every other page, gone when it is mended."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import event, update

from core import clock
from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.models import QuotaPeriod
from core.db import session, transaction
from core.keys import store
from core.keys.models import ProviderKey
from core.providers import catalogue
from tests.bot_client import make_bot, make_key
from tests.people import INSIDERS
from tests.routes import routes, set_stage
from web.console import attention

RETIRES_ON = catalogue.model("openai:gpt-5").retires_on
BANNER = re.compile(r'<div class="banner" data-kind="(\w+)">.*?<p>(.*?)</p>', re.DOTALL)
NOTICE = re.compile(r'<div class="notice" data-kind="(\w+)">.*?<p>(.*?)(?: <a|</p>)', re.DOTALL)


@pytest.fixture(autouse=True)
def long_before_any_retirement(app, shift_clock):
    at(shift_clock, RETIRES_ON - timedelta(days=45))


def at(shift_clock, day: date) -> None:
    shift_clock(timedelta())
    shift_clock(timedelta(days=(day - clock.today()).days))


def break_key(workspace, provider="anthropic", reason="rejected") -> None:
    values = {"status": "invalid" if reason else "valid", "reason": reason}
    with transaction() as current:
        of_this = (ProviderKey.workspace_id == workspace.id, ProviderKey.provider == provider)
        current.execute(update(ProviderKey).where(*of_this).values(**values))


def use(workspace, count: int) -> None:
    period = clock.period_of(clock.now())
    with transaction() as current:
        current.merge(QuotaPeriod(workspace_id=workspace.id, period=period, used=count))


def banners(browser, path="/bots") -> list[tuple[str, str]]:
    return BANNER.findall(browser.get(f"/w/acme{path}").text)


def at_home(browser) -> list[tuple[str, str]]:
    return NOTICE.findall(browser.get("/w/acme").text)


def texts(found) -> str:
    return " | ".join(text for _, text in found)


@pytest.mark.parametrize("who", INSIDERS)
def test_a_broken_key_is_told_on_every_page_until_it_is_mended(app, cast, signed_in, who):
    make_key(cast.workspace)
    make_bot(cast.workspace, "claude-haiku-4-5")
    browser = signed_in(who)
    assert banners(browser) == at_home(browser) == []
    break_key(cast.workspace)
    for path in ("/bots", "/provider-keys", "/settings", "/plan", "/conversations", "/people"):
        ((kind, text),) = banners(browser, path)
        assert (kind, "Anthropic rejected this key" in text) == ("bad", True), path
        assert "Until then Support can’t answer." in text
    assert banners(browser, "") == []
    assert "Until then Support can’t answer." in texts(at_home(browser))
    break_key(cast.workspace, reason="")
    assert banners(browser) == at_home(browser) == []


def test_a_banner_leads_to_its_fix(cast, signed_in):
    make_key(cast.workspace)
    break_key(cast.workspace)
    use(cast.workspace, 4_000)
    page = signed_in("owner").get("/w/acme/bots").text.partition('class="banners"')[2]
    page = page.partition("</section>")[0]
    assert re.findall(r'<a href="([^"]+)"', page) == ["/w/acme/provider-keys", "/w/acme/plan"]


def test_on_the_page_of_its_fix_a_banner_leads_nowhere(cast, signed_in):
    make_key(cast.workspace)
    break_key(cast.workspace)
    use(cast.workspace, 4_000)
    page = signed_in("owner").get("/w/acme/plan").text.partition('class="banners"')[2]
    page = page.partition("</section>")[0]
    assert "Anthropic rejected this key" in page
    assert "80% of this month" in page
    assert re.findall(r'<a href="([^"]+)"', page) == ["/w/acme/provider-keys"]


@pytest.mark.parametrize(
    ("used", "kind", "message"),
    [
        (3_999, "", ""),
        (4_000, "warning", "80% of this month’s messages are used; 1,000 are left"),
        (4_999, "warning", "99% of this month’s messages are used; 1 is left"),
        (5_000, "bad", "100% of this month’s messages are used; 0 are left"),
    ],
)
def test_the_quota_is_told_at_80_and_at_100_percent(cast, signed_in, used, kind, message):
    use(cast.workspace, used)
    for found in (banners(signed_in("member")), at_home(signed_in("member"))):
        assert [shown for shown, _ in found] == ([kind] if kind else [])
        assert message in texts(found)


def test_a_larger_plan_takes_the_quotas_banner_away(cast, signed_in):
    use(cast.workspace, 5_000)
    workspaces.set_plan(cast.workspace, "scale", OPERATOR)
    assert banners(signed_in("owner")) == []


def test_bots_that_the_plan_blocks_are_told_together(cast, signed_in):
    workspaces.set_plan(cast.workspace, "scale", OPERATOR)
    make_key(cast.workspace)
    for name in ("Support", "Sales", "Off"):
        bot = make_bot(cast.workspace, "claude-sonnet-4-6", name=name)
    bots.set_enabled(bot, False, OPERATOR)
    owner = signed_in("owner")
    assert banners(owner) == []
    workspaces.set_plan(cast.workspace, "pro", OPERATOR)
    ((kind, text),) = banners(owner)
    assert kind == "bad"
    assert text.startswith(
        "Support and Sales: Claude Sonnet 4.6 isn’t included in this workspace’s plan."
    )


def test_a_bot_without_its_key_is_told_and_a_broken_key_speaks_for_all_its_bots(cast, signed_in):
    make_bot(cast.workspace, "claude-haiku-4-5")
    owner = signed_in("owner")
    assert "Support: This workspace has no Anthropic key." in texts(banners(owner))
    make_key(cast.workspace)
    assert banners(owner) == []
    store.set_enabled(store.get(cast.workspace.id, "anthropic"), False, OPERATOR)
    assert "Support: The Anthropic key is disabled." in texts(banners(owner))
    store.set_enabled(store.get(cast.workspace.id, "anthropic"), True, OPERATOR)
    for reason in ("rejected", "no_credit", "no_permission", "unreadable"):
        break_key(cast.workspace, reason=reason)
        assert "Anthropic" in texts(banners(owner))
        assert len(banners(owner)) == len(at_home(owner)) == 1


@pytest.mark.parametrize(
    ("days_before", "kind", "message", "mark"),
    [
        (31, "", "", "Retires on 11 Dec 2026"),
        (30, "warning", "OpenAI retires GPT-5 Mini on 11 Dec 2026.", "Retires on 11 Dec 2026"),
        (1, "warning", "OpenAI retires GPT-5 Mini on 11 Dec 2026.", "Retires on 11 Dec 2026"),
        (0, "bad", "OpenAI retired GPT-5 Mini on 11 Dec 2026.", "Retired on 11 Dec 2026"),
        (-100, "bad", "OpenAI retired GPT-5 Mini on 11 Dec 2026.", "Retired on 11 Dec 2026"),
    ],
)
def test_a_model_that_retires_is_marked_before_and_after(
    cast, signed_in, shift_clock, days_before, kind, message, mark
):
    at(shift_clock, RETIRES_ON - timedelta(days=days_before))
    make_key(cast.workspace, "openai")
    bot = make_bot(cast.workspace, "gpt-5-mini")
    admin = signed_in("admin")
    for found in (banners(admin), at_home(admin)):
        assert [shown for shown, _ in found] == ([kind] if kind else [])
        assert message in texts(found)
    for path in ("/bots", f"/bots/{bot.id}", f"/bots/{bot.id}/settings", "/bots/new"):
        assert mark in admin.get(f"/w/acme{path}").text.partition("<main")[2], path
    with transaction() as current:
        current.execute(update(bots.Bot).values(model_id="mevichat:mini"))
    assert banners(admin) == []
    assert "Ret" not in admin.get("/w/acme/bots").text.partition("<main")[2]


def test_a_bot_that_is_off_needs_no_act(cast, signed_in, shift_clock):
    at(shift_clock, RETIRES_ON)
    bot = make_bot(cast.workspace, "gpt-5-mini")
    bots.set_enabled(bot, False, OPERATOR)
    assert banners(signed_in("owner")) == []


def everything(workspace) -> None:
    """A spent quota, two broken keys, a bot on a blocked model and one without its key."""
    workspaces.set_plan(workspace, "scale", OPERATOR)
    for provider in ("anthropic", "openai"):
        make_key(workspace, provider)
        break_key(workspace, provider)
    for name, model in (("Deep", "claude-sonnet-4-6"), ("Small", "mini"), ("Quick", "gpt-5-mini")):
        make_bot(workspace, model, name=name)
    workspaces.set_plan(workspace, "pro", OPERATOR)


def test_home_shows_everything_and_other_pages_the_worst_two(cast, signed_in, shift_clock):
    at(shift_clock, RETIRES_ON - timedelta(days=3))
    everything(cast.workspace)
    use(cast.workspace, 4_000)
    owner = signed_in("owner")
    kinds = [kind for kind, _ in at_home(owner)]
    assert "Until then Quick can’t answer." in texts(at_home(owner))
    assert "Until then Deep" not in texts(at_home(owner)), "its plan silences it anyhow"
    assert kinds == ["bad", "bad", "bad", "warning", "warning"]
    assert banners(owner) == at_home(owner)[:2]
    for provider in ("anthropic", "openai"):
        break_key(cast.workspace, provider, reason="")
    assert [kind for kind, _ in banners(owner)] == ["bad", "warning"]


def queries_of(act) -> list[str]:
    made = []

    def note(_connection, _cursor, statement, *_more):
        if statement.startswith("SELECT"):
            made.append(statement)

    engine = session().get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return made


def test_everything_is_found_in_three_queries(app, cast):
    everything(cast.workspace)
    use(cast.workspace, 5_000)
    workspace = workspaces.by_slug("acme")
    session().expunge_all()
    with app.test_request_context():
        assert len(queries_of(lambda: attention.notices(workspace))) == 3


def test_no_query_is_made_where_no_banner_can_stand(app, cast, signed_in):
    """As a piece, as Home, and where nobody is signed in."""
    everything(cast.workspace)
    owner, nobody = signed_in("owner"), app.test_client()
    queries = {
        "page": queries_of(lambda: owner.get("/w/acme/settings")),
        "piece": queries_of(lambda: owner.get("/w/acme/settings", htmx=True)),
    }
    of_bots = {name: sum("FROM bots" in text for text in found) for name, found in queries.items()}
    assert of_bots == {"page": 1, "piece": 0}
    assert len(queries["page"]) - len(queries["piece"]) == 3
    paths = ("/sign-in", "/sign-up", "/w/acme/settings")
    of_nobody = queries_of(lambda: [nobody.get(path) for path in paths])
    assert not any("FROM bots" in text for text in of_nobody)


def test_every_page_of_the_console_stands_with_its_banners(app, cast, signed_in):
    stage, owner = set_stage(app, cast.workspace), signed_in("owner")
    everything(cast.workspace)
    use(cast.workspace, 5_000)
    for route in routes(app):
        if route.method != "GET" or "slug" not in route.arguments or route.endpoint == "home.show":
            continue
        page = owner.get(route.url(stage.values))
        if page.status_code == 200 and "<!doctype" in page.text[:20].lower():
            assert len(BANNER.findall(page.text)) == 2, route.rule
