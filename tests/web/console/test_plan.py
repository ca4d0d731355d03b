"""The plan's pages: what each plan would mean for this workspace, and the change from one to another."""

import re

import pytest

from core.accounts import audit, workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.models import QuotaPeriod
from core.clock import now, period_of
from core.db import session, transaction
from core.keys import store
from core.plans import PLANS, plans_of
from core.providers import catalogue
from tests.bot_client import make_bot, make_key
from tests.people import INSIDERS
from web.console.plan.effects import Effect, Use, use_of
from web.page_context import listed

URL = "/w/acme/plan"


def use(workspace, count: int) -> None:
    """As if that many messages had been answered this month."""
    period = period_of(now())
    with transaction() as current:
        current.merge(QuotaPeriod(workspace_id=workspace.id, period=period, used=count))


def fresh(workspace):
    session().commit()
    session().expire_all()
    return workspaces.by_slug(workspace.slug)


def on_plan(workspace, plan: str):
    workspaces.set_plan(workspace, plan, OPERATOR)
    return fresh(workspace)


@pytest.fixture
def scaled(cast):
    """On Scale, with a bot on each kind of model and a key."""
    workspace = on_plan(cast.workspace, "scale")
    for name, model in (("Small", "mini"), ("Quick", "claude-haiku-4-5"), ("Deep", "gpt-5")):
        make_bot(workspace, model, name=name)
    make_key(workspace, catalogue.byok_providers()[0].slug)
    return workspace


# What a change would mean


def sentences(workspace, plan: str) -> str:
    return " ".join(Effect(PLANS[plan], use_of(fresh(workspace))).sentences)


def test_a_downgrade_says_what_becomes_of_bots_keys_messages_and_models(scaled):
    use(scaled, 300)
    effects = sentences(scaled, "free")
    assert "Quick and Deep are on models that Free doesn’t include." in effects
    assert (
        "The Anthropic key becomes inactive. It stays encrypted and works again when you upgrade."
        in effects
    )
    assert "This month’s messages are used up immediately: 300 of 250." in effects
    assert (
        "Claude Haiku 4.5, GPT-5 Mini, Claude Sonnet 4.6 and GPT-5 will no longer be available."
        in effects
    )
    effects = sentences(scaled, "pro")
    assert "Deep is on a model that Pro doesn’t include." in effects
    assert "4,700 messages are left" in effects
    assert "key" not in effects


def test_an_upgrade_says_what_it_opens_and_that_keys_come_back(scaled):
    on_plan(scaled, "free")
    effects = sentences(scaled, "pro")
    assert "The Anthropic key works again." in effects
    assert "Claude Haiku 4.5 and GPT-5 Mini will be available for bots." in effects


@pytest.mark.parametrize(("used", "spent"), [(249, False), (250, True), (251, True)])
def test_messages_that_a_smaller_plan_has_not_are_said_to_be_used_up(scaled, used, spent):
    use(scaled, used)
    assert ("used up immediately" in sentences(scaled, "free")) is spent


@pytest.mark.parametrize("was", ["free", "pro", "scale"])
@pytest.mark.parametrize("now_on", ["free", "pro", "scale"])
def test_whether_a_plan_is_less_is_told_by_what_it_allows(was, now_on):
    order = ["free", "pro", "scale"]
    effect = Effect(PLANS[now_on], Use(PLANS[was], [], [], None))
    assert effect.is_less is (order.index(now_on) < order.index(was))


def test_names_are_listed_as_people_say_them():
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        *("", "a", "a and b", "a, b and c")
    ]


# The pages


@pytest.mark.parametrize("who", INSIDERS)
def test_everybody_sees_the_plans_and_those_who_may_change_it_the_way(scaled, signed_in, who):
    page = signed_in(who).get(URL).text
    for plan in plans_of("organization"):
        assert f">{plan.name}</h2>" in page
    for plan in ("free", "pro"):
        assert (f'href="{URL}/{plan}"' in page) is (who in ("owner", "billing"))
    assert f'href="{URL}/scale"' not in page
    assert "Your plan" in page


def test_the_page_says_bot_by_bot_which_plan_has_its_model(scaled, signed_in):
    page = signed_in("owner").get(URL).text
    rows = {row.partition("</a>")[0].rpartition(">")[2]: row for row in page.split("<tr>")[2:]}
    words = {name: re.findall("Allowed|Blocked", row) for name, row in rows.items()}
    assert words == {
        "Small": ["Allowed", "Allowed", "Allowed"],
        "Quick": ["Blocked", "Allowed", "Allowed"],
        "Deep": ["Blocked", "Blocked", "Allowed"],
    }


def test_a_personal_workspace_has_one_plan_and_is_told_so(cast, signed_in):
    owner = signed_in("owner")
    mine = [row.workspace for row in workspaces.memberships_of(cast.owner.id)]
    slug = next(workspace.slug for workspace in mine if workspace.kind == "personal")
    page = owner.get(f"/w/{slug}/plan").text
    assert "A personal workspace has one plan" in page
    assert "Change to" not in page
    for plan in (*PLANS, "gold"):
        status = 303 if plan == "personal" else 404
        assert owner.get(f"/w/{slug}/plan/{plan}").status_code == status
    assert owner.post(f"/w/{slug}/plan/free", {"seen": "personal"}).status_code == 404


