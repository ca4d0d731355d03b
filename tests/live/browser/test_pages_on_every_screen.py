"""The main pages over a month of sample data: from a phone to a wide screen, in light and dark.

What they look like is kept in `artifacts/`, for people to look at; axe looks at each of them too.
"""

import re
import secrets

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from core.accounts import workspaces
from core.bots import bots
from core.bots.models import ANSWER, Conversation, Message
from core.db import transaction
from core.keys import verdicts
from core.providers.failures import Failure, FailureKind
from tests.bot_client import make_bot, make_key
from tests.live.axe import violations
from tests.live.children import ROOT
from tests.providers import Reply
from tests.routes import routes, set_stage

pytestmark = [pytest.mark.xdist_group("live-2"), pytest.mark.browser]

PICTURES = ROOT / "artifacts"
WIDTHS = {360: 740, 768: 1024, 1440: 900}
NARROWEST = {"width": 320, "height": 640}
"""What WCAG 1.4.10 asks a page to flow into: 1280 px at 400 %."""
THEMES = ("light", "dark")
REFUSED = Failure(FailureKind.rejected, "Incorrect API key provided.", 401)


@pytest.fixture
def sample(live, inside):
    """The seeded workspace, with one good key and one that broke; and how to sign in."""
    output = live.flask("seed", "--email", f"{secrets.token_hex(6)}@example.com")
    email, password = re.findall(r"as (\S+) with the password (\S+)", output)[0]
    workspace = workspaces.by_slug(re.findall(r"/w/(\S+)", output)[0])
    make_key(workspace, "anthropic")
    broken = make_key(workspace, "openai")
    verdicts.record_refusal(broken.id, broken.version, REFUSED, "openai:gpt-5-mini")
    make_bot(
        workspace, "openai:gpt-5-mini", name="Wholesale, for the shops that order by the pallet"
    )
    widen_an_answer(workspace)
    return workspace, email, password


def widen_an_answer(workspace):
    """One that could push a page sideways: code without a place to break."""
    of_the_first = Conversation.bot_id == bots.bots_of(workspace.id)[0].id
    first = (
        select(Conversation.id).where(of_the_first).order_by(Conversation.last_message_at).limit(1)
    )
    answers = update(Message).where(Message.conversation_id == first.scalar_subquery())
    with transaction() as current:
        wide = answers.where(Message.role == ANSWER).values(text=f"```\n{'1234567890' * 20}\n```")
        current.execute(wide, execution_options={"synchronize_session": False})


def main_pages(live, workspace):
    """Their addresses, by the name of the picture."""
    here, bot = f"/w/{workspace.slug}", bots.bots_of(workspace.id)[0]
    query = "SELECT id FROM conversations WHERE bot_id = ? ORDER BY last_message_at LIMIT 1"
    ((conversation,),) = live.rows(query, bot.id)
    return {
        "home": here,
        "bots": f"{here}/bots",
        "bot": f"{here}/bots/{bot.id}",
        "bot-new": f"{here}/bots/new",
        "bot-settings": f"{here}/bots/{bot.id}/settings",
        "bot-trial": f"{here}/bots/{bot.id}/trial",
        "bot-install": f"{here}/bots/{bot.id}/install",
        "bot-look": f"{here}/bots/{bot.id}/look",
        "conversations": f"{here}/conversations",
        "all-knowledge": f"{here}/knowledge",
        "search": f"{here}/search?q=support",
        "conversation": f"{here}/conversations/{conversation}",
        "keys": f"{here}/provider-keys",
        "key-replacement": f"{here}/provider-keys/openai/replacement",
        "plan": f"{here}/plan",
        "balance": f"{here}/balance",
        "plan-downgrade": f"{here}/plan/free",
        "audit-log": f"{here}/audit-log",
        "key-new": f"{here}/provider-keys/new",
        "key-deletion": f"{here}/provider-keys/openai/deletion",
        "people": f"{here}/people",
        "account": "/account",
        "second-factor": "/account/second-factor",
        "usage": f"{here}/usage",
        "gateway-tokens": f"{here}/gateway/tokens",
        "gateway-token-new": f"{here}/gateway/tokens/new",
        "gateway-setup": f"{here}/gateway/setup",
        "gateway-models": f"{here}/gateway/models",
        "gateway-route": f"{here}/gateway/route?model=claude-haiku-4-5",
        "gateway-order": f"{here}/gateway/order",
        "gateway-requests": f"{here}/gateway/requests",
        "gateway-try": f"{here}/gateway/try?model=claude-haiku-4-5",
        "message-quota": f"{here}/message-quota",
        "knowledge": f"{here}/bots/{bot.id}/knowledge",
        "settings": f"{here}/settings",
        "alerts": f"{here}/alerts",
        "chat": f"/chat/{bot.id}",
        "demo": f"/demo/{bot.id}",
        "error": f"{here}/bots/bot_0",
    }


@pytest.mark.timeout(300)
def test_no_page_is_wider_than_its_screen_or_breaks_a_rule_of_accessibility(
    live, sample, windows, provider
):
    workspace, email, password = sample
    PICTURES.mkdir(exist_ok=True)
    page = windows.open(f"{live.url}/sign-in", reduced_motion="reduce")
    photograph(page, "sign-in")
    sign_in(page, email, password)
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    for name, path in main_pages(live, workspace).items():
        page.goto(live.url + path)
        photograph(page, name)
        if name == "gateway-try":
            provider.next(Reply.answer("Two lamps hang in the hall, and one over the table."))
            page.get_by_label("Prompt").fill("How many lamps are there?")
            page.get_by_role("button", name="Send", exact=True).click()
            expect(page.get_by_role("heading", name="Answer")).to_be_visible()
            photograph(page, f"{name}-answered")
    windows.expect_status(404)


@pytest.mark.timeout(300)
def test_every_other_page_of_the_url_map_is_in_order_too(live, inside, sample, provider, windows):
    """Those that ask before they delete, those of one source, token or request, and the like; no pictures."""
    workspace, email, password = sample
    live.stop("jobs")  # it would send the mails that have tokens in them
    values = set_stage(inside, workspace, make_bot(workspace, "anthropic:claude-haiku-4-5")).values
    live.start("jobs")
    page = windows.open(f"{live.url}/sign-in?next=/account", reduced_motion="reduce")
    sign_in(page, email, password)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    seen = set(main_pages(live, workspace).values())
    others = {route.endpoint: route.url(values) for route in routes(inside) if may_be_page(route)}
    is_seen = matching(inside, seen)
    found = [name for name, path in others.items() if name not in is_seen and is_page(page, path)]
    faults = []
    for name in found:
        page.goto(live.url + others[name])
        faults += glance(page, name)
    assert not faults
    assert len(found) > 15


def may_be_page(route):
    return route.method == "GET" and not route.is_api


def matching(inside, paths):
    """The endpoints at these addresses."""
    addresses = inside.url_map.bind("127.0.0.1")
    return {addresses.match(path.partition("?")[0])[0] for path in paths}


def is_page(page, path):
    """Whether it is one: not a redirect, a download, or a piece of a page."""
    answer = page.request.get(f"{origin(page)}{path}", max_redirects=0)
    return answer.status == 200 and "<!doctype html>" in answer.text()[:300]


def origin(page):
    return page.evaluate("location.origin")


def glance(page, name):
    """What is wrong with it on a phone in light, and on a wide screen in dark."""
    faults = []
    for size, theme in ((NARROWEST, "light"), ({"width": 1440, "height": 900}, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme)
        fits(page, name, size["width"])
        faults += [(name, size["width"], fault) for fault in violations(page)]
    return faults


def sign_in(page, email, password):
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def photograph(page, name):
    """One picture for each width and theme; fails where a page would have to be scrolled sideways, or moves."""
    page.set_viewport_size(NARROWEST)
    fits(page, name, NARROWEST["width"])
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        fits(page, name, width)
        for theme in THEMES:
            if (width, theme) == (768, "dark"):
                continue  # between the two others nothing is shown that neither shows
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=PICTURES / f"{name}-{width}-{theme}.png", full_page=True)
            if width != 768:
                broken = violations(page, only_colors=theme == "dark")
                assert not broken, f"{name} at {width}, {theme}"
    moving = page.evaluate(
        "document.getAnimations().filter((a) => a.playState === 'running').length"
    )
    assert not moving, f"{name} moves, although less motion is asked for"


def fits(page, name, width):
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, f"{name} is {overflow} px too wide for {width}"