@pytest.mark.parametrize("plan", ["personal", "gold", "PRO"])
def test_a_plan_that_is_not_for_this_workspace_is_not_found(cast, signed_in, plan):
    owner = signed_in("owner")
    assert owner.get(f"{URL}/{plan}").status_code == 404
    assert owner.post(f"{URL}/{plan}", {"seen": "pro"}).status_code == 404
    assert fresh(cast.workspace).plan_key == "pro"


def test_the_page_of_the_plan_one_is_on_leads_back(cast, signed_in):
    assert signed_in("owner").get(f"{URL}/pro").location == URL


def test_the_page_of_a_downgrade_lists_every_bot_that_would_fall_silent(scaled, signed_in):
    for number in range(40):
        make_bot(scaled, "gpt-5-mini", name=f"Bot number {number}")
    page = signed_in("billing").get(f"{URL}/free").text
    assert "These 42 bots use models that Free doesn’t include" in page
    assert all(f"Bot number {number}<" in page for number in range(40))
    assert ">Small<" not in page
    assert re.search(r'<input type="checkbox"[^>]* name="to_mini"[^>]* checked', page)
    assert "stop answering: visitors see a neutral message" in page
    assert "becomes inactive" in page


def test_the_page_of_an_upgrade_says_that_no_bot_changes_and_leads_to_them(cast, signed_in):
    bot = make_bot(cast.workspace)
    page = signed_in("owner").get(f"{URL}/scale").text
    assert "Your bots keep their current models." in page
    assert f'href="/w/acme/bots/{bot.id}/settings"' in page
    assert "to_mini" not in page
    assert "/settings" not in signed_in("billing").get(f"{URL}/scale").text.partition("<main")[2]


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("form", "models"),
    [({"to_mini": "yes"}, {"mevichat:mini"}), ({}, {"mevichat:mini", "openai:gpt-5"})],
)
def test_a_downgrade_is_made_with_or_without_the_bots(scaled, signed_in, form, models, htmx):
    on_plan(scaled, "scale")
    billing = signed_in("billing")
    answer = billing.post(f"{URL}/pro", {"seen": "scale", **form}, htmx=htmx)
    assert answer.headers.get("HX-Redirect" if htmx else "Location") == URL
    assert fresh(scaled).plan.name == "Pro"
    changed = {bot.model_id for bot in bots.bots_of(scaled.id) if bot.name != "Quick"}
    assert changed == models
    page_text = billing.get(URL).text
    assert "Acme is on the Pro plan." in page_text
    assert ("Deep now answers with Mevichat Mini." in page_text) is bool(form)
    line = audit.lines_of(scaled.id, action="plan.changed")[0]
    assert (line.actor, line.details) == ("Billing", {"was": "scale", "now": "pro"})


def test_a_bot_that_was_left_behind_says_why_and_answers_again_after_the_upgrade(scaled, signed_in):
    owner = signed_in("owner")
    owner.post(f"{URL}/free", {"seen": "scale"})
    assert "isn’t included in this workspace’s plan" in owner.get("/w/acme/bots").text
    owner.post(f"{URL}/scale", {"seen": "free"})
    assert "isn’t included in this workspace’s plan" not in owner.get("/w/acme/bots").text


def test_a_key_that_was_dormant_is_the_same_after_the_upgrade(scaled, signed_in):
    owner = signed_in("owner")
    sealed = store.keys_of(scaled.id)[0].sealed
    owner.post(f"{URL}/free", {"seen": "scale", "to_mini": "yes"})
    assert "Inactive" in owner.get("/w/acme").text
    owner.post(f"{URL}/scale", {"seen": "free"})
    session().expire_all()
    assert store.keys_of(scaled.id)[0].sealed == sealed
    assert "Inactive" not in owner.get("/w/acme").text


@pytest.mark.parametrize("seen", ["free", "pro", "", "x" * 1000])
def test_who_comes_second_is_told_and_changes_nothing(scaled, signed_in, seen):
    owner = signed_in("owner")
    answer = owner.post(f"{URL}/free", {"seen": seen, "to_mini": "yes"})
    assert answer.location == URL
    assert "Someone else changed the plan. Your change was not saved" in owner.get(URL).text
    assert fresh(scaled).plan.name == "Scale"
    assert {bot.model_id for bot in bots.bots_of(scaled.id)} != {"mevichat:mini"}


@pytest.mark.parametrize("who", ["admin", "member", "stranger"])
def test_others_change_no_plan(scaled, signed_in, who):
    status = 404 if who == "stranger" else 403
    browser = signed_in(who)
    assert browser.get(f"{URL}/free").status_code == status
    assert browser.post(f"{URL}/free", {"seen": "scale"}).status_code == status
    assert fresh(scaled).plan.name == "Scale"
